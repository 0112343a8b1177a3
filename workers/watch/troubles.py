"""What is wrong right now.  A finder for each kind; all together a few dozen short queries."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db.models import Q, QuerySet

from digest.logs import masked
from workers import balance, presence, slots
from workers.balance import STATES
from workers.brake import judging, look, quiet
from workers.doctor import kept
from workers.inbound import reading, standing
from workers.ledger import LIVE
from workers.models import Mailing, MailingState
from workers.queue.cards import ENDED, OPEN, WANT_A_PERSON, title
from workers.queue.crew import asked
from workers.routes import choosing
from workers.watch import readings
from workers.watch.alert import Alert, AlertKind, Watch

STUCK = dt.timedelta(minutes=10)
"""For which nothing of a mailing may move; for very slow ones, three of its messages."""

LAG = 300
"""Wake-ups in one queue, which a healthy crew takes within seconds."""

SEVERAL = 3
"""Failures in a row that are no passing trouble."""

JUST_ENDED = dt.timedelta(minutes=3)
"""Mailings that ended so lately are counted row by row, once or twice."""


class Trouble(NamedTuple):
    """One thing that is wrong."""

    about: str  # what tells it from others of its kind: a mailing's id, a queue, or nothing
    words: str


Finder = Callable[[dt.datetime, Watch], Iterable[Trouble]]


def _mailings(which: Q) -> QuerySet[Mailing]:
    found = Mailing.objects.filter(which).select_related("topic", "update__topic")
    return found.order_by("id")[: readings.MOST]


def _stuck(now: dt.datetime, watch: Watch) -> Iterator[Trouble]:
    """By memory of the last look: deliveries have no index by time. What rests on purpose is not
    stuck: none of its batches may be claimed."""
    before, watch.moved = watch.moved, {}
    asleep = list(quiet.topics(now))
    to_send = (Q(queued__gt=0) & ~look.RESTS) | Q(prepared_at=None)
    may_go = Q(state__in=LIVE, due_at__lte=now) & ~Q(topic__in=asleep)
    live = list(_mailings(to_send & may_go))
    rates = asked(live)
    for one in live:
        counters = " ".join(str(getattr(one, state)) for state in [*STATES, "filled_to"])
        was, since = before.get(str(one.id), ("", 0.0))
        since = since if was == counters else now.timestamp()
        watch.moved[str(one.id)] = [counters, since]
        still = now - dt.datetime.fromtimestamp(since, dt.UTC)
        rate = rates[one.id]
        if still >= max(STUCK, dt.timedelta(seconds=3 / rate if rate else 0)) and not one.why:
            minutes = still.total_seconds() // 60
            yield Trouble(
                str(one.id),
                f"{title(one)} (mailing {one.id}): nothing moved for {minutes:.0f} minutes, with "
                f"{one.queued:,} queued.",
            )


def _held(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    braked = Q(state=MailingState.HELD, braking__held=True)
    for one in _mailings(Q(state__in=WANT_A_PERSON) & ~braked):
        yield Trouble(str(one.id), f"{title(one)} (mailing {one.id}) is {one.state}: {one.why}")


def _brake(now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    for one in judging.warned(now).order_by("id")[: readings.MOST]:
        held = judging.is_held(one)
        said = one.why if held else f"The brake warns: {one.braking.words}"
        yield Trouble(str(one.id), f"{title(one)} (mailing {one.id}). {said}")


def _provider_refuses(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    for share in look.refusing().order_by("id")[: readings.MOST]:
        yield Trouble(
            f"{share.mailing_id} {share.provider}"[:60],
            f"{share.provider} refuses mail from us: its share of {title(share.mailing)} (mailing "
            f"{share.mailing_id}) is held back. It said: {share.words}",
        )


def _relay_down(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    """Routes by name; else, where none is down and no route serves a mailing at all, these."""
    down = [route for route in readings.routes()[: readings.MOST] if readings.is_down(route)]
    for route in down:
        yield Trouble(route.name, f"The route “{route.name}” is set aside: {route.trouble}")
    waiting = list(readings.waiting_for_relay().order_by("id")[: readings.MOST])
    if waiting and not down:
        n = len(waiting)
        mailings = "1 mailing waits" if n == 1 else f"{n} mailings wait"
        yield Trouble("", f"{mailings}: {choosing.UNSERVED}")


def _uncertain(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    for one in _mailings(Q(uncertain__gt=0)):
        n = one.uncertain
        many = "1 delivery is" if n == 1 else f"{n:,} deliveries are"
        yield Trouble(
            str(one.id),
            f"{title(one)} (mailing {one.id}): {many} uncertain; nothing says whether "
            f"{'it' if n == 1 else 'they'} arrived.",
        )


def _out_of_balance(now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    """Counters of what is open; rows too where a mailing has just ended, or was found before."""
    found = Alert.objects.filter(kind=AlertKind.OUT_OF_BALANCE, resolved_at=None)
    known = [int(about) for about in found.values_list("about", flat=True)]
    ended = Q(state__in=ENDED, due_at__gte=now - readings.RECENT)
    for one in _mailings(ended & Q(finished_at__gte=now - JUST_ENDED) | Q(id__in=known)):
        if not balance.sheet(one).balanced:
            yield Trouble(str(one.id), _differs(one))
    for one in _mailings(Q(state__in=OPEN) & ~Q(id__in=known)):
        if one.candidates != sum(getattr(one, state) for state in STATES):
            yield Trouble(str(one.id), _differs(one))


def _differs(mailing: Mailing) -> str:
    return (
        f"{title(mailing)} (mailing {mailing.id}): its states do not add up to its "
        f"{mailing.candidates:,} candidates, or its counters differ from its rows."
    )


def _late(now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    if late := readings.late(now):
        yield Trouble("", f"Due, and nobody took it up: {_listed(late)}.")


def _slots_held(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    for slot in slots.held()[: readings.MOST]:
        due = f"{slot.due_at:%d %B %H:%M %Z}"
        yield Trouble(slot.topic.slug[:60], f"{slot.topic}, due {due}, was held. {slot.why}")


def _no_worker(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    served = {queue for one in presence.alive() for queue in one.queues.split(",")}
    for queue in readings.QUEUES:
        if queue not in served:
            yield Trouble(queue, f"Nobody alive takes from the queue “{queue}”.")


def _lag(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    for queue, n in readings.broker().waiting.items():
        if n > LAG:
            yield Trouble(queue, f"{n:,} wake-ups wait in “{queue}”, and no worker takes them.")


def _tick_late(now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    age = readings.tick_age(now)
    if age is not None and age > readings.TICK_LATE:
        yield Trouble("", f"Nobody has looked for what is due for {age:,.0f} s.")


def _broker_down(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    found = readings.broker()
    if not found.up:
        yield Trouble("", f"The broker does not answer ({found.why}); nothing is sent.")


def _feeds(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    ailing = readings.ailing().select_related("topic").order_by("id")[: readings.MOST]
    names = [f"{one.topic.slug}: {one.name or urlsplit(one.url).hostname}" for one in ailing]
    if names:
        yield Trouble("", f"Failed several times in a row, or gone: {_listed(names)}.")


def _inbox(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    inbox = reading.current()
    failed = inbox is not None and inbox.failures >= SEVERAL
    if failed or standing.is_silent(inbox):
        yield Trouble("", standing.trouble())


def _disk(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    disk = readings.disk()
    if disk.is_full:
        yield Trouble("", f"{disk.free / 1e6:,.0f} MB of {disk.size / 1e9:,.0f} GB are left.")


def _doctor(_now: dt.datetime, _watch: Watch) -> Iterator[Trouble]:
    for one in kept.news():
        # Names of keys are longer than an alert's subject: the end says which domain it is.
        yield Trouble(one.about[-60:], f"{one.about}: {one.words} {one.mend}".strip())


def _listed(names: list[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more} more" if more > 0 else "")


FINDERS: dict[AlertKind, Finder] = {
    AlertKind.MAILING_STUCK: _stuck,
    AlertKind.MAILING_HELD: _held,
    AlertKind.BRAKE: _brake,
    AlertKind.PROVIDER_REFUSES: _provider_refuses,
    AlertKind.RELAY_DOWN: _relay_down,
    AlertKind.UNCERTAIN: _uncertain,
    AlertKind.OUT_OF_BALANCE: _out_of_balance,
    AlertKind.SLOT_LATE: _late,
    AlertKind.SLOT_HELD: _slots_held,
    AlertKind.NO_WORKER: _no_worker,
    AlertKind.QUEUE_LAG: _lag,
    AlertKind.TICK_LATE: _tick_late,
    AlertKind.BROKER_DOWN: _broker_down,
    AlertKind.FEEDS_AILING: _feeds,
    AlertKind.INBOX_UNREADABLE: _inbox,
    AlertKind.DISK_FULL: _disk,
    AlertKind.DOCTOR: _doctor,
}
"""All but the database's: whoever can't ask it finds nothing (watching.py)."""


def found(kind: AlertKind, now: dt.datetime, watch: Watch) -> list[Trouble]:
    """What is wrong of this kind; a relay's words may name a reader, who is masked."""
    return [Trouble(one.about, masked(one.words)) for one in FINDERS[kind](now, watch)]
