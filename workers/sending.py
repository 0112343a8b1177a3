"""Sending a batch: ledger, journal, message and relay brought together.

For each message the journal hears ``begin`` before its body is written and ``settle`` after
the relay's answer; results go to the database every 500 or every second; the journal is
cut only when the batch is settled and committed.
"""

import datetime as dt
import time
from collections.abc import Sequence
from functools import cache

import structlog
from celery.signals import worker_process_shutdown
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from digest.errors import Refused
from subscribers.selection import reasons
from workers import leases, ledger, mailings
from workers.brake import judging, quiet
from workers.brake.shares import Shares
from workers.drain import draining
from workers.headers import MessageRefused
from workers.identity import host, journals, worker
from workers.insisting import insist
from workers.journal import Journal
from workers.ledger import Result, Row
from workers.letters import Letters, letters_of
from workers.lines import Lines
from workers.models import BULK, URGENT, Batch, DeliveryState, Exclusion, Mailing, MailingKind
from workers.outbox import Envelope, Outcome, Report, Verdict, Withdrawn
from workers.pace import Paced
from workers.results import result_of
from workers.routes import carriers, choosing, health
from workers.routes.lanes import Lanes
from workers.routes.models import Route
from workers.routes.quota import Share
from workers.routes.tally import Tally

log = structlog.get_logger()

RECORD_EVERY = 500
"""Results after which they are written to the database, if a second has not passed before."""

LOOK_EVERY = 1.0
"""Seconds between two looks at who has left and whether the mailing goes on."""

RENEW_EVERY = 15.0
"""Seconds between renewals of a lease of 60."""

TURN = 300
"""Seconds after which a lease that has sent something goes back, with whatever it has not:
far from the limit at which Celery ends a task, which would leave answers unheard."""

TURN_AT_A_ROUTE = 10
"""The same where there are other routes: a slow one must not hold a batch for minutes."""

REST = dt.timedelta(seconds=5)
"""For how long others go before a batch of which a domain's limit holds back all that is left."""

_LEASE = ledger.LEASE.total_seconds()

FOR_CONFIRMED = {
    MailingKind.SCHEDULED,
    MailingKind.RESEND,
    MailingKind.CORRECTION,
    MailingKind.WELCOME,
}
"""Kinds that need a confirmed subscription; a confirmation goes to pending ones."""


def send(kinds: list[MailingKind], seconds: float) -> bool:
    """Claim and send batches of such mailings, one after another, for about so long; True where
    the time was over and there may be more to send."""
    _journal()  # before the first claim: a lease without a journal counts as lost
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        open_ways = [] if draining() else choosing.usable(choosing.ways())
        batch = _claimed(kinds, open_ways) if open_ways else None
        if batch is None:
            return False
        route = choosing.choose(open_ways, batch.mailing.kind, batch.mailing.topic_id)
        assert route is not None, "only what one of them serves is claimed"
        if send_batch(batch, route, others=len(open_ways) > 1):
            return False
    return True


def send_batch(batch: Batch, route: Route, *, others: bool = False) -> str:
    """Send what is queued in a leased batch by this route, and give the lease back.

    ``others``: there are other routes, so that this one need not be waited for.

    Returns why its mailing must wait, in words, or "". Whatever has not gone is queued again, for
    the next route if there is one; what the relay may have taken unheard is uncertain.
    """
    with bound_contextvars(mailing=batch.mailing_id, batch=batch.id, route=route.name):
        return _send_batch(batch, route, others=others)


def _send_batch(batch: Batch, route: Route, *, others: bool) -> str:
    journal = _journal()
    outbox: _Outbox | None = None
    try:
        outbox = _Outbox(batch, journal, route, TURN_AT_A_ROUTE if others else TURN)
        report = _carried(route, outbox, others=others)
    except (OperationalError, InterfaceError, OSError) as problem:
        # The machine's trouble, a full disk say, and not this mailing's: it waits.
        report, trouble = Report(), f"This machine has trouble: {problem}"
    except Exception as problem:
        log.exception("batch failed")
        mailings.failed_try(batch.mailing_id, f"A batch failed: {problem}")
        return str(problem)
    else:
        trouble = _left_waiting(batch, route, report)
    finally:
        _put_away(batch, outbox)
        journal.truncate()
    if trouble and trouble != batch.mailing.why:
        log.warning("a mailing waits", trouble=trouble)
    mailings.tell(batch.mailing, trouble)
    return trouble


