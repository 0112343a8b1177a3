"""What went by which route, counted as it is recorded: by day, by mailing, and by second."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.utils import timezone

from workers.ledger import Result
from workers.models import DeliveryState
from workers.routes import health
from workers.routes.models import Route, RouteDay, RouteMoment, RouteShare
from workers.routes.quota import today

_AS = {
    DeliveryState.ACCEPTED: "accepted",
    DeliveryState.DEFERRED: "refused",
    DeliveryState.FAILED: "refused",
    DeliveryState.UNCERTAIN: "uncertain",
}


def count(route: Route, mailing_id: int, results: Sequence[Result]) -> None:
    """Count what this route answered.

    After the ledger's own transaction, not in it: workers would wait for each other's commits at
    these few rows. What a worker that is killed in between had recorded is missing here, and
    nowhere else.
    """
    counted = Counter(_AS[DeliveryState(one.state)] for one in results if one.attempt)
    if not counted:
        return
    now = timezone.now()
    _add(RouteDay.objects, {"route": route, "day": today(route, now)}, counted)
    _add(RouteShare.objects, {"route": route, "mailing_id": mailing_id}, counted)
    second = {"route": route, "second": int(now.timestamp())}
    _add(RouteMoment.objects, second, Counter(messages=counted.total()))
    if counted["accepted"]:
        health.is_well(route)


def _add(table: models.Manager[Any], key: dict[str, Any], counted: Counter[str]) -> None:
    more: dict[str, Any] = {name: F(name) + n for name, n in counted.items()}
    rows = table.filter(**key)
    if rows.update(**more):
        return
    try:
        with transaction.atomic():
            table.create(**key, **counted)
    except IntegrityError:
        rows.update(**more)


def shares(mailing_id: int) -> list[RouteShare]:
    """By which routes a mailing went, those with most of it first."""
    rows = RouteShare.objects.filter(mailing=mailing_id).select_related("route")
    return list(rows.order_by("-accepted", "route_id"))


def speed(route_ids: Sequence[int]) -> dict[int, float]:
    """Messages a second of late, by route: over ten whole seconds, the present one left out."""
    now = int(timezone.now().timestamp())
    rows = (
        RouteMoment.objects.filter(route__in=route_ids, second__gte=now - 10, second__lt=now)
        .values_list("route_id")
        .annotate(n=models.Sum("messages"))
    )
    return {route: n / 10 for route, n in rows}
