"""The staff's list of readers, and their segments."""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.errors import Refused
from digest.models import Topic
from digest.staff import APPROVERS, WRITERS, Role, role_required
from subscribers import addresses, segments
from subscribers.models import (
    Segment,
    Subscriber,
    SubscriberState,
    Suppression,
)
from subscribers.selection import selected

PAGE = 50
Row = TypeVar("Row", bound=Model)
SEES_PEOPLE = (Role.OPS, *APPROVERS)
"""Who may look at readers, and act on one who asks by phone or mail."""


@require_safe
@role_required(*SEES_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, newest first; a search looks into addresses and names."""
    query = request.GET.get("q", "").strip()[: addresses.LONGEST]
    everybody = Subscriber.objects.filter(state=SubscriberState.ACTIVE)
    found = everybody.filter(_matching(query)) if query else everybody
    page, more = page_of(request, found.prefetch_related("subscriptions__topic", "tags"))
    suppressed = _suppressed(page)
    now = timezone.now()
    rows = [
        {
            "person": person,
            "topics": [(one.topic, one.stands(now)) for one in person.subscriptions.all()],
            "suppressed": suppressed.get(person.email_hash),
        }
        for person in page
    ]
    shown = {"rows": rows, "q": query, "more": more, "total": everybody.count()}
    return render(request, "people/people.html", shown)


@require_safe
@role_required(*SEES_PEOPLE)
def segment_list(request: HttpRequest) -> HttpResponse:
    """The segments, their rules, and how many people each one selects now."""
    rows = [
        (one, json.dumps(one.rule, ensure_ascii=False), _count(segments.people, one))
        for one in Segment.objects.all()
    ]
    return render(request, "people/segments.html", {"rows": rows})


@require_safe
@role_required(*WRITERS)
def segment_choices(request: HttpRequest) -> HttpResponse:
    """A fragment for the approval form: a box for each segment, with whom it reaches."""
    topic = get_object_or_404(Topic, slug=request.GET.get("topic", "").replace("\0", ""))
    rows = [
        (one, _count(lambda rule: selected(topic, [rule]), one)) for one in Segment.objects.all()
    ]
    shown = {"rows": rows, "everybody": selected(topic, []).count()}
    return render(request, "people/choices.html", shown)


def _matching(query: str) -> Q:
    text = query.replace("\0", "")
    return Q(email__icontains=text) | Q(name__icontains=text)


def _count(of: Callable[[Any], QuerySet[Subscriber]], segment: Segment) -> int | None:
    """How many people a segment selects; None where that depends on the mailing's topic."""
    try:
        return of(segment.rule).count()
    except Refused:
        return None


def _suppressed(page: Iterable[Subscriber]) -> dict[str, str]:
    """Hash → why, of those on the page whose address is suppressed."""
    found = Suppression.objects.filter(email_hash__in=[person.email_hash for person in page])
    return {one.email_hash: one.get_reason_display() for one in found}


def page_of(request: HttpRequest, rows: QuerySet[Row]) -> tuple[list[Row], int | None]:
    """The rows before ``?before=``, newest first, and where the next page begins."""
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    page = list(rows.order_by("-pk")[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None
