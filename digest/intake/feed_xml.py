"""RSS of every version, RDF, Atom and CDF, by feedparser; broken ones as far as they go.

Runs in the process that may die (``reading_process.py``): feedparser stalls on some input.
"""

import datetime as dt
import io
import re
import time
from typing import Any

import feedparser  # type: ignore[import-untyped]  # it brings no types

from digest.intake.channel import Channel, Entry
from digest.intake.html_markdown import absolute, escaped, markdown, plain
from digest.intake.limits import BRIEFING, megabytes
from digest.intake.outcomes import Unfit

DEEPEST = 200
"""Elements within elements; an honest feed with whole pages in it has 40."""

MOST_TAGS = 300_000

_ENTITY = re.compile(
    rb"<!ENTITY\s+(?:%\s+)?\S+\s+(?:\"[^\">]*(?:&(?!#)|%)|'[^'>]*(?:&(?!#)|%)|SYSTEM|PUBLIC)",
    re.IGNORECASE,
)
_TAG = re.compile(rb"<(/?)[A-Za-z][^<>]*?(/?)>")
_HIDDEN = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>", re.DOTALL)
_FORMATS = {key: name for key, name in feedparser.api.SUPPORTED_VERSIONS.items() if key}
_TOO_LONG = f"has a text of more than {megabytes(BRIEFING)}"
_HARMLESS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
_PLAIN = {"text/plain", ""}


def read_feed(data: bytes, content_type: str, base: str) -> Channel:
    """What a feed says.  Raises Unfit for what is none, and for what is made to do harm."""
    refuse_bomb(data)
    headers = {"content-type": content_type} if content_type else {}
    parsed = feedparser.parse(
        io.BytesIO(data),  # a text might be taken for the name of a file
        response_headers={**headers, **({"content-location": base} if base else {})},
        sanitize_html=False,  # nothing of it gets past html_markdown
        resolve_relative_uris=False,  # nor without being made absolute there
    )
    trouble = _trouble(parsed)
    if not parsed.get("version") and not parsed.entries and not parsed.feed:
        raise Unfit(f"no feed that can be read: {trouble or 'it has none of a feed’s parts'}")
    return Channel(
        format=_FORMATS.get(parsed.get("version") or "", "a feed of no known version"),
        title=_line(parsed.feed, "title"),
        link=absolute(parsed.feed.get("link") or "", base),
        entries=[_entry(one, base) for one in parsed.entries],
        trouble=trouble,
    )


def refuse_bomb(data: bytes) -> None:
    """Refuse XML that unfolds, reaches out, or nests without end, before a parser sees it."""
    flat = data.replace(b"\0", b"")  # UTF-16 and UTF-32 as ASCII, as far as it matters here
    if _ENTITY.search(flat):
        raise Unfit("declares entities that refer to others or to files: it is not read")
    depth = end = 0
    bare = _HIDDEN.sub(_length_told, flat)
    for number, tag in enumerate(_TAG.finditer(bare)):
        if tag.start() - end > BRIEFING:
            raise Unfit(_TOO_LONG)
        end = tag.end()
        if tag[1]:
            depth = max(0, depth - 1)
        elif not tag[2]:
            depth += 1
        if depth > DEEPEST:
            raise Unfit(f"nested more than {DEEPEST} elements deep")
        if number > MOST_TAGS:
            raise Unfit(f"has more than {MOST_TAGS:,} tags")


def _length_told(hidden: re.Match[bytes]) -> bytes:
    """Nothing, in the place of a comment or CDATA of an honest length."""
    if len(hidden[0]) > BRIEFING:
        raise Unfit(_TOO_LONG)
    return b""


def _trouble(parsed: Any) -> str:
    """What feedparser minds, in words; what it put right is no trouble."""
    problem = parsed.get("bozo_exception") if parsed.bozo else None
    if problem is None or isinstance(problem, _HARMLESS):
        return ""
    if isinstance(problem, feedparser.CharacterEncodingUnknown):
        return "in an encoding that can't be told"
    try:
        return f"broken XML in line {problem.getLineNumber()}: {problem.getMessage()}"
    except AttributeError:
        return f"broken ({type(problem).__name__})"


def _entry(one: Any, base: str) -> Entry:
    base = one.get("title_detail", {}).get("base") or base
    contents = [part for part in one.get("content", []) if part.get("value")]
    summary = one.get("summary_detail") if one.get("summary") else None
    whole = contents[0] if contents else summary or {}
    source = one.get("source") or {}
    image, alt = _image(one, base)
    return Entry(
        id=str(one.get("id") or "").strip(),
        link=absolute(one.get("link") or "", base),
        title=_line(one, "title"),
        published=_moment(one, "published_parsed") or _moment(one, "created_parsed"),
        updated=_moment(one, "updated_parsed"),
        summary=_plain(summary or whole),
        body=_markdown(whole, base),
        source=_line(source, "title"),
        source_link=absolute(source.get("href") or source.get("link") or "", base),
        image=image,
        image_alt=alt,
        tag=_tag(one),
    )


def _line(of: Any, part: str) -> str:
    """A text on one line; of several of the name, the one that feedparser prefers."""
    return _plain({**(of.get(f"{part}_detail") or {}), "value": of.get(part) or ""})


def _plain(detail: Any) -> str:
    value = detail.get("value") or ""
    return " ".join(value.split()) if _is_plain(detail) else plain(value)


def _markdown(detail: Any, base: str) -> str:
    value = detail.get("value") or ""
    if _is_plain(detail):
        return escaped(value)
    return markdown(value, detail.get("base") or base)


def _is_plain(detail: Any) -> bool:
    return (detail.get("type") or "") in _PLAIN


def _moment(one: Any, part: str) -> str:
    """A time as feedparser has it, in UTC; empty where there is none, or none that exists.

    ``in`` and not ``get``: asked for what is missing, feedparser gives another of the times.
    """
    parsed: time.struct_time | None = one[part] if part in one else None  # noqa: SIM401
    try:
        return dt.datetime(*parsed[:6], tzinfo=dt.UTC).isoformat() if parsed else ""
    except ValueError:
        return ""


def _image(one: Any, base: str) -> tuple[str, str]:
    """The picture that an entry names as its own, and what it shows."""
    named = [*one.get("media_thumbnail", []), *one.get("media_content", [])]
    named = [part for part in named if _is_picture(part)]
    enclosed = [part for part in one.get("enclosures", []) if _is_picture(part)]
    for part in [*named, *enclosed]:
        if address := absolute(part.get("url") or part.get("href") or "", base):
            return address, _plain({"value": part.get("title") or "", "type": "text/html"})
    return "", ""


def _is_picture(part: Any) -> bool:
    kind = str(part.get("type") or part.get("medium") or "image")
    return kind.startswith("image")


def _tag(one: Any) -> str:
    tags = [str(tag.get("label") or tag.get("term") or "") for tag in one.get("tags", [])]
    return next((" ".join(tag.split()) for tag in tags if tag.strip() and len(tag) < 60), "")
