"""Filters of the queue's pages."""

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workers.queue.clock import clock as in_words

register = template.Library()


@register.filter
def clock(value: dt.datetime | None, zone: str = "UTC") -> str | SafeString:
    """A time of today as "15:09 London", of another day with it, in a ``time`` element."""
    if value is None:
        return "–"
    words = in_words(value, zone, timezone.now())
    return format_html('<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), words)
