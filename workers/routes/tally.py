"""What went by which route, counted as it is recorded: by day, by mailing, and by second."""

import math
import time
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

EVERY = 1.0
"""Seconds between two writes."""

_AS: dict[str, str] = {
    DeliveryState.ACCEPTED: "accepted",
    DeliveryState.DEFERRED: "refused",
    DeliveryState.FAILED: "refused",
    DeliveryState.UNCERTAIN: "uncertain",
}


class Tally:
    """What a route answered to a batch: written at once, and then once a second at most.

    After the ledger's own transaction, not in it: workers would wait for each other's commits at
    these few rows. A worker that is killed takes with it what it had not written here, and nothing
    else.
    """

    def __init__(self, route: Route, mailing_id: int) -> None:
        self._route, self._mailing_id = route, mailing_id
        self._counted: Counter[str] = Counter()
        self._written_at = -math.inf

    def add(self, results: Sequence[Result]) -> None:
        """These were written to the ledger."""
        self._counted.update(_AS[one.state] for one in results if one.attempt)
        if time.monotonic() - self._written_at >= EVERY:
            self.write()

    def write(self) -> None:
        """Count whatever is not counted yet."""
        if not self._counted:
            return
        counted, route, now = self._counted, self._route, timezone.now()
        second = {"route": route, "second": int(now.timestamp())}
        with transaction.atomic():  # one commit for the three
            _add(RouteDay.objects, {"route": route, "day": today(route, now)}, counted)
            _add(RouteShare.objects, {"route": route, "mailing_id": self._mailing_id}, counted)
            _add(RouteMoment.objects, second, Counter(messages=counted.total()))
        self._counted, self._written_at = Counter(), time.monotonic()
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
