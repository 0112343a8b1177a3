"""Sending a batch: ledger, journal, message and relay brought together.

For each message the journal hears ``begin`` before its body is written and ``settle`` after
the relay's answer; results go to the database every 500 or every second; the journal is
cut only when the batch is settled and committed.
"""

import os
import time
from collections import deque
from collections.abc import Callable
from functools import cache

import structlog
from celery.signals import worker_process_shutdown
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from subscribers.selection import reasons
from workers import ledger, mailings
from workers.drain import draining
from workers.headers import MessageRefused
from workers.identity import host, journals, worker
from workers.journal import Journal
from workers.ledger import Result, Row
from workers.letters import Letters, letters_of
from workers.models import Batch, DeliveryState, Exclusion, Mailing, MailingKind
from workers.outbox import Envelope, Outcome, Withdrawn
from workers.pace import Paced
from workers.results import result_of
from workers.smtp import Client, Relay

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

_LEASE = ledger.LEASE.total_seconds()

PATIENCE = 600
"""Seconds for which a worker keeps results that the database can't take."""

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
        batch = None if draining() else _claimed(kinds)
        if batch is None or send_batch(batch):
            return False
    return True


def send_batch(batch: Batch) -> str:
    """Send what is queued in a leased batch, and give the lease back.

    Returns what keeps the relay from taking anything, in words, or "". Whatever has not
    gone is queued again; what the relay may have taken unheard is uncertain.
    """
    journal = _journal()
    outbox: _Outbox | None = None
    try:
        outbox = _Outbox(batch, journal)
        trouble = _client().send_all(outbox).trouble
    except (OperationalError, InterfaceError, OSError) as problem:
        # The machine's trouble, a full disk say, and not this mailing's: it waits.
        trouble = f"This machine has trouble: {problem}"
    except Exception as problem:
        log.exception("batch failed", mailing=batch.mailing_id, batch=batch.id)
        mailings.failed_try(batch.mailing_id, f"A batch failed: {problem}")
        return str(problem)
    finally:
        _put_away(batch, outbox)
        journal.truncate()
    if trouble and trouble != batch.mailing.why:
        log.warning("a mailing waits", mailing=batch.mailing_id, trouble=trouble)
    mailings.tell(batch.mailing, trouble)
    return trouble


def _claimed(kinds: list[MailingKind]) -> Batch | None:
    """The next batch.  Where the database breaks off meanwhile, the claim may stand all the same,
    and nobody else may settle what a live worker has on lease: it is given back."""
    try:
        return ledger.claim(kinds, host(), worker())
    except (OperationalError, InterfaceError):
        _insist(_give_back)
        raise


def _give_back() -> None:
    """Whatever this worker has on lease, as far as the database knows."""
    for batch in ledger.lost_leases(host(), worker()):
        ledger.release(batch)


def _put_away(batch: Batch, outbox: "_Outbox | None") -> None:
    """Record what is known and give the lease back."""

    def put_away() -> None:
        if outbox is not None:
            outbox.record()
        ledger.release(batch)

    _insist(put_away)


def _insist(do: Callable[[], None]) -> None:
    """Do it, however long the database is away.

    Nothing may be sent meanwhile, for nothing more could be recorded. After ten minutes, or
    whatever else goes wrong, the process ends at once: its journal then tells whoever comes
    next, which it could not once another batch had cut it.
    """
    try:
        for _ in range(PATIENCE):
            try:
                do()
            except (OperationalError, InterfaceError):
                log.warning("database away; what this worker knows waits")
                connection.close()
                time.sleep(1)
            else:
                return
    except BaseException:
        log.exception("the database can't be told; the journal tells")
    os._exit(1)


@worker_process_shutdown.connect
def _leave(**_: object) -> None:
    """Take leave of the relay, and leave no journal to be settled where nothing is open."""
    if _client.cache_info().currsize:
        _client().close()
    if _journal.cache_info().currsize and _journal().path.stat().st_size == 0:
        _journal().close(remove=True)


