"""Filters and tags of the house style; every page's template may use them unasked."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import nh3
from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from digest import parties
from digest.archive import published
from digest.errors import Refused
from digest.models import Update
from digest.rendering import colour, markup

register = template.Library()

HOUSE_ACCENT = "#a8321f"

BALANCE = ("accepted", "queued", "deferred", "failed", "excluded", "uncertain")
"""The balance bar's parts in their order, on the pages as in the terminal."""


@register.filter
def number(value: float | None) -> str:
    """12345 as "12,345"; 0.5 as "0.5"; nothing as an en dash."""
    if value is None:
        return "–"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.1f}"
    return f"{int(value):,}"


@register.filter
def percent(part: float, whole: float) -> str:
    """The share as "2.0 %"; of nothing, an en dash. Only none is "0 %" and only all "100 %"."""
    if not whole:
        return "–"
    if part in (0, whole):
        return "100 %" if part else "0 %"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"


@register.filter
def counted(value: int, nouns: str) -> str:
    """``3|counted:"reader,readers"`` is "3 readers"."""
    one, _, many = nouns.partition(",")
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


@register.filter
def moment(value: dt.datetime | None, zone: str = "UTC") -> str | SafeString:
    """A moment as "Sun 17 May 2026, 15:00 London", in a ``time`` element."""
    if value is None:
        return "–"
    local = value.astimezone(_zone(zone))
    return format_html(
        '<time datetime="{}">{} {} {}, {} {}</time>',
        value.isoformat(timespec="seconds"),
        f"{local:%a}",
        local.day,
        f"{local:%b %Y}",
        f"{local:%H:%M}",
        place(zone),
    )


@register.filter
def day(value: dt.datetime | dt.date | None, zone: str = "UTC") -> str | SafeString:
    """A day as "17 May 2026", in a ``time`` element."""
    if value is None:
        return "–"
    local = value.astimezone(_zone(zone)) if isinstance(value, dt.datetime) else value
    return format_html(
        '<time datetime="{}">{} {}</time>', value.isoformat(), local.day, f"{local:%B %Y}"
    )


@register.filter
def distance(value: dt.datetime | None) -> str:
    """How far from now: "in 5 h 19 min", "3 min ago", "now"."""
    if value is None:
        return ""
    seconds = (value - timezone.now()).total_seconds()
    span = _span(abs(seconds))
    if not span:
        return "now"
    return f"in {span}" if seconds > 0 else f"{span} ago"


@register.filter
def ahead(value: dt.datetime | None) -> bool:
    """Whether the moment is still to come."""
    return value is not None and value > timezone.now()


@register.filter
def place(zone: str) -> str:
    """A zone as people call it: "Europe/London" is "London"."""
    return zone.rpartition("/")[2].replace("_", " ")


@register.filter
def clean(html: str) -> SafeString:
    """HTML of a ``Prose``, printed as it is: ``markup`` has sanitised it (nh3)."""
    return mark_safe(html)  # noqa: S308


@register.filter
def sponsored(html: str) -> SafeString:
    """The same of a partner's: its links say that they were paid for."""
    return mark_safe(nh3.clean(html, tags={"p", "br", "a"}, link_rel="sponsored"))  # noqa: S308


@register.filter
def paragraphs(text: str) -> list[str]:
    """The paragraphs of a plain text."""
    return markup.paragraphs(text)


@register.filter
def party_slug(party: str) -> str:
    """What the address of a party's page says."""
    return parties.slug_of(party)


@register.filter
def went_out(update: Update) -> dt.datetime:
    """When an update was to reach its readers."""
    return published.went_out(update)


@register.filter(name="palette")
def accents(accent: str) -> str:
    """A topic's accent as custom properties of CSS; the house's own where it can't be read."""
    try:
        made = colour.palette(accent)
    except Refused:
        made = colour.palette(HOUSE_ACCENT)
    return (
        f"--topic: {made.accent}; --topic-tint: {made.tint}; "
        f"--topic-dark: {made.dark_accent}; --topic-dark-tint: {made.dark_tint}"
    )


@register.filter
def host(url: str) -> str:
    """The host of an address, as a link's text."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


@register.inclusion_tag("parts/balance_bar.html")
def balance_bar(counters: Any) -> dict[str, object]:
    """The house's mark: where each candidate is, and whether the sum holds.

    ``counters``: a mapping or an object with ``candidates`` and the names in BALANCE;
    ``excluded`` may be a mapping of reason to number.
    """
    parts = [{"state": state, "count": _count(counters, state)} for state in BALANCE]
    candidates = _count(counters, "candidates")
    amiss = sum(_count(counters, state) for state in BALANCE) - candidates
    return {
        "parts": parts,
        "candidates": candidates,
        "balanced": amiss == 0,
        "amiss": abs(amiss),
        "direction": "too many" if amiss > 0 else "missing",
    }


def _count(counters: Any, name: str) -> int:
    found = counters[name] if isinstance(counters, Mapping) else getattr(counters, name)
    return sum(found.values()) if isinstance(found, Mapping) else int(found)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _span(seconds: float) -> str:
    minutes = int(seconds // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h" if days < 7 and hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else ""
