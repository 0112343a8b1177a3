"""The one place where an event becomes a delivery's outcome, and what follows from it.

One transaction a batch, and statements over the whole of it. Whatever comes twice changes nothing;
in whatever order it comes, the same stands at the end. The balance sheet is not touched, but where
an event proves that an uncertain message was taken.
"""

import random
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from subscribers import suppression, unsubscribe
from subscribers.models import LeavingReason, SuppressionReason
from workers import evidence
from workers.brake import came_back
from workers.feedback import naming, patience
from workers.feedback.events import OUTCOMES, RANK, Event, mailing_name
from workers.feedback.models import SHARDS, CameBack, Heard, Kind, Returned
from workers.feedback.naming import Found
from workers.ledger import Result
from workers.letters import keys
from workers.models import Delivery, DeliveryState, Mailing, Outcome

WORDS = 500
"""Letters of an answer that are kept."""

COUNTED = [Outcome.DELIVERED, Outcome.DROPPED, Outcome.BOUNCED, Outcome.COMPLAINED]


class Told(NamedTuple):
    """An event that is news, and the delivery that it is about."""

    event: Event
    row: Found


class Applied(NamedTuple):
    """What became of a batch."""

    new: int
    strangers: int  # of these: of no message of ours


@transaction.atomic
def apply(events: Sequence[Event]) -> Applied:
    """Keep what is new, and let it have its effects: all of it, or none."""
    found = zip(events, naming.deliveries(events), strict=True)
    news = _kept({_key(event): (event, row) for event, row in found})
    told = [Told(event, row) for event, row in news if row]
    _note_outcomes(told)
    _settle(told)
    _leave(told)
    _suppress(told)
    came_back.refused(told)
    _count_heard(news)
    return Applied(len(news), len(news) - len(told))


def _key(event: Event) -> uuid.UUID:
    """Of an event; with a secret in it, or a stranger's address could be tried out against it."""
    return uuid.UUID(bytes=keys().events.mac(event.says)[:16])


Pairs = list[tuple[Event, Found | None]]


def _kept(told: dict[uuid.UUID, tuple[Event, Found | None]]) -> Pairs:
    """Those that were not known, kept. Their deliveries are locked: nobody else keeps the same."""
    known = set(Returned.objects.filter(key__in=told).values_list("key", flat=True))
    news = {key: one for key, one in told.items() if key not in known}
    now = timezone.now()
    Returned.objects.bulk_create(
        [
            Returned(
                key=key,
                delivery_id=row.id if row else None,
                subscriber_id=row.subscriber_id if row else None,
                provider=event.provider,
                kind=event.kind,
                code=event.code[:12],
                # Of somebody erased, or whom nobody knows, nothing that could name them.
                words=event.words.replace("\0", "")[:WORDS] if row and row.address else "",
                at=event.at or now,
                heard_at=now,
            )
            for key, (event, row) in news.items()
        ],
        ignore_conflicts=True,  # of strangers, whose key alone is kept
        batch_size=1000,
    )
    return list(news.values())


# ---- outcomes and their counters -------------------------------------------------------------


def _note_outcomes(told: Iterable[Told]) -> None:
    """The weightiest outcome of each delivery, where it outweighs what was known."""
    told = list(told)
    before = {row.id: row for _, row in told}
    after: dict[int, Outcome] = {}
    for event, row in told:
        outcome = OUTCOMES.get(event.kind)
        stands = Outcome(after.get(row.id, row.outcome))
        if outcome and RANK.index(outcome) > RANK.index(stands):
            after[row.id] = outcome
    for outcome in COUNTED:
        if ids := [number for number, one in after.items() if one == outcome]:
            Delivery.objects.filter(id__in=ids).update(outcome=outcome)
    moved: dict[int, Counter[str]] = {}
    for number, outcome in after.items():
        row = before[number]
        counter = moved.setdefault(row.mailing_id, Counter())
        counter[outcome] += 1
        if row.outcome != Outcome.UNKNOWN:
            counter[row.outcome] -= 1
    for row in _first_hard(told):
        moved.setdefault(row.mailing_id, Counter())["hard"] += 1
    _count(moved)


