"""Filling a mailing's audience: set-based, in key order, checkpointed, idempotent.

A crash resumes at the checkpoint; sending can begin before filling ends; ``prepared_at`` is
set only when a query of its own finds nobody beyond the checkpoint, so that a half-filled
audience can never look complete.
"""

import datetime as dt
import time
from contextlib import suppress
from itertools import repeat
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Now

from digest.depths import Depths
from digest.models import Topic
from digest.turns import by_turns
from subscribers import planner
from subscribers.models import Segment, Subscriber
from subscribers.segments import compiled
from subscribers.selection import selected
from workers.brake import first_part
from workers.brake.models import HELD_BACK
from workers.models import (
    Batch,
    Delivery,
    DeliveryState,
    Exclusion,
    Mailing,
    MailingState,
    Outcome,
)

CHUNK = 2000
"""Deliveries in a batch at most: some seconds of sending at full speed."""

BATCH_SECONDS = 10
"""A batch with a rate holds no more than so many seconds of sending."""

FIRST = 0.5
"""Seconds of filling after which sending begins, where one worker has to do both."""

TURN_ENDS = dt.timedelta(seconds=10)
"""After its time, a filler that says nothing is given up."""

TRIES = 3
"""How often a chunk is filled anew when its people change meanwhile."""

WITHOUT = (
    Q(state=DeliveryState.FAILED)
    | Q(state=DeliveryState.EXCLUDED, reason=Exclusion.CANCELLED)
    | Q(state=DeliveryState.ACCEPTED, outcome__in=[Outcome.BOUNCED, Outcome.DROPPED])
)
"""Deliveries of which somebody knows that the reader did not get the mail. The uncertain are not
among them: they are settled by themselves."""


class _Moved(Exception):
    """Somebody came or left between counting a chunk and filling it, or filled it meanwhile."""


# INSERT … SELECT: one statement for thousands of people, none of whom passes through Python.
_FILL = """
    INSERT INTO workers_delivery
        (mailing_id, batch_id, subscriber_id, address, name, token_version, variant, generation,
         state, reason, outcome, attempts, code, answer)
    SELECT %s, %s, person.id, person.email, person.name, person.token_version, person.variant, 0,
           %s, '', 'unknown', 0, 0, ''
    FROM ({people}) AS person WHERE true ON CONFLICT DO NOTHING"""


def people(mailing: Mailing, beyond: int = 0) -> QuerySet[Subscriber]:
    """Whom the mailing's topic and its frozen segments select, now, of those with an id beyond
    the given one; for a correction, those of them who got what was wrong, as far as anybody
    knows; for a resend, those who did not get the mail."""
    rules = [segment["rule"] for segment in mailing.audience]
    found = selected(mailing.topic, rules, beyond=beyond)
    if mailing.resends_id is not None:
        theirs = Delivery.objects.filter(
            WITHOUT, mailing=mailing.resends_id, subscriber=OuterRef("pk")
        )
        return found.filter(Exists(theirs))
    if mailing.corrects_id is None:
        return found
    got = Delivery.objects.filter(
        mailing=mailing.corrects_id, subscriber=OuterRef("pk"), state=DeliveryState.ACCEPTED
    )
    return found.filter(Exists(got.exclude(outcome=Outcome.BOUNCED)))


def count(topic: Topic, segments: list[dict[str, Any]]) -> int:
    """How many readers the topic and these frozen segments select, now."""
    return selected(topic, [segment["rule"] for segment in segments]).count()


def freeze(names: list[str]) -> list[dict[str, Any]]:
    """The segments as they are now; raises Segment.DoesNotExist for an unknown one."""
    found = [Segment.objects.get(name=name) for name in names]
    return [{"name": one.name, "rule": one.rule, "variant": one.variant} for one in found]


def batch_size(rate: float | None) -> int:
    """How many deliveries one lease holds at this rate (messages a second)."""
    return CHUNK if rate is None else max(1, min(CHUNK, int(rate * BATCH_SECONDS)))


def fill(mailing_id: int, seconds: float = 50) -> bool:
    """Fill for at most so long; True once the audience is complete.

    Stops when the mailing is paused or cancelled; what is filled stays. One fills at a time, for
    the others are to send meanwhile; and the first time only until there is something to send.
    """
    if not _take_turn(mailing_id, seconds):
        return False
    planner.learn()
    begun = Mailing.objects.filter(id=mailing_id, filled_to__gt=0).exists()
    if not begun:
        mailing = Mailing.objects.select_related("topic").get(id=mailing_id)
        first_part.draw(mailing, people(mailing))
    until = time.monotonic() + (seconds if begun else min(seconds, FIRST))
    try:
        for chunk in by_turns(repeat(mailing_id)):
            if not _fill_chunk(chunk):
                break
            if time.monotonic() >= until:
                return False
    finally:
        Mailing.objects.filter(id=mailing_id).update(filling_until=None)
    return Mailing.objects.filter(id=mailing_id, prepared_at__isnull=False).exists()


