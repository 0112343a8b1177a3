"""The brake: mailings that bounce too much, or are called spam too often, are held.

Judged each second by counters alone, in a few queries however many mailings and deliveries there
are. What ended is judged for some days more, since much comes back late: nothing of it can be held
any more, but the topic's next mailing is, before it begins.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from digest.audit import audit
from workers.brake.mailboxes import SILENT_DOMAINS, domains_of
from workers.brake.models import Braking, Level, Postmaster
from workers.brake.verdict import Figures, Limit, Limits, Read, Seen, Verdict, verdict
from workers.feedback.models import CameBack
from workers.models import BULK, Mailing, MailingState
from workers.queue.models import AtDomain

log = structlog.get_logger()

BY = "the brake"

LATE = dt.timedelta(days=6)
"""For so long after a mailing was due bounces come back: relays try for five days (RFC 5321)."""

REMEMBERED = dt.timedelta(days=45)
"""For so long a mailing that ended badly keeps its topic's next one, until somebody has looked."""

LIVE = [MailingState.PREPARING, MailingState.SENDING]
OPEN = [*LIVE, MailingState.PAUSED, MailingState.HELD]
ENDED = [MailingState.DONE, MailingState.CANCELLED]


_JUDGED = (
    *("state", "kind", "topic__zone", "started_at", "due_at", "hard"),
    *("accepted", "deferred", "failed", "uncertain"),
    *("braking__level", "braking__held", "braking__bounces_seen", "braking__complaints_seen"),
)
"""Columns that are read each second: rows of mailings are wide."""


def judge() -> None:
    """Look at every mailing that may get worse; hold what has."""
    now = timezone.now()
    rows = Mailing.objects.filter(
        Q(state__in=OPEN) | Q(state__in=ENDED, due_at__gte=now - LATE), kind__in=BULK
    ).select_related("topic", "braking")
    found = list(rows.only(*_JUDGED))
    told = verdicts([one for one in found if one.started_at])
    for mailing in found:
        if mailing.id in told:
            _judged(mailing, told[mailing.id], now)
    for mailing in found:
        if mailing.state in LIVE:
            keeps(mailing)


def verdicts(mailings: Sequence[Mailing]) -> dict[int, Verdict]:
    """What the brake thinks of each now."""
    found = figures(mailings)
    at = limits()
    return {one.id: verdict(found[one.id], at, seen(one)) for one in mailings}


def limits() -> Limits:
    """As they are set."""
    return Limits(*(Limit(*one) for one in settings.BRAKE))


def seen(mailing: Mailing) -> Seen:
    """With which shares a person let it go on."""
    row = of(mailing)
    return Seen(row.bounces_seen, row.complaints_seen) if row else Seen()


def of(mailing: Mailing) -> Braking | None:
    """What the brake has said of it, if anything."""
    found: Braking | None = getattr(mailing, "braking", None)
    return found


def warned(now: dt.datetime) -> QuerySet[Mailing]:
    """Mailings that the brake has something against, unseen: those that are open, and of those that
    ended the ones that it would have held."""
    ended = Q(state__in=ENDED, braking__level=Level.BRAKED, due_at__gte=now - REMEMBERED)
    is_open = Q(state__in=OPEN) & (~Q(braking__level=Level.CALM) | Q(braking__held=True))
    rows = Mailing.objects.filter(ended | is_open, braking__isnull=False)
    return rows.select_related("topic", "update__topic", "braking")


def is_held(mailing: Mailing) -> bool:
    """Whether it is the brake that holds it."""
    row = of(mailing)
    return mailing.state == MailingState.HELD and row is not None and row.held


def figures(mailings: Sequence[Mailing]) -> dict[int, Figures]:
    """In three queries at most, whatever their size."""
    came = _came_back(one.id for one in mailings)
    silent = _accepted_at(SILENT_DOMAINS, [one.id for one in mailings])
    read = _read(mailings)
    return {one.id: _figures(one, *came[one.id], silent[one.id], read[one.id]) for one in mailings}


def _figures(
    mailing: Mailing, hard: int, complained: int, silent: int, read: Iterable[Read]
) -> Figures:
    attempted = mailing.accepted + mailing.deferred + mailing.failed + mailing.uncertain
    # Where no provider's calls are let in, nobody tells of anybody; but a mail may have.
    tells = settings.HOOKS or settings.INBOUND_URL or complained
    reported = max(attempted - silent, complained) if tells else 0
    return Figures(attempted, mailing.hard + hard, reported, complained, tuple(read))


