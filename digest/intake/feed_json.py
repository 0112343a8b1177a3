"""JSON Feed 1.0 and 1.1 (jsonfeed.org); feedparser knows none."""

import datetime as dt
import json
import re
from typing import Any

from digest.intake.channel import Channel, Entry
from digest.intake.html_markdown import absolute, escaped, markdown, plain
from digest.intake.outcomes import Unfit

_VERSION = re.compile(r"(?:https?://(?:www\.)?jsonfeed\.org/version/)?(1(?:\.\d)?)")


def read_json_feed(data: bytes, base: str) -> Channel:
    """What a JSON Feed says; parts of the wrong kind count as missing.  Raises Unfit."""
    try:
        feed = json.loads(data)  # UTF-8, UTF-16 and UTF-32 alike
    except (ValueError, RecursionError) as problem:
        raise Unfit(f"a broken JSON Feed: {_said(problem)}") from None
    version = _VERSION.fullmatch(_text(feed, "version")) if isinstance(feed, dict) else None
    if not version:
        raise Unfit("no JSON Feed of version 1 or 1.1")
    items = feed.get("items")
    entries = [_entry(one, feed, base) for one in items or [] if isinstance(one, dict)]
    return Channel(
        format=f"JSON Feed {version[1]}",
        title=_line(feed, "title"),
        link=absolute(_text(feed, "home_page_url"), base),
        entries=entries,
        trouble="" if isinstance(items, list) else "no list of items",
    )


def _entry(one: dict[str, Any], feed: dict[str, Any], base: str) -> Entry:
    link = absolute(_text(one, "url") or _text(one, "external_url"), base)
    inner = link or absolute(_text(feed, "home_page_url"), base) or base
    content = _text(one, "content_html")
    written = _text(one, "content_text")
    tags = one.get("tags") if isinstance(one.get("tags"), list) else []
    return Entry(
        id=_id(one),
        link=link,
        title=_line(one, "title"),
        published=_moment(_text(one, "date_published")),
        updated=_moment(_text(one, "date_modified")),
        summary=_line(one, "summary") or (plain(content) if content else " ".join(written.split())),
        body=markdown(content, inner) if content else escaped(written),
        image=absolute(_text(one, "image") or _text(one, "banner_image"), inner),
        tag=next((tag for tag in tags or [] if isinstance(tag, str) and 0 < len(tag) < 60), ""),
    )


def _id(one: dict[str, Any]) -> str:
    """The id as text: a number counts, as the specification wants."""
    known = one.get("id")
    return str(known).strip() if isinstance(known, str | int | float) else ""


def _text(of: dict[str, Any], part: str) -> str:
    value = of.get(part)
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def _line(of: dict[str, Any], part: str) -> str:
    return " ".join(_text(of, part).split())


def _moment(text: str) -> str:
    """A time in UTC; one without an offset counts as UTC, what is no time as missing."""
    try:
        moment = dt.datetime.fromisoformat(text.upper())
    except ValueError:
        return ""
    known = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    try:
        return known.astimezone(dt.UTC).isoformat()
    except OverflowError:
        return ""


def _said(problem: Exception) -> str:
    if isinstance(problem, json.JSONDecodeError):
        return f"{problem.msg.lower()} in line {problem.lineno}"
    return "nested too deep" if isinstance(problem, RecursionError) else "no JSON"