def _take_turn(mailing_id: int, seconds: float) -> bool:
    """Whether this process is the one that fills; a killed one's turn ends by itself."""
    free = Q(filling_until=None) | Q(filling_until__lt=Now())
    turn = Now() + dt.timedelta(seconds=seconds) + TURN_ENDS
    return bool(Mailing.objects.filter(free, id=mailing_id).update(filling_until=turn))


def _fill_chunk(mailing_id: int) -> bool:
    """One batch of the audience; False when there is nothing (more) to do.

    PostgreSQL's two statements see two moments: where somebody came or left between them, the
    chunk is counted and filled again. What differs even then is kept, and the sheet shows it.
    """
    for last_try in (*[False] * TRIES, True):
        with suppress(_Moved), transaction.atomic():
            return _filled(mailing_id, last_try=last_try)
    return True  # another filler is at it, or it was paused just now: look again


def _filled(mailing_id: int, *, last_try: bool) -> bool:
    """One batch of the audience; False when there is nothing (more) to do.

    Candidates are counted by a query of their own, in the chunk's transaction. The mailing's row
    is changed last, and only if the checkpoint is still where it was: of two fillers one gives
    way, and whoever records results at the same row need not wait for a chunk to be filled.
    """
    mailing = Mailing.objects.select_related("topic").get(id=mailing_id)
    if mailing.state != MailingState.PREPARING or mailing.prepared_at:
        return False
    still = Mailing.objects.filter(
        id=mailing.id, state=MailingState.PREPARING, filled_to=mailing.filled_to
    )
    beyond = people(mailing, mailing.filled_to).order_by("id")
    ids = list(beyond.values_list("id", flat=True)[: batch_size(mailing.rate)])
    if not ids:
        return not still.update(prepared_at=Now(), state=MailingState.SENDING)
    filled = _insert_parts(mailing, beyond.filter(id__lte=ids[-1]), len(ids))
    if filled != len(ids) and not last_try:
        raise _Moved
    if not still.update(
        candidates=F("candidates") + len(ids), queued=F("queued") + filled, filled_to=ids[-1]
    ):
        raise _Moved
    return True


def _variant(mailing: Mailing) -> Case:
    """How each reader gets it: as they chose, else as the segments say."""
    chosen = When(depth__gt="", then=F("depth"))
    return Case(chosen, default=_by_segment(mailing), output_field=CharField())


def _by_segment(mailing: Mailing) -> Case | Value:
    """As the first of the segments says that selects them."""
    asked = [one["variant"] for one in mailing.audience]
    if len(set(asked)) < 2:  # nobody need be looked at twice
        return Value(asked[0] if asked else Depths.ARRANGED.value)
    whens = [
        When(compiled(one["rule"], topic=mailing.topic), then=Value(one["variant"]))
        for one in mailing.audience
    ]
    return Case(*whens, default=Value(Depths.ARRANGED.value), output_field=CharField())


def _insert_parts(mailing: Mailing, chunk: QuerySet[Subscriber], size: int) -> int:
    """In a batch; where the mailing goes to a part of its readers first, in one for these and one
    that rests. How many there were."""
    part = first_part.waits(mailing)
    if part is None:
        return _insert(mailing, Batch.objects.create(mailing=mailing, size=size), chunk)
    filled, placed = 0, first_part.placed(chunk, mailing.id)
    first, rest = Q(place__lt=part.below), Q(place__gte=part.below)
    for which, not_before in ((first, None), (rest, HELD_BACK)):
        batch = Batch.objects.create(mailing=mailing, size=0, not_before=not_before)
        batch.size = _insert(mailing, batch, placed.filter(which))
        batch.save(update_fields=["size"]) if batch.size else batch.delete()
        filled += batch.size
    return filled


def _insert(mailing: Mailing, batch: Batch, chunk: QuerySet[Subscriber]) -> int:
    people = chunk.annotate(variant=_variant(mailing)).order_by("id")
    columns = people.values_list("id", "email", "name", "token_version", "variant")
    query, params = columns.query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            _FILL.format(people=query), [mailing.id, batch.id, DeliveryState.QUEUED, *params]
        )
        return int(cursor.rowcount)
