"""Filters of the queue's pages."""

import datetime as dt
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from workers.brake import judging
from workers.brake.look import look
from workers.brake.verdict import in_a_word, percent
from workers.feedback import returns
from workers.models import Mailing
from workers.queue.cards import ENDED
from workers.queue.clock import clock as in_words

register = template.Library()


@register.filter
def clock(value: dt.datetime | None, zone: str = "UTC") -> str | SafeString:
    """A time of today as "15:09 London", of another day with it, in a ``time`` element."""
    if value is None:
        return "–"
    words = in_words(value, zone, timezone.now())
    return format_html('<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), words)


@register.filter
def millionths(value: int) -> str:
    """A share in a million as "6.2 %"."""
    return percent(value)


@register.inclusion_tag("queue/brake/section.html", takes_context=True)
def brake(context: dict[str, Any], mailing: Mailing) -> dict[str, Any]:
    """What the brake makes of a mailing."""
    found = look(mailing)
    held, ended = judging.is_held(mailing), mailing.state in ENDED
    tone, word = in_a_word(found.verdict.level, held=held, ended=ended)
    (_, bounces), (_, complaints) = settings.BRAKE
    least = {"bounces": bounces, "complaints": complaints}
    return {
        "mailing": mailing,
        "look": found,
        "tone": tone,
        "word": word,
        "least": least,
        "may_act": context["may_act"],
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("queue/came_back.html", takes_context=True)
def came_back(context: dict[str, Any], mailing: Mailing) -> dict[str, Any]:
    """What came back of a mailing, whose page knows who looks at it."""
    found = returns.of(mailing)
    return {
        "mailing": mailing,
        "returns": found,
        "hooked": bool(settings.HOOKS or settings.INBOUND_URL),
        "suppressed": returns.suppressed(mailing) if found.bounced or mailing.failed else 0,
        "may_act": context["may_act"],
        "csrf_token": context.get("csrf_token"),
    }
