"""Tags that speak the page's language: ``lang`` in the context, English where it isn't there.

Messages are ours, HTML and all; the values put into them are escaped. ``scripts/catalogues.py``
finds them in the templates, so a message stands there as a literal.
"""

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
from babel.numbers import format_decimal
from django import template
from django.template.context import Context
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from digest.models import Topic
from digest.rendering import language

register = template.Library()


@register.simple_tag(takes_context=True)
def say(context: Context, message: str, **values: object) -> SafeString:
    """``{% say "Leave %(topic)s?" topic=topic.name %}``"""
    return _filled(language.words(_lang(context)).gettext(message), values)


@register.simple_tag(takes_context=True)
def say_n(context: Context, one: str, many: str, num: int, **values: object) -> SafeString:
    """``{% say_n "%(num)s min" "%(num)s min" issue.reading_minutes %}``"""
    said = language.words(_lang(context)).ngettext(one, many, num)
    return _filled(said, {"num": format_decimal(num, locale=_locale(context)), **values})


@register.simple_tag(takes_context=True)
def direction(context: Context) -> str:
    """How the page is written: ``ltr`` or ``rtl``."""
    return language.direction(_lang(context))


@register.simple_tag(takes_context=True)
def day(context: Context, value: dt.datetime | dt.date, zone: str = "UTC") -> SafeString:
    """A day as "17 May 2026", in a ``time`` element."""
    local = value.astimezone(_zone(zone)) if isinstance(value, dt.datetime) else value
    said = format_date(local, "long", locale=_locale(context))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), said)


@register.simple_tag(takes_context=True)
def moment(context: Context, value: dt.datetime, zone: str = "UTC") -> SafeString:
    """A moment as "Sun, 17 May 2026, 15:00 London", in a ``time`` element."""
    locale, there = _locale(context), _zone(zone)
    local = value.astimezone(there)
    city = get_timezone_location(there, locale=locale, return_city=True)
    time = f"{format_time(local, 'HH:mm', locale=locale)} {city}"
    said = language.joined(format_skeleton("yMMMEd", local, locale=locale), time, _lang(context))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), said)


@register.simple_tag(takes_context=True)
def names(context: Context, topics: Iterable[Topic]) -> SafeString:
    """The topics' names as "A, B and C", each in bold."""
    bold = [format_html("<strong>{}</strong>", topic.name) for topic in topics]
    return mark_safe(language.listed(bold, _lang(context)))  # noqa: S308 - commas and words


def _filled(message: str, values: dict[str, object]) -> SafeString:
    escaped = {
        name: conditional_escape(value if isinstance(value, str) else str(value))
        for name, value in values.items()
    }
    return mark_safe(message % escaped)  # noqa: S308 - messages are ours, values are escaped


def _lang(context: Context) -> str:
    return str(context.get("lang") or "en")


def _locale(context: Context) -> Locale:
    return language.locale(_lang(context))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
