"""A worker's view of the mailbox providers' shares of a mailing: what it may send, what it heard.

A share that is held back keeps nothing else: its messages stay queued in their batches, which rest
until the next probe. Nothing of it is lost; what is queued when the mailing's time for retries is
over fails for that reason.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from digest.audit import audit
from digest.errors import Refused
from workers.brake import share_rules
from workers.brake.mailboxes import provider_of
from workers.brake.models import HELD_BACK, STOPPED, ProviderShare, Standing
from workers.ledger import LIVE, Result, Row
from workers.models import Batch, BatchState, Mailing
from workers.outbox import Outcome, Verdict
from workers.results import deadline, given_up
from workers.routes.lanes import Lanes
from workers.said import of_nobody

log = structlog.get_logger()

BY = "the brake"


_CONCLUDED = Q(standing=Standing.PROBING, later=True, attempts__gt=0, refused=0)
"""A probe was taken; what it is worth is told by what comes back until its end."""


class Lot:
    """What one provider answered since it was last recorded."""

    def __init__(self) -> None:
        self.attempts = self.refused = self.accepted = 0
        self.words = ""


class Shares:
    """Of one mailing, in one worker."""

    def __init__(self, mailing: Mailing) -> None:
        self._mailing, self._mailing_id = mailing, mailing.id
        self._known: dict[str, ProviderShare] = {}
        self._lots: dict[str, Lot] = {}
        self._probing: set[int] = set()  # deliveries that this worker lets go as a probe
        self._probes: dict[str, int] = {}  # provider -> how many more may go
        self._keeps = False  # it has taken out some that wait for a probe
        self.pressing = False  # so much was refused that it can't wait for the next record

    def look(self) -> None:
        """Learn which are not as all the others, by whatever worker found it out: these alone,
        since there may be as many as there are domains."""
        rows = ProviderShare.objects.filter(mailing=self._mailing_id)
        self._known = {one.provider: one for one in rows.exclude(standing=Standing.FREE)}

    def slowed(self) -> Mapping[str, Mapping[str, float]]:
        """provider → the rate of its share, by the rate's name."""
        return {
            one.provider: {f"share:{self._mailing_id}:{one.provider}": share_rules.SLOWLY}
            for one in self._known.values()
            if one.standing == Standing.SLOW
        }

    def keep_back(self, lanes: Lanes) -> list[Result]:
        """Take out what is held back, for a later batch; what is given up for it, since the time
        for retries is over."""
        if not any(one.standing in STOPPED for one in self._known.values()):
            return []
        held, over = self.held(lanes), timezone.now() >= deadline(self._mailing)
        self._keeps = self._keeps or bool(held)
        if not over:
            return []
        return [given_up(row, self._mailing, 0, share.words, attempt=0) for row, share in held]

    def rest(self) -> dt.timedelta | None:
        """For how long a batch rests of which only what is held back is left: until the first of
        these is tried again; None where nothing is held back, or goes again by now."""
        if not self._keeps:
            return None
        self.look()  # else it would rest for a share that goes by now
        stopped = [one.until for one in self._known.values() if one.standing in STOPPED]
        until = min(filter(None, stopped), default=None)
        if until is None:
            return None
        until = min(until, deadline(self._mailing))
        return max(until - timezone.now(), dt.timedelta(seconds=1))

    def held(self, lanes: Lanes) -> list[tuple[Row, ProviderShare]]:
        """Take out what is held back, each with the share that it is of."""
        found: dict[int, ProviderShare] = {}

        def keeps(row: Row) -> bool:
            if share := self._of(row):
                found[row.id] = share
            return share is not None

        return [(row, found[row.id]) for row in lanes.drop(keeps)]

    def _of(self, row: Row) -> ProviderShare | None:
        """The share that holds this message back; None where it may go."""
        share = self._known.get(provider_of(row.address))
        if share is None or share.standing not in STOPPED or row.id in self._probing:
            return None
        if share.provider not in self._probes:
            self._probes[share.provider] = share_rules.PROBE if self._may_probe(share) else 0
        if self._probes[share.provider] <= 0:
            return share
        self._probes[share.provider] -= 1
        self._probing.add(row.id)
        return None

    def _may_probe(self, share: ProviderShare) -> bool:
        """Whether this worker is the one that tries it now."""
        now = timezone.now()
        free = ~_CONCLUDED & Q(id=share.id, standing__in=STOPPED, until__lte=now)
        due = ProviderShare.objects.filter(free).update(
            standing=Standing.PROBING,
            until=now + share_rules.PROBE_ENDS,
            at=now,
            attempts=0,
            refused=0,
        )
        if due:
            share.refresh_from_db()
        return bool(due)

    # ---- what was heard ----

    def heard(self, row: Row, outcome: Outcome) -> None:
        """Count one answer."""
        if outcome.verdict is Verdict.UNTRIED:
            return
        lot = self._lots.setdefault(provider_of(row.address), Lot())
        lot.attempts += 1
        if outcome.verdict is Verdict.ACCEPTED:
            lot.accepted += 1
        elif share_rules.blames_us(outcome.code, outcome.text):
            lot.refused += 1
            lot.words = outcome.text
            self.pressing = self.pressing or lot.refused >= share_rules.HOLD_LEAST

    def record(self) -> bool:
        """Add it to what others heard; whether a share stands otherwise now.

        Providers that never refused us cost nothing, and the others a few statements together.
        """
        lots, self._lots, self.pressing = self._lots, {}, False
        moved = _count(self._mailing_id, lots) if lots else False
        if moved:
            self.look()
        return moved


