"""The staff's page of who came and left, and why they left."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.models import Topic
from digest.staff import role_required
from subscribers import growth
from subscribers.growth import Period, Step
from subscribers.pages.people import SEES_PEOPLE

WHY_SINCE = dt.timedelta(days=365)
_WIDTH, _HALF, _GAP = 720, 80, 2
"""Of the chart, in its own units: the line from which bars go up and down is in its middle."""


class Bar(NamedTuple):
    """A period as it is drawn."""

    period: Period
    x: float
    width: float
    up: float
    down: float

    @property
    def top(self) -> float:
        return _HALF - self.up


@require_safe
@role_required(*SEES_PEOPLE)
def page(request: HttpRequest) -> HttpResponse:
    """Came and left by day, week or month; why they left in the last year."""
    asked = request.GET.get("topic", "").replace("\0", "")
    topic = Topic.objects.filter(slug=asked).first()
    now = timezone.now()
    wanted = next((one for one in Step if one == request.GET.get("by")), None)
    step, periods = _periods(topic, wanted, now)
    why = growth.reasons(topic, now - WHY_SINCE)
    total = sum(people for _, people in why)
    shown = {
        "topics": Topic.objects.order_by("name"),
        "topic": topic,
        "steps": list(Step),
        "chosen": wanted,
        "step": step,
        "bars": _bars(periods),
        "newest_first": periods[::-1],
        "since": periods[0].begins,
        "joined": sum(one.joined for one in periods),
        "left": sum(one.left for one in periods),
        "width": _WIDTH,
        "half": _HALF,
        "height": 2 * _HALF,
        "why": [(label, people, round(100 * people / total)) for label, people in why],
        "words": growth.words(topic, now - WHY_SINCE),
    }
    return render(request, "people/growth.html", shown)


def _periods(
    topic: Topic | None, wanted: Step | None, now: dt.datetime
) -> tuple[Step, list[Period]]:
    """By the step that was asked for; else by week, or by month where only that goes back to when
    somebody came or left."""
    if wanted:
        return wanted, growth.growth(topic, wanted, now)
    weeks, months = (growth.growth(topic, step, now) for step in (Step.WEEK, Step.MONTH))
    only_months = _shows(months) and not _shows(weeks)
    return (Step.MONTH, months) if only_months else (Step.WEEK, weeks)


def _shows(periods: Sequence[Period]) -> bool:
    return any(one.joined or one.left for one in periods)


def _bars(periods: Sequence[Period]) -> list[Bar]:
    """Bars of one scale, up for who came and down for who left."""
    most = max(max(one.joined, one.left) for one in periods) or 1
    width = _WIDTH / len(periods)
    unit = (_HALF - 4) / most
    return [
        Bar(one, round(at * width, 2), round(width - _GAP, 2), one.joined * unit, one.left * unit)
        for at, one in enumerate(periods)
    ]