@cache
def _journal() -> Journal:
    return Journal.open(journals(), worker(), fsync=settings.JOURNAL_FSYNC)


@cache
def _client() -> Client:
    return Client(Relay.from_url(settings.SMTP_URL))


class _Outbox:
    """What the SMTP client asks of a batch, and whom it tells (see outbox.Outbox)."""

    def __init__(self, batch: Batch, journal: Journal) -> None:
        self._batch, self._journal = batch, journal
        self._rows: dict[int, Row] = {}
        self._waiting: deque[Row] = deque(ledger.queued(batch))
        self._results: list[Result] = []
        self._open = True
        self._withdrawn: set[int] = set()  # taken by the client, and left since
        self._rates: dict[str, float] = {}
        self._paced = Paced()
        self._letters: Letters | None = None
        self._begun_at = time.monotonic()
        self._recorded_at = self._looked_at = self._begun_at
        self._renewed_at = _elapsed()
        self._took = False
        self._leave_out()
        self._look()
        if self._waiting and self._open:
            self._letters = letters_of(batch.mailing)
            _started(batch.mailing)

    # ---- what the client calls ----

    def take(self) -> Envelope | float | None:
        while self._waiting and self._open and not self._turn_is_over():
            if self._rates and (wait := self._paced.wait(self._rates)) > 0:
                return wait
            row = self._waiting.popleft()
            envelope = self._envelope(row)
            if envelope is not None:
                self._rows[row.id] = row
                self._took = True
                return envelope
        return None

    def begin(self, key: int) -> None:
        if not self._open or draining() or key in self._withdrawn or self._may_be_lost():
            raise Withdrawn
        self._journal.begin(key)

    def settle(self, key: int, outcome: Outcome) -> None:
        # First what this process knows: should the journal not take it, it is recorded yet,
        # and nobody is mailed again for want of a line.
        row = self._rows.pop(key)
        self._results += result_of(row, outcome, self._batch.mailing)
        self._journal.settle(key, outcome)
        if len(self._results) >= RECORD_EVERY:
            self.record()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._recorded_at >= LOOK_EVERY:
            self.record()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            self._leave_out()
            self._look()
        if _elapsed() - self._renewed_at >= RENEW_EVERY:
            self._renewed_at = _elapsed()
            self._open = self._open and ledger.renew(self._batch)

    # ---- what it does for them ----

    def record(self) -> None:
        """Write the results so far to the ledger."""
        ledger.record(self._batch.mailing_id, self._results)
        self._results = []
        self._recorded_at = time.monotonic()

    def _turn_is_over(self) -> bool:
        late = self._took and time.monotonic() - self._begun_at > TURN
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
        if not (self._waiting or self._rows):
            return
        unsent = self._batch.deliveries.filter(state=DeliveryState.QUEUED)
        gone = reasons(self._batch.mailing.topic_id, unsent.values("subscriber_id"))
        if self._batch.mailing.kind not in FOR_CONFIRMED:
            barred = {Exclusion.ERASED}
            if self._batch.mailing.kind != MailingKind.LETTER:  # it may go to another address
                barred.add(Exclusion.SUPPRESSED)
            gone = {who: why for who, why in gone.items() if why in barred}
        for row in [row for row in self._waiting if row.subscriber_id in gone]:
            self._waiting.remove(row)
            self._exclude(row.id, Exclusion(gone[row.subscriber_id or 0]))
        self._withdrawn = {row.id for row in self._rows.values() if row.subscriber_id in gone}

    def _look(self) -> None:
        """Stop where the mailing was paused or cancelled; take up a new rate."""
        mailing = self._batch.mailing_id
        state, rate = Mailing.objects.values_list("state", "rate").get(id=mailing)
        self._open = self._open and state in ledger.LIVE
        set_now = {"route:default": settings.SEND_RATE, f"mailing:{mailing}": rate}
        rates = {name: rate for name, rate in set_now.items() if rate is not None}
        if rates != self._rates:
            self._rates, self._paced = rates, Paced()

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
