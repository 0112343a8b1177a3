"""For whoever approves: how many people an update would reach, how many are in several of the
segments, and when the last of them has it."""

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.http import require_safe

from digest.desk import approving
from digest.desk.posts import open_draft
from digest.errors import Refused
from digest.models import Topic
from digest.staff import WRITERS, role_required
from subscribers import glance, planner, saved_segments, suppression
from subscribers.glance import Glance
from subscribers.models import Segment
from subscribers.selection import selected

COMPARED = 4
"""Segments of which each two are held against each other; six pairs."""


@dataclass(frozen=True)
class Course:
    """When it sets out, how fast it goes, when it is done; without a rate as fast as it can."""

    begins: dt.datetime
    rate: float | None
    ends: dt.datetime | None


@require_safe
@role_required(*WRITERS)
def reach(request: HttpRequest) -> HttpResponse:
    """A fragment for the approval form, of what is ticked and typed; at once, then exactly."""
    topic = get_object_or_404(Topic, slug=request.GET.get("topic", "").replace("\0", ""))
    try:
        chosen = [saved_segments.named(name) for name in approving.segments(request.GET)]
        total = _total(topic, [one.rule for one in chosen], exact="exact" in request.GET)
        course = _course(request, topic, total["people"])
    except Refused as problem:
        return render(request, "people/reach.html", {"problem": str(problem)})
    page = {
        "topic": topic,
        "chosen": chosen,
        "total": total,
        "pairs": list(_pairs(topic, chosen)),
        "course": course,
    }
    return render(request, "people/reach.html", page)


def _total(topic: Topic, rules: list[Any], *, exact: bool) -> dict[str, Any]:
    """The distinct people; exactly, and how many are stopped, where they are few or asked for."""
    people = selected(topic, rules)
    about = glance.among(people)
    if not about.is_exact and not exact:
        return {"about": about, "people": about.count}
    with planner.counting():
        return people.aggregate(people=Count("pk"), stopped=Count("pk", filter=suppression.stops()))


def _pairs(topic: Topic, chosen: list[Segment]) -> list[tuple[Segment, Segment, Glance]]:
    """Of each two of the first few: how many people are in both."""
    found = []
    for one, other in itertools.combinations(chosen[:COMPARED], 2):
        both = glance.among(selected(topic, [{"all": [one.rule, other.rule]}]))
        found.append((one, other, both))
    return found


def _course(request: HttpRequest, topic: Topic, people: int) -> Course:
    update = open_draft(topic)
    begins = approving.due(request.GET, topic, update) if update else timezone.now()
    rate = import_string(settings.RATE_ASKED)(approving.rate(request.GET), topic.pk)
    ends = begins + dt.timedelta(seconds=people / rate) if rate else None
    return Course(begins, rate, ends)
