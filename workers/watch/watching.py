"""Looks once a minute for what is wrong, keeps it as alerts, and has them told.

In a thread of each worker and of the schedule, whoever comes first: not by the tick, which needs
broker and worker, so that an alert is told when just these are down. Only a lost database or a
lost machine keep all of them from it; of the first the schedule tells from memory.
"""

import datetime as dt
import threading
from typing import Any

import structlog
from celery.signals import beat_init, worker_ready, worker_shutdown
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from workers.doctor import kept
from workers.wakeups import wake
from workers.watch import telling
from workers.watch.advice import ADVICE
from workers.watch.alert import Alert, AlertKind, Watch
from workers.watch.troubles import FINDERS, Trouble, found

log = structlog.get_logger()

EVERY = dt.timedelta(seconds=60)
STEP = 5.0
"""Seconds between two questions whether it is time."""

CALM = dt.timedelta(minutes=5)
"""Unseen for so long it is over: what comes and goes within that is told once."""

RESTLESS = dt.timedelta(hours=6)
"""What was over less than this ago and is back must be calm for ``CALMER``."""

CALMER = dt.timedelta(minutes=30)

KEPT = dt.timedelta(days=90)

_stop = threading.Event()


# ---- one look --------------------------------------------------------------------------


def look(now: dt.datetime | None = None) -> bool:
    """Look and tell, if it is time and nobody else does; whether it was ours to do."""
    now = now or timezone.now()
    watch, _ = Watch.objects.get_or_create(id=1, defaults={"next_at": now})
    if not Watch.objects.filter(id=1, next_at__lte=now).update(next_at=now + EVERY):
        return False
    seen = _seen(now, watch)
    with transaction.atomic():
        _keep(seen, now)
        Alert.objects.filter(resolved_at__lt=now - KEPT).delete()
    watch.trouble = telling.tell()
    watch.save(update_fields=["moved", "trouble"])
    if kept.is_due(now):
        wake("examine")
    return True


def _seen(now: dt.datetime, watch: Watch) -> dict[AlertKind, list[Trouble]]:
    """What is wrong, by kind; a kind that could not be looked for is not in it."""
    seen = {}
    for kind in FINDERS:
        try:
            seen[kind] = found(kind, now, watch)
        except (DatabaseError, InterfaceError):
            raise
        except Exception:  # the others are to be told all the same
            log.exception("could not look for an alert", kind=kind.value)
    return seen


def _keep(seen: dict[AlertKind, list[Trouble]], now: dt.datetime) -> None:
    still = {(one.kind, one.about): one for one in Alert.objects.filter(resolved_at=None)}
    for kind, troubles in seen.items():
        for trouble in troubles:
            alert = still.pop((kind, trouble.about), None)
            _there(alert or Alert(kind=kind, about=trouble.about, since=now), trouble.words, now)
    for alert in still.values():
        if alert.kind in seen:
            _not_there(alert, now)


def _there(alert: Alert, words: str, now: dt.datetime) -> None:
    alert.words, alert.seen_at = words, now
    if alert.raised_at is None and now - alert.since >= ADVICE[AlertKind(alert.kind)].patience:
        alert.raised_at = now
        log.warning("alert", kind=alert.kind, about=alert.about, words=words)
    alert.save()


def _not_there(alert: Alert, now: dt.datetime) -> None:
    if alert.raised_at is None:
        alert.delete()  # it passed before anybody was told
    elif now - alert.seen_at >= _calm(alert, now):
        alert.resolved_at = now
        alert.save(update_fields=["resolved_at"])
        log.info("alert over", kind=alert.kind, about=alert.about)


def _calm(alert: Alert, now: dt.datetime) -> dt.timedelta:
    lately = Alert.objects.filter(
        kind=alert.kind, about=alert.about, resolved_at__gte=now - RESTLESS
    )
    return CALMER if lately.exists() else CALM


# ---- the database's own ----------------------------------------------------------------


class DatabaseWatch:
    """Whether the database answers, in the memory of one process, since no row can tell."""

    def __init__(self) -> None:
        self._alert: Alert | None = None

    def failed(self, now: dt.datetime) -> None:
        """It did not answer; told once it has not for its patience."""
        kind = AlertKind.DATABASE_DOWN
        if self._alert is None:
            words = "The database does not answer; nothing is sent, and no page works."
            self._alert = Alert(kind=kind, words=words, since=now, seen_at=now)
        if self._alert.raised_at is None and now - self._alert.since >= ADVICE[kind].patience:
            self._alert.raised_at = now
            log.error("the database does not answer", since=self._alert.since.isoformat())
            telling.tell_at_once(self._alert)

    def answered(self, now: dt.datetime) -> None:
        """It does; told where its silence was."""
        alert, self._alert = self._alert, None
        if alert is not None and alert.raised_at is not None:
            alert.resolved_at = now
            telling.tell_at_once(alert)


# ---- the thread ------------------------------------------------------------------------


@worker_ready.connect
def _in_a_worker(**_: Any) -> None:
    _begin(None)


@beat_init.connect
def _in_the_schedule(**_: Any) -> None:
    _begin(DatabaseWatch())


def _begin(database: DatabaseWatch | None) -> None:
    threading.Thread(target=_watch, args=(database,), name="watch", daemon=True).start()


@worker_shutdown.connect
def _end(**_: Any) -> None:
    _stop.set()


def _watch(database: DatabaseWatch | None) -> None:
    while not _stop.wait(STEP):
        try:
            look()
            if database:
                database.answered(timezone.now())
        except (DatabaseError, InterfaceError):
            connection.close()
            if database:
                database.failed(timezone.now())
        except Exception:
            log.exception("could not look for alerts")