def _carried(route: Route, outbox: "_Outbox", *, others: bool) -> Report:
    try:
        carrier = carriers.carrier(route, hurried=others)
    except (ValueError, Refused) as problem:  # the route's fault, and not the mailing's
        return Report(f"its address can't be used: {problem}")
    return carrier.send_all(outbox)


def _left_waiting(batch: Batch, route: Route, report: Report) -> str:
    """Set a route aside that takes nothing; why nobody else can take the mailing, or ""."""
    if not report.trouble:
        return ""
    carriers.drop(route)
    health.set_aside(route, report.trouble, report.asked)
    found, mailing = choosing.ways(), batch.mailing
    if choosing.choose(choosing.usable(found), mailing.kind, mailing.topic_id):
        return ""
    return choosing.why(found, mailing.kind, mailing.topic_id)


def _claimed(kinds: list[MailingKind], open_ways: Sequence[choosing.Way]) -> Batch | None:
    """The next batch that one of these routes serves.  Where the database breaks off meanwhile, the
    claim may stand all the same, and nobody else may settle what a live worker has on lease: it is
    given back."""
    which = choosing.servable(open_ways) & quiet.awake(kinds, timezone.now())
    try:
        return ledger.claim(kinds, host(), worker(), which, len(open_ways))
    except (OperationalError, InterfaceError):
        insist(_give_back)
        raise


def _give_back() -> None:
    """Whatever this worker has on lease, as far as the database knows."""
    for batch in leases.of_worker(host(), worker()):
        ledger.release(batch)


def _put_away(batch: Batch, outbox: "_Outbox | None") -> None:
    """Record what is known and give the lease back."""

    def put_away() -> None:
        if outbox is not None:
            outbox.record()
            outbox.tally.write()
            outbox.share.close()
            outbox.lines.close()
        ledger.release(batch, outbox.rest if outbox else None)

    insist(put_away)


@worker_process_shutdown.connect
def _leave(**_: object) -> None:
    """Take leave of the relay, and leave no journal to be settled where nothing is open."""
    carriers.close_all()
    if _journal.cache_info().currsize and _journal().path.stat().st_size == 0:
        _journal().close(remove=True)


@cache
def _journal() -> Journal:
    return Journal.open(journals(), worker(), fsync=settings.JOURNAL_FSYNC)


@cache
def _paced() -> Paced:
    """From batch to batch: instants that one did not use are the next one's."""
    return Paced()