def _first_hard(told: Iterable[Told]) -> list[Found]:
    """Deliveries that are said for the first time to have bounced for good."""
    hard = {row.id: row for event, row in told if event.kind is Kind.HARD}
    if not hard:
        return []
    just_kept = [_key(event) for event, _ in told]
    before = Returned.objects.filter(
        subscriber__in={row.subscriber_id for row in hard.values()},
        delivery__in=hard,
        kind=Kind.HARD,
    ).exclude(key__in=just_kept)
    known = set(before.values_list("delivery_id", flat=True))
    return [row for number, row in hard.items() if number not in known]


def _count(moved: dict[int, Counter[str]]) -> None:
    shard = random.randrange(SHARDS)  # noqa: S311 - spreads work, guards nothing
    for mailing_id in sorted(moved):
        steps = {name: n for name, n in moved[mailing_id].items() if n}
        if steps:
            _add(
                CameBack.objects.filter(mailing_id=mailing_id, shard=shard),
                CameBack(mailing_id=mailing_id, shard=shard),
                {name: F(name) + n for name, n in steps.items()},
            )


def _count_heard(news: Pairs) -> None:
    shard, now = random.randrange(SHARDS), timezone.now()  # noqa: S311 - as above
    heard = Counter(event.provider for event, _ in news)
    strangers = Counter(event.provider for event, row in news if row is None)
    for provider in sorted(heard):
        _add(
            Heard.objects.filter(provider=provider, shard=shard),
            Heard(provider=provider, shard=shard, last_at=now),
            {
                "events": F("events") + heard[provider],
                "strangers": F("strangers") + strangers[provider],
                "last_at": Greatest(F("last_at"), now),
            },
        )


def _add(rows: QuerySet[Any], empty: CameBack | Heard, steps: dict[str, Any]) -> None:
    """Move a shard's counters; the first time it has to be made."""
    if not rows.update(**steps):
        rows.bulk_create([empty], ignore_conflicts=True)
        rows.update(**steps)


# ---- what follows ---------------------------------------------------------------------------


def _settle(told: Iterable[Told]) -> None:
    """A message of which anything came back was taken."""
    evidence.settle([
        Result(row.id, DeliveryState.ACCEPTED, answer=f"By {event.provider}: {event.kind.label}.")
        for event, row in told
        if row.state == DeliveryState.UNCERTAIN and event.kind in OUTCOMES
    ])  # fmt: skip


def _leave(told: Iterable[Told]) -> None:
    """A complaint ends all that the reader gets, an unsubscription what this mail was of."""
    left = [row for event, row in told if event.kind is Kind.UNSUBSCRIBED and row.subscriber_id]
    mailings = Mailing.objects.filter(id__in={row.mailing_id for row in left})
    topics = dict(mailings.values_list("id", "topic_id"))
    ended = {(row.subscriber_id or 0, topics[row.mailing_id]) for row in left}
    complained = {row.subscriber_id for event, row in told if event.kind is Kind.COMPLAINED}
    for person, topic in sorted(ended):
        unsubscribe.leave(person, topic, LeavingReason.BY_PROVIDER)
    for person in sorted(filter(None, complained)):
        unsubscribe.leave(person, None, LeavingReason.COMPLAINED)


def _suppress(told: Sequence[Told]) -> None:
    worn_out = patience.worn_out([one.row for one in told if one.event.might_pass])
    barred: dict[tuple[SuppressionReason, str, str], set[str]] = {}
    for event, row in told:
        if event.kind is Kind.COMPLAINED:
            why = SuppressionReason.COMPLAINT, f"told by {event.provider}"
        elif event.gone:
            why = SuppressionReason.HARD_BOUNCE, f"{event.code}, told by {event.provider}"
        elif row.id in worn_out:
            why = SuppressionReason.HARD_BOUNCE, patience.WHY
        else:
            continue
        if row.address:
            barred.setdefault((*why, mailing_name(row.mailing_id)), set()).add(row.address)
    for (reason, detail, by), emails in sorted(barred.items()):
        suppression.bar(emails, reason, by, detail)
