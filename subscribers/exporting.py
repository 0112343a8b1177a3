"""Lists of people out: as CSV that a spreadsheet opens and an import reads back to the same, or
as JSON with all that is known. Both as they come, with some thousand people in memory.
"""

import csv
import datetime as dt
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TextIO, cast

from django.db.models import Q, QuerySet
from django.utils import timezone

from digest.models import Topic
from subscribers import people_json, segments
from subscribers.importing.columns import FIELDS, MORE, attribute_column
from subscribers.importing.rows import SUPPRESSED
from subscribers.importing.table import guarded
from subscribers.models import (
    Consent,
    Segment,
    Subscriber,
    SubscriberState,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

Found = dict[str, Any]
_CHUNK = 2_000
_PARTED = re.compile(r"[,;|\"]")
_STATES = [
    SubscriptionState.CONFIRMED,
    SubscriptionState.PENDING,
    SubscriptionState.PAUSED,
    SubscriptionState.UNSUBSCRIBED,
]
_CONSENTS = MORE[2:]


@dataclass(frozen=True)
class Choice:
    """Who is wanted, and how much of them."""

    topic: Topic | None = None  # whoever stands to it somehow, and how they stand to it
    segment: Segment | None = None
    consents: bool = False  # in CSV: how and when they agreed and left, too

    def people(self) -> QuerySet[Subscriber]:
        """Nobody who is erased; Refused where the segment's rule says nothing without a mailing."""
        found = segments.people(self.segment.rule) if self.segment else Subscriber.objects.all()
        found = found.filter(state=SubscriberState.ACTIVE, email__isnull=False)
        if self.topic:
            theirs = Subscription.objects.filter(topic=self.topic)
            found = found.filter(id__in=theirs.values("subscriber_id"))
        return found


class _Stands(NamedTuple):
    """How somebody stands to a topic, as a line of CSV says it; equal ones share a line."""

    state: str
    paused_until: str
    consent: str = ""
    asked: str = ""
    confirmed: str = ""
    left: str = ""
    left_why: str = ""


@dataclass
class _Chunk:
    """Some people, and what belongs to them."""

    people: list[Found]
    subscriptions: Mapping[int, list[Found]]
    tags: Mapping[int, list[str]]
    barred: Mapping[str, str]
    consents: Mapping[int, list[Found]] = field(default_factory=dict)


def write(out: TextIO, choice: Choice | None = None, now: dt.datetime | None = None) -> None:
    """Write them as CSV: see ``lines``."""
    out.writelines(lines(choice or Choice(), now))


def write_json(out: TextIO, choice: Choice | None = None) -> None:
    """Write them as JSON: see ``json_lines``."""
    out.writelines(json_lines(choice or Choice()))


def lines(choice: Choice, now: dt.datetime | None = None) -> Iterator[str]:
    """CSV in the contract's columns, then one for each attribute; some lines at a time.

    One line for each way in which a person stands to topics: who has two and left a third has
    two lines. ``country`` and ``paused_until`` are columns only where somebody has one, as an
    attribute is.
    """
    now = now or timezone.now()
    people = choice.people()
    more = _more(choice, people, now)
    names = _attribute_names(people)
    yield _csv([[*FIELDS, *more, *map(attribute_column, names)]])
    for chunk in _chunks(choice, people):
        yield _csv(line for one in chunk.people for line in _lines(one, chunk, more, names, now))


def json_lines(choice: Choice) -> Iterator[str]:
    """JSON of all that is known of them, one person a line; of everybody the suppressions too."""
    yield people_json.HEAD
    between = ""
    for chunk in _chunks(choice, choice.people(), consents=True):
        found = [people_json.line(_known(one, chunk)) for one in chunk.people]
        yield between + ",\n".join(found)
        between = ",\n"
    for banned in _banned() if not (choice.topic or choice.segment) else ():
        yield between + people_json.line(banned)
        between = ",\n"
    yield people_json.TAIL


# ---- what is there -------------------------------------------------------------------------------


def _more(choice: Choice, people: QuerySet[Subscriber], now: dt.datetime) -> list[str]:
    found = ["country"] if people.exclude(country="").exists() else []
    paused = Subscription.objects.filter(
        state=SubscriptionState.PAUSED, paused_until__gt=now, subscriber__in=people
    )
    if paused.exists():
        found.append("paused_until")
    return [*found, *(_CONSENTS if choice.consents else ())]


def _attribute_names(people: QuerySet[Subscriber]) -> list[str]:
    names: set[str] = set()
    for attributes in people.exclude(attributes={}).values_list("attributes", flat=True).iterator():
        names.update(name for name, value in attributes.items() if value not in ("", None))
    return sorted(names)


def _chunks(
    choice: Choice, people: QuerySet[Subscriber], *, consents: bool = False
) -> Iterator[_Chunk]:
    """By id, so that memory stays flat and nobody is missed or told twice."""
    last = 0
    kept = people.order_by("id").values(
        "id", "email", "email_hash", "name", "language", "zone", "country", "attributes", "source",
        "joined_at",
    )  # fmt: skip
    while found := list(kept.filter(id__gt=last)[:_CHUNK]):
        between = Q(subscriber_id__gt=last, subscriber_id__lte=found[-1]["id"])
        yield _Chunk(
            cast("list[Found]", found),
            _subscriptions(choice, between),
            _tags(between),
            dict(
                Suppression.objects.filter(
                    email_hash__in=[one["email_hash"] for one in found]
                ).values_list("email_hash", "reason")
            ),
            _agreements(last, found[-1]["id"]) if consents else {},
        )
        last = found[-1]["id"]


def _subscriptions(choice: Choice, between: Q) -> Mapping[int, list[Found]]:
    found = Subscription.objects.filter(between)
    if choice.topic:
        found = found.filter(topic=choice.topic)
    by_person: dict[int, list[Found]] = defaultdict(list)
    for one in found.order_by("topic__slug").values(
        "id", "subscriber_id", "topic__slug", "state", "paused_until", "consent", "asked_at",
        "confirmed_at", "left_at", "left_why",
    ):  # fmt: skip
        by_person[one["subscriber_id"]].append(cast("Found", one))
    return by_person


def _tags(between: Q) -> Mapping[int, list[str]]:
    by_person: dict[int, list[str]] = defaultdict(list)
    tags = SubscriberTag.objects.filter(between).values_list("subscriber_id", "tag")
    for key, tag in tags:
        by_person[key].append(tag)
    return by_person


def _agreements(after: int, upto: int) -> Mapping[int, list[Found]]:
    by_subscription: dict[int, list[Found]] = defaultdict(list)
    found = Consent.objects.filter(
        subscription__subscriber_id__gt=after, subscription__subscriber_id__lte=upto
    )
    for one in found.order_by("id").values(
        "subscription_id", "way", "wording", "source", "at", "confirmed_at"
    ):
        by_subscription[one["subscription_id"]].append(cast("Found", one))
    return by_subscription


# ---- as CSV --------------------------------------------------------------------------------------


def _csv(rows: Any) -> str:
    """Lines that end in \\n alone; a cell with either half of \\r\\n stands in quotes."""
    text = io.StringIO(newline="")
    sheet = csv.writer(text, lineterminator="\r\n")
    done = []
    for row in rows:
        sheet.writerow([guarded(cell) for cell in row])
        done.append(text.getvalue()[:-2])
        text.seek(0)
        text.truncate()
    return "".join(f"{line}\n" for line in done)


def _lines(
    person: Found, chunk: _Chunk, more: Sequence[str], names: Sequence[str],
    now: dt.datetime,
) -> Iterator[list[str]]:  # fmt: skip
    tags = ",".join(_part(tag) for tag in sorted(chunk.tags.get(person["id"], ())))
    barred = _word(chunk.barred.get(person["email_hash"]))
    attributes = person["attributes"]
    others = [_text(attributes.get(name, "")) for name in names]
    head, tail = [person["email"], person["name"]], [tags, person["language"], person["zone"]]
    tail += [_time(person["joined_at"]), person["source"]]
    subscriptions = chunk.subscriptions.get(person["id"], [])
    for stands, slugs in _standings(subscriptions, barred, "consent" in more, now).items():
        said = {"country": person["country"], **stands._asdict()}
        yield [*head, stands.state, ",".join(slugs), *tail, *(said[name] for name in more), *others]


def _standings(
    subscriptions: Sequence[Found], barred: str, whole: bool, now: dt.datetime
) -> dict[_Stands, list[str]]:
    """How they stand → slugs. A barred address has its one status for all of them."""
    if barred:
        return {_Stands(barred, ""): [one["topic__slug"] for one in subscriptions]}
    found: dict[_Stands, list[str]] = defaultdict(list)
    for one in subscriptions:
        found[_stands(one, whole, now)].append(one["topic__slug"])
    order = {str(state): at for at, state in enumerate(_STATES)}
    return dict(sorted(found.items(), key=lambda pair: (order[pair[0].state], pair))) or {
        _Stands("", ""): []
    }


def _stands(one: Found, whole: bool, now: dt.datetime) -> _Stands:
    state, until = one["state"], one["paused_until"]
    if state == SubscriptionState.PAUSED and until and until <= now:
        state, until = SubscriptionState.CONFIRMED.value, None
    if state != SubscriptionState.PAUSED:
        until = None
    if not whole:
        return _Stands(state, _time(until))
    return _Stands(
        state, _time(until), one["consent"], _time(one["asked_at"]), _time(one["confirmed_at"]),
        _time(one["left_at"]), one["left_why"],
    )  # fmt: skip


def _word(reason: str | None) -> str:
    """The status that an import understands."""
    if reason is None:
        return ""
    words = {str(known): word for word, known in SUPPRESSED.items()}
    return words.get(reason, words[str(SuppressionReason.IMPORTED)])


def _part(tag: str) -> str:
    """A tag as one of several in a cell."""
    return '"' + tag.replace('"', '""') + '"' if _PARTED.search(tag) else tag


def _time(at: dt.datetime | None) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if at else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)