def _came_back(ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """mailing → (bounced for good after it was taken, called spam)."""
    found: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    rows = CameBack.objects.filter(mailing__in=list(ids)).values_list("mailing_id")
    for mailing_id, hard, complained in rows.annotate(Sum("hard"), Sum("complained")):
        found[mailing_id] = hard, complained
    return found


def _accepted_at(domains: Sequence[str], mailing_ids: Sequence[int]) -> Mapping[int, int]:
    """mailing → how many were accepted at these."""
    found: dict[int, int] = defaultdict(int)
    if mailing_ids:
        rows = AtDomain.objects.filter(mailing__in=mailing_ids, domain__in=domains)
        found |= rows.values_list("mailing_id").annotate(Sum("accepted"))
    return found


def _read(mailings: Sequence[Mailing]) -> dict[int, list[Read]]:
    """What postmaster pages say of the day of each, at providers where it was accepted."""
    found: dict[int, list[Read]] = defaultdict(list)
    days = {one.id: _day(one) for one in mailings}
    if not days:
        return found
    for row in Postmaster.objects.filter(day__in=set(days.values())):
        there = [one for one, day in days.items() if day == row.day]
        for mailing_id in _accepted_at(domains_of(row.provider), there):
            found[mailing_id].append(Read(row.provider, row.day, row.millionths))
    return found


def _day(mailing: Mailing) -> dt.date:
    """On which it began, where its topic is."""
    began = mailing.started_at or mailing.due_at
    return began.astimezone(ZoneInfo(mailing.topic.zone)).date()


# ---- what follows --------------------------------------------------------------------------


def _judged(mailing: Mailing, said: Verdict, now: dt.datetime) -> None:
    row = of(mailing)
    if said.level != (row.level if row else Level.CALM):
        defaults = {"level": said.level, "words": said.words, "at": now}
        Braking.objects.update_or_create(mailing=mailing, defaults=defaults)
        log.info("brake", mailing=mailing.id, level=said.level, words=said.words)
    if said.level is Level.BRAKED and mailing.state in LIVE:
        hold(mailing, f"Held by the brake: {said.words} The rest waits for a person.")


def keeps(mailing: Mailing) -> bool:
    """Hold it, where it has not begun, while a mailing before it ended badly and nobody has looked;
    whether it is held. Asked by whoever is about to begin it, too: a second may be too late."""
    if mailing.started_at is not None or mailing.kind not in BULK:
        return False
    blamed = before(mailing, timezone.now())
    if blamed is None:
        return False
    what = blamed.update.label if blamed.update else blamed.get_kind_display()
    row = of(blamed)
    hold(
        mailing,
        f"Held by the brake before it began, since {what} (mailing {blamed.id}) ended badly: "
        f"{row.words if row else ''}",
    )
    return True


def before(mailing: Mailing, now: dt.datetime) -> Mailing | None:
    """The last of its topic's mailings that ended at more than the brake allows, unseen since."""
    ended = Mailing.objects.filter(
        topic=mailing.topic_id,
        kind__in=BULK,
        state__in=ENDED,
        braking__level=Level.BRAKED,
        due_at__gte=now - REMEMBERED,
    )
    return ended.select_related("update", "topic", "braking").order_by("-id").first()


@transaction.atomic
def hold(mailing: Mailing, why: str) -> bool:
    """Hold a live mailing for a person; whether it was this call that did.

    One of which everybody was attempted has no rest to hold: it ends, and its topic's next is held.
    """
    left = Q(queued__gt=0) | Q(deferred__gt=0) | Q(prepared_at=None)
    live = Mailing.objects.filter(left, id=mailing.id, state__in=LIVE)
    if not live.update(paused_from=F("state"), state=MailingState.HELD, why=why[:1000]):
        return False
    row, _ = Braking.objects.get_or_create(
        mailing=mailing, defaults={"level": Level.CALM, "words": why}
    )
    Braking.objects.filter(pk=row.pk).update(held=True)
    audit(BY, "held mailing", str(mailing.id), why=why)
    return True