class _Outbox:
    """What the SMTP client asks of a batch, and whom it tells (see outbox.Outbox)."""

    def __init__(self, batch: Batch, journal: Journal, route: Route, turn: float = TURN) -> None:
        self._batch, self._journal, self._route, self._turn = batch, journal, route, turn
        self._rows: dict[int, Row] = {}
        self._lanes = Lanes(ledger.queued(batch), route.limits.all())
        self._results: list[Result] = []
        self._open = True
        self._withdrawn: set[int] = set()  # taken by the client, and left since
        self._shares = Shares(batch.mailing)
        self.share = Share(route)
        self.tally = Tally(route, batch.mailing_id)
        self.lines = Lines()
        self.rests = False  # what is left waits for a domain's rate, and others need not
        self._letters: Letters | None = None
        self._begun_at = time.monotonic()
        self._recorded_at = self._looked_at = self._begun_at
        self._renewed_at = _elapsed()
        self._took = False
        self._leave_out()
        self._look()
        self._open = self._open and not judging.keeps(batch.mailing)
        if self._lanes and self._open:
            self._letters = letters_of(batch.mailing, route)
            _started(batch.mailing)
            batch.route = route.id
            batch.save(update_fields=["route"])

    # ---- what the client calls ----

    def take(self) -> Envelope | float | None:
        while self._lanes and self._open and not self._turn_is_over():
            if not self.share.has(self._lanes):
                return None
            row = self._lanes.next(_paced())
            if isinstance(row, float):
                return row
            envelope = self._envelope(row)
            if envelope is not None:
                self._rows[row.id] = row
                self._took = True
                self.share.use()
                return envelope
            self._lanes.settled(row)
        return None

    def begin(self, key: int) -> None:
        if not self._open or draining() or key in self._withdrawn or self._may_be_lost():
            raise Withdrawn
        self._journal.begin(key)

    def settle(self, key: int, outcome: Outcome) -> None:
        # First what this process knows: should the journal not take it, it is recorded yet,
        # and nobody is mailed again for want of a line.
        row = self._rows.pop(key)
        self._lanes.settled(row)
        if outcome.verdict is Verdict.UNTRIED:
            self.share.unused()
        self._results += result_of(row, outcome, self._batch.mailing)
        self._shares.heard(row, outcome)
        self._journal.settle(key, outcome)
        if len(self._results) >= RECORD_EVERY or self._shares.pressing:
            self.record()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._recorded_at >= LOOK_EVERY:
            self.record()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            self._leave_out()
            self._look()
            self._let_others()
        if _elapsed() - self._renewed_at >= RENEW_EVERY:
            self._renewed_at = _elapsed()
            self._open = self._open and ledger.renew(self._batch)

    # ---- what it does for them ----

    def record(self) -> None:
        """Write the results so far to the ledger."""
        results = self._results
        ledger.record(self._batch.mailing_id, results, self._route.id)
        self._results = []
        self._recorded_at = time.monotonic()
        self.lines.tell(results)
        self.tally.add(results)
        if self._shares.record():
            self._look()

    @property
    def rest(self) -> dt.timedelta | None:
        """For how long others go before this batch; None where it may go on at once."""
        if not self._lanes and (rest := self._shares.rest()):
            return rest
        return REST if self.rests else None

    def _turn_is_over(self) -> bool:
        late = self._took and time.monotonic() - self._begun_at > self._turn
        return late or draining()

    def _may_be_lost(self) -> bool:
        """Whether this process stood still for so long that others may have given it up."""
        return _elapsed() - self._renewed_at > _LEASE

    def _envelope(self, row: Row) -> Envelope | None:
        assert self._letters is not None, "letters are made where anybody waits"
        try:
            return self._letters.envelope(row)
        except MessageRefused as problem:
            self._exclude(row.id, Exclusion.MALFORMED, str(problem))
            return None

    def _leave_out(self) -> None:
        """Exclude whoever has left since: today's standing decides, not that of the fill.

        A message that the client has taken and not begun stays queued: the next claim excludes it.
        """
        if not (self._lanes or self._rows):
            return
        unsent = self._batch.deliveries.filter(state=DeliveryState.QUEUED)
        gone = reasons(self._batch.mailing.topic_id, unsent.values("subscriber_id"))
        if self._batch.mailing.kind not in FOR_CONFIRMED:
            barred = {Exclusion.ERASED}
            if self._batch.mailing.kind != MailingKind.LETTER:  # it may go to another address
                barred.add(Exclusion.SUPPRESSED)
            gone = {who: why for who, why in gone.items() if why in barred}
        for row in self._lanes.drop(lambda row: row.subscriber_id in gone):
            self._exclude(row.id, Exclusion(gone[row.subscriber_id or 0]))
        self._withdrawn = {row.id for row in self._rows.values() if row.subscriber_id in gone}

    def _look(self) -> None:
        """Stop where the mailing was paused or cancelled, or its route was; take up new rates."""
        mailing = self._batch.mailing_id
        state, rate = Mailing.objects.values_list("state", "rate").get(id=mailing)
        self._route.refresh_from_db()
        shut = self._route.paused_at or self._route.removed_at or self._is_quiet()
        self._open = self._open and state in ledger.LIVE and not shut
        self.share.follow(self._route)
        self._shares.look()
        self._results += self._shares.keep_back(self._lanes)
        shared = {choosing.pace_of(self._route): self._route.rate, "all": settings.SEND_RATE}
        self._lanes.pace(
            {f"mailing:{mailing}": rate} if rate else {},
            {name: rate for name, rate in shared.items() if rate},
            self._shares.slowed(),
        )

    def _is_quiet(self) -> bool:
        """Whether quiet hours have begun; asked anew, since somebody may set them meanwhile."""
        mailing = self._batch.mailing
        return mailing.kind in BULK and mailing.topic_id in quiet.topics(timezone.now())

    def _let_others(self) -> None:
        """Give the batch back where domains' limits hold back all that is left of it, and another
        one waits."""
        self._lanes.tell_held()
        if self._lanes.all_held:
            kinds = URGENT if self._batch.mailing.kind in URGENT else BULK
            which, at_once = choosing.claims()
            which &= quiet.awake(kinds, timezone.now())
            self.rests = ledger.claimable(kinds, which, at_once).exists()
            self._open = self._open and not self.rests

    def _exclude(self, delivery: int, reason: Exclusion, answer: str = "") -> None:
        self._results.append(
            Result(delivery, DeliveryState.EXCLUDED, answer=answer, reason=reason, attempt=0)
        )


def _elapsed() -> float:
    """Seconds that only grow, in the machine's sleep too: other machines' leases run on then."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _started(mailing: Mailing) -> None:
    if mailing.started_at is None:
        now = timezone.now()
        Mailing.objects.filter(id=mailing.id, started_at=None).update(started_at=now)
        mailing.started_at = now
