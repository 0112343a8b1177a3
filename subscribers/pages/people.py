"""The staff's list of readers: searched, sifted, and a page at a time."""

from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Reverse, Upper
from django.db.models.lookups import StartsWith
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.errors import Refused
from digest.models import Topic
from digest.staff import APPROVERS, WRITERS, Role, role_required
from subscribers import addresses, planner, segments, suppression
from subscribers.models import Segment, Subscriber, SubscriberState, SubscriptionState

PAGE = 50
MANY = 1000
"""What a search finds by an index at most."""

Row = TypeVar("Row", bound=Model)
SEES_PEOPLE = (Role.OPS, *WRITERS)
"""Who may look at readers."""

ACTS_FOR_PEOPLE = (Role.OPS, *APPROVERS)
"""Who may act on one who asks by phone or mail."""

_SIFTED_BY = ("topic", "state", "tag", "segment")


@require_safe
@role_required(*SEES_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, newest first; sifted by what the form says."""
    asked = {key: _said(request, key) for key in ("q", "inside", *_SIFTED_BY)}
    everybody = Subscriber.objects.filter(state=SubscriberState.ACTIVE)
    try:
        found, problem = _sifted(everybody, asked), ""
    except Refused as refused:
        found, problem = everybody.none(), str(refused)
    page, more = page_of(request, found.prefetch_related("subscriptions__topic", "tags"))
    kept = {key: value for key, value in asked.items() if value}
    shown = {
        **asked,
        "problem": problem,
        "rows": _rows(page),
        "more": more,
        "older": urlencode(kept | {"before": more}) if more else "",
        "within": urlencode(kept | {"inside": "1"}) if asked["q"] and not asked["inside"] else "",
        "is_sifted": bool(kept),
        "total": everybody.count(),
        "topics": Topic.objects.order_by("name"),
        "states": SubscriptionState.choices,
        "segments": Segment.objects.all(),
    }
    return render(request, "people/people.html", shown)


def _said(request: HttpRequest, key: str) -> str:
    return request.GET.get(key, "").replace("\0", "").strip()[: addresses.LONGEST]


def _rows(page: Iterable[Subscriber]) -> list[dict[str, Any]]:
    now = timezone.now()
    barred = suppression.suppressed([person.email for person in page if person.email])
    return [
        {
            "person": person,
            "topics": [(one.topic, one.stands(now)) for one in person.subscriptions.all()],
            "suppressed": barred[person.email].label if person.email in barred else "",
        }
        for person in page
    ]


def _sifted(people: QuerySet[Subscriber], asked: dict[str, str]) -> QuerySet[Subscriber]:
    """Those of them whom the form means. Raises Refused for what a rule can't ask."""
    if asked["q"]:
        people = people.filter((_inside if asked["inside"] else matching)(asked["q"]))
    topic = Topic.objects.filter(slug=asked["topic"]).first() if asked["topic"] else None
    if topic:
        status = {"is": asked["state"]} if asked["state"] else {"exists": True}
        people = people.filter(segments.compiled({"field": "status", **status}, topic))
    elif asked["state"]:
        people = people.filter(subscriptions__state=asked["state"]).distinct()
    if asked["tag"]:
        people = people.filter(segments.compiled({"field": "tag", "is": asked["tag"]}))
    if segment := Segment.objects.filter(name=asked["segment"]).first():
        people = people.filter(segments.compiled(segment.rule, topic))
    return people


def matching(query: str) -> Q:
    """Those whose address or name begins or ends like this.

    Each way is asked for by itself, since PostgreSQL has an index for each. Where one of them finds
    many, people are read from the newest on instead, and a page of them is soon full.
    """
    email, name = query.lower(), query.upper()
    ways = [
        Q(email__startswith=email),
        Q(StartsWith(Reverse(F("email")), email[::-1])),
        Q(StartsWith(Upper(F("name")), name)),
        Q(StartsWith(Reverse(Upper(F("name"))), name[::-1])),
    ]
    found: set[int] = set()
    with planner.seeking():
        for way in ways:
            ids = Subscriber.objects.filter(way).values_list("id", flat=True)[: MANY + 1]
            found.update(ids)
            if len(found) > MANY:
                return Q(*ways, _connector=Q.OR)
    return Q(id__in=found)


def _inside(query: str) -> Q:
    """Those in whose address or name this stands anywhere; row by row."""
    return Q(email__contains=query.lower()) | Q(name__icontains=query)


def page_of(request: HttpRequest, rows: QuerySet[Row]) -> tuple[list[Row], int | None]:
    """The rows before ``?before=``, newest first, and where the next page begins."""
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    page = list(rows.order_by("-pk")[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None
