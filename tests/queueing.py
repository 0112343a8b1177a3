"""Makes mailings for the tests of the queue, rows and counters alike."""

import datetime as dt
from typing import Any

from django.utils import timezone

from digest.models import Stage, Topic, Update
from workers.models import (
    Batch,
    BatchState,
    Delivery,
    Mailing,
    MailingKind,
    MailingState,
    Pulse,
    Worker,
)


def an_update(topic: Topic, number: int, stage: str = Stage.SENT, **said: Any) -> Update:
    """An update with a number, as its approval left it."""
    now = timezone.now()
    said = {"title": "Harbour reopens", "due_at": now, "approved_at": now, **said}
    return Update.objects.create(
        topic=topic, number=number, stage=stage, since=now, until=now, **said
    )


def a_mailing(topic: Topic, *, leased: bool = False, **said: Any) -> Mailing:
    """A mailing with as many deliveries in each state as ``accepted=3`` and the like say.

    Its batch is done, or leased; every row was settled a minute ago.
    """
    now = timezone.now()
    states = ("queued", "accepted", "deferred", "failed", "excluded", "uncertain")
    counts = {state: said.pop(state, 0) for state in states}
    answer = said.pop("answer", "")
    mailing = Mailing.objects.create(
        topic=topic,
        candidates=sum(counts.values()),
        **counts,
        **{
            "kind": MailingKind.SCHEDULED,
            "state": MailingState.SENDING,
            "give_up_after": dt.timedelta(hours=24),
            "due_at": now - dt.timedelta(minutes=2),
            "started_at": now - dt.timedelta(minutes=2),
            "prepared_at": now - dt.timedelta(minutes=2),
            **said,
        },
    )
    batch = Batch.objects.create(
        mailing=mailing,
        size=mailing.candidates,
        state=BatchState.LEASED if leased else BatchState.DONE,
        host="wharf-1a2b" if leased else "",
        worker="7-aa" if leased else "",
        leased_until=now + dt.timedelta(minutes=1) if leased else None,
        dated_at=now - dt.timedelta(minutes=2),
    )
    Delivery.objects.bulk_create(
        Delivery(
            mailing=mailing,
            batch=batch,
            address=f"{state}{i}@example.org",
            state=state,
            reason="unsubscribed" if state == "excluded" else "",
            code=int(answer[:3]) if answer[:3].isdigit() and state in {"failed", "deferred"} else 0,
            answer=answer if state in {"failed", "deferred", "uncertain"} else "",
            attempts=0 if state in {"queued", "excluded"} else 1,
            next_attempt_at=now + dt.timedelta(hours=2) if state == "deferred" else None,
            settled_at=None if state == "queued" else now - dt.timedelta(minutes=1),
        )
        for state, n in counts.items()
        for i in range(n)
    )
    return mailing


def a_crew() -> None:
    """Workers for every queue, alive, and the tick that they do."""
    Pulse.objects.create(at=timezone.now())
    for pid, queues in ((7, "bulk,import"), (8, "tick,urgent")):
        Worker.objects.create(
            name=f"wharf:{pid}", host="wharf-1a2b", pid=pid, queues=queues, seen_at=timezone.now()
        )