@transaction.atomic
def _count(mailing_id: int, lots: Mapping[str, Lot]) -> bool:
    """Whether a share stands otherwise by it."""
    known = ProviderShare.objects.filter(mailing=mailing_id, provider__in=list(lots))
    names = set(known.values_list("provider", flat=True))
    names |= {name for name, lot in lots.items() if lot.refused}
    if not names:
        return False
    shares = [one for one in locked(mailing_id, names) if one.standing != Standing.HELD]
    moved = [_add(share, lots[share.provider]) for share in shares]
    ProviderShare.objects.bulk_create(
        shares, update_conflicts=True, unique_fields=_KEY, update_fields=_COUNTED
    )
    return any(moved)


_KEY = ["mailing", "provider"]
_COUNTED = ["standing", "attempts", "refused", "later", "words", "holds", "until", "at"]


def _add(share: ProviderShare, lot: Lot) -> bool:
    was = Standing(share.standing)
    share.attempts, share.refused = share.attempts + lot.attempts, share.refused + lot.refused
    share.words = of_nobody(lot.words)[:1000] or share.words
    stands = share_rules.after(was, share.attempts, share.refused, lot.accepted, later=share.later)
    if share.attempts > share_rules.WINDOW:
        share.attempts, share.refused = share.attempts // 2, share.refused // 2
    if stands is not was:
        move(share, stands)
    return stands is not was


def locked(mailing_id: int, providers: Iterable[str]) -> list[ProviderShare]:
    """The shares, until the transaction's end; made when they are first asked for. Whoever locks
    several does so in the order of their ids."""
    names = sorted(providers)
    new = [ProviderShare(mailing_id=mailing_id, provider=name) for name in names]
    ProviderShare.objects.bulk_create(new, ignore_conflicts=True)
    rows = ProviderShare.objects.filter(mailing=mailing_id, provider__in=names)
    return list(rows.select_for_update().order_by("id"))


def move(share: ProviderShare, stands: Standing) -> None:
    """Let a share stand otherwise; whoever calls saves it."""
    said = {"provider": share.provider, "attempts": share.attempts, "refused": share.refused}
    share.standing, share.at = stands, timezone.now()
    share.attempts = share.refused = 0
    share.until = None
    if stands is Standing.HELD:
        share.holds = min(share.holds + 1, len(share_rules.WAITS))
        share.until = share.at + share_rules.wait(share.holds)
    elif stands is Standing.FREE:
        share.holds, share.later = 0, False
        wake_up(share.mailing_id)
    log.info("provider's share", mailing=share.mailing_id, standing=stands, **said)
    audit(BY, f"provider’s share {stands}", str(share.mailing_id), words=share.words, **said)


def conclude() -> None:
    """Let go the shares of which a probe was taken, and of which nothing came back since."""
    over = Q(until__lte=timezone.now(), mailing__state__in=LIVE)
    for one in ProviderShare.objects.filter(_CONCLUDED, over):
        with transaction.atomic():
            (share,) = locked(one.mailing_id, [one.provider])
            if share.standing == Standing.PROBING:
                move(share, Standing.FREE)
                share.save()


def wake_up(mailing_id: int) -> None:
    """Let batches that rest for a share be claimed; not those that wait for a first part."""
    resting = Q(not_before__gt=Now()) & ~Q(not_before=HELD_BACK)
    Batch.objects.filter(resting, mailing=mailing_id, state=BatchState.PENDING).update(
        not_before=None
    )


@transaction.atomic
def begin_anew(mailing: Mailing) -> None:
    """Hold nothing back any more of a mailing that had ended, and of which a person tries again
    what failed: else most of it would be given up unasked, since its time is over."""
    stopped = ProviderShare.objects.filter(mailing=mailing, standing__in=STOPPED)
    for one in stopped.select_for_update():
        move(one, Standing.FREE)
        one.save()


@transaction.atomic
def probe_now(mailing: Mailing, provider: str, by: str) -> None:
    """Try a share that is held back at once, on a person's word."""
    now: dt.datetime = timezone.now()
    held = ProviderShare.objects.filter(mailing=mailing, provider=provider, standing=Standing.HELD)
    if not held.update(until=now):
        raise Refused(f"The share of {provider[:80]} is not held back; nothing was changed.")
    wake_up(mailing.id)
    audit(by, "tried a provider’s share", str(mailing.id), provider=provider)
