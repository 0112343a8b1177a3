"""The staff's list of readers."""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.staff import APPROVERS, Role, role_required
from subscribers import addresses
from subscribers.models import (
    Subscriber,
    SubscriberState,
    Suppression,
)

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


def _matching(query: str) -> Q:
    text = query.replace("\0", "")
    return Q(email__icontains=text) | Q(name__icontains=text)


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