# ---- as JSON -------------------------------------------------------------------------------------


def _known(person: Found, chunk: _Chunk) -> people_json.Known:
    reason = chunk.barred.get(person["email_hash"])
    return people_json.Known.model_construct(
        **{name: person[name] for name in ("email", "name", "language", "zone", "country",
                                           "source", "attributes")},
        joined=person["joined_at"],
        tags=sorted(chunk.tags.get(person["id"], ())),
        suppressed=SuppressionReason(reason) if reason else None,
        subscriptions=[
            people_json.Follows.model_construct(
                topic=one["topic__slug"], state=one["state"], asked=one["asked_at"],
                confirmed=one["confirmed_at"], left=one["left_at"], left_why=one["left_why"],
                paused_until=one["paused_until"], consent=one["consent"],
                consents=[
                    people_json.Agreement.model_construct(
                        way=said["way"], wording=said["wording"], source=said["source"],
                        at=said["at"], confirmed=said["confirmed_at"],
                    )
                    for said in chunk.consents.get(one["id"], ())
                ],
            )
            for one in chunk.subscriptions.get(person["id"], ())
        ],
    )  # fmt: skip


def _banned() -> Iterator[people_json.Banned]:
    """Addresses of which nothing but the hash is known, the erased among them."""
    here = Subscriber.objects.filter(state=SubscriberState.ACTIVE).values("email_hash")
    found = Suppression.objects.exclude(email_hash__in=here).order_by("id")
    for key, reason, detail, at in found.values_list(
        "email_hash", "reason", "detail", "created_at"
    ).iterator():
        yield people_json.Banned.model_construct(
            suppressed=key, reason=SuppressionReason(reason), detail=detail, at=at
        )
