"""A route that fails is set aside with a growing wait, and looked at again by itself.

A look connects and signs in, and sends nothing; so no message waits for a server that is gone.
"""

import datetime as dt

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from digest.seldom import Seldom
from workers import mailings
from workers.ledger import LIVE
from workers.models import Mailing
from workers.routes import carriers, choosing
from workers.routes.look import look
from workers.routes.models import Route, RouteMoment
from workers.said import of_nobody
from workers.wakeups import wake

log = structlog.get_logger()

LONGEST = 60
"""Seconds that a route is left alone at most: who mends it need not wait longer."""

LOOKING = dt.timedelta(seconds=90)
"""A look takes no longer; a worker that dies in one keeps nobody else from it."""

KEPT = 5
"""Answers that are kept."""

MOMENTS = 900
"""Seconds for which a route's speed is kept."""


def set_aside(route: Route, trouble: str, asked: float = 0.0) -> None:
    """Leave it alone for a while, for as many seconds as it asked at least.  Of many workers whose
    connections broke, one counts."""
    if not Route.objects.filter(id=route.id, aside_until=None).update(failures=F("failures") + 1):
        return
    _wait(route.id, trouble, asked)
    log.warning("route set aside", route=route.name, trouble=trouble)


def is_well(route: Route) -> None:
    """It took a message."""
    if route.failures or route.trouble:
        Route.objects.filter(id=route.id).update(failures=0, trouble="")
        route.failures, route.trouble = 0, ""


@transaction.atomic
def hear(route_id: int, words: str) -> None:
    """Keep what it said, without anybody's address; the newest first, nothing twice."""
    row = Route.objects.select_for_update(no_key=True).get(id=route_id)
    said = of_nobody(words)[:300]
    before = [one for one in row.heard if one[1] != said]
    row.heard = [[timezone.now().isoformat(timespec="seconds"), said], *before][:KEPT]
    row.save(update_fields=["heard"])


def look_again(route_id: int) -> None:
    """Look at a route that was set aside, if its time has come; whoever claims it does."""
    now = timezone.now()
    due = Route.objects.filter(id=route_id, aside_until__lte=now, removed_at=None)
    if not due.update(aside_until=now + LOOKING):
        return
    seen = look(carriers.relay_of(Route.objects.get(id=route_id)))
    if seen.trouble:
        Route.objects.filter(id=route_id).update(failures=F("failures") + 1)
        _wait(route_id, seen.trouble)
        return
    hear(route_id, seen.told)
    Route.objects.filter(id=route_id).update(aside_until=None, trouble="")


def keep_watch() -> None:
    """Of the tick: wake whoever looks at what was set aside, and say why mailings wait."""
    now = timezone.now()
    due = Route.objects.filter(aside_until__lte=now, removed_at=None)
    for route_id in due.values_list("id", flat=True):
        wake("look_at_route", route_id)
    if not now.second:  # once a minute: the tick comes once in each second
        RouteMoment.objects.filter(second__lt=now.timestamp() - MOMENTS).delete()
    tell_waiting()


def tell_waiting() -> None:
    """Keep with each mailing that no route can take now why it waits."""
    if not _WAITING.any():
        return
    found = choosing.ways()
    unserved = _waiting().exclude(choosing.servable(choosing.usable(found), prefix=""))
    for mailing in unserved.only("id", "why", "tries", "kind", "topic_id")[:100]:
        if not mailing.tries:  # else its last failure is what to say
            mailings.tell(mailing, choosing.why(found, mailing.kind, mailing.topic_id))


def _waiting() -> QuerySet[Mailing]:
    return Mailing.objects.filter(state__in=LIVE, queued__gt=0)


_WAITING = Seldom(_waiting)


def _wait(route_id: int, trouble: str, asked: float = 0.0) -> None:
    """Set it aside for the longer, the oftener it failed since it last took a message."""
    failures = Route.objects.values_list("failures", flat=True).get(id=route_id)
    wait = max(asked, min(LONGEST, 2 ** min(failures, 10)))
    Route.objects.filter(id=route_id).update(
        aside_until=timezone.now() + dt.timedelta(seconds=wait), trouble=of_nobody(trouble)[:1000]
    )
    hear(route_id, trouble)
