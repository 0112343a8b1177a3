"""Where a mailing stands, in words: what happens next, why it waits, what one can do.  Pure."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from workers.brake import quiet
from workers.ledger import LIVE
from workers.mailings import TRIES
from workers.models import Mailing, MailingState
from workers.queue.clock import clock
from workers.queue.speed import WINDOW

SOON = dt.timedelta(seconds=60)
"""A retry that is due within this counts as movement."""

AS_ASKED = 0.9
"""The share of the asked rate from which on it is held."""

FEW = 2 / WINDOW.total_seconds()
"""A second: what a message more or less, at both ends of the window, makes of a slow rate."""


class Standing(NamedTuple):
    """A state's tone (a class of the house style) and what is to be said of it."""

    tone: str
    words: str


@dataclass(frozen=True)
class Facts:
    """All that a mailing's standing depends on."""

    mailing: Mailing
    now: dt.datetime
    leased: int  # of its batches, how many a worker has
    leased_elsewhere: int  # batches of other mailings that workers have
    served: bool  # some worker is alive that sends its kind
    speed: float  # messages attempted a second, of late
    asked: float | None  # at most so many; None: no limit
    next_retry: dt.datetime | None = None
    last_retry: dt.datetime | None = None
    deferred_to: str = ""  # whom the next retry is for
    rests: str = ""  # why nothing of it may go now, in words
    rests_until: dt.datetime | None = None
    quiet: str = ""  # its topic's quiet hours

    @property
    def moves(self) -> bool:
        """Whether its numbers may change within seconds, nobody doing anything."""
        if self.leased:
            return True
        if self.mailing.state not in LIVE:
            return False
        if self.rests:
            return self.rests_until is not None and self.rests_until <= self.now + SOON
        waits_for_retry = self.next_retry and self.next_retry > self.now + SOON
        return not (waits_for_retry and self.mailing.prepared_at and not self.mailing.queued)

    @property
    def empty_at(self) -> dt.datetime | None:
        """When the queue is empty at the present speed, quiet hours counted in; None where that
        can't be told."""
        pace = self.speed or (self.asked if self.leased or self.rests else None)
        if self.mailing.state not in LIVE or not pace or not self.mailing.prepared_at:
            return None
        begins = max(self.now, self.rests_until or self.now)
        length = dt.timedelta(seconds=self.mailing.queued / pace)
        return quiet.after(self.quiet, self.mailing.topic.zone, begins, length)

    @property
    def ends_at(self) -> dt.datetime | None:
        """When all is attempted at the present speed, the retries that are due counted in."""
        if self.empty_at is None or self.last_retry is None:
            return self.empty_at
        return max(self.empty_at, self.last_retry)

    def at(self, time: dt.datetime) -> str:
        return clock(time, self.mailing.topic.zone, self.now)


def standing(facts: Facts) -> Standing:
    """What to say of a mailing's state."""
    return _TELL[MailingState(facts.mailing.state)](facts)


def _scheduled(facts: Facts) -> Standing:
    return Standing("quiet", f"Goes out {facts.at(facts.mailing.due_at)}.")


def _preparing(facts: Facts) -> Standing:
    if not facts.served:
        return _unserved()
    if facts.mailing.tries:
        return _tried(facts)
    begun = "; sending has begun" if facts.mailing.accepted else ""
    return Standing("info", f"Its audience is being looked up{begun}.")


def _sending(facts: Facts) -> Standing:
    mailing = facts.mailing
    if mailing.queued == 0 and not facts.leased:
        return _waiting_for_retries(facts)
    if facts.rests and not facts.leased:
        return Standing("info", facts.rests)
    if facts.speed:
        return Standing("ok", _pace(facts))
    if not facts.served:
        return _unserved()
    if mailing.tries:
        return _tried(facts)
    if mailing.why:
        return Standing(
            "warn", f"Waits, and tries again by itself: {mailing.why}. Nobody is lost meanwhile."
        )
    return Standing("ok", _pace(facts)) if facts.leased else _waiting_for_a_worker(facts)


def _waiting_for_a_worker(facts: Facts) -> Standing:
    n = facts.leased_elsewhere
    if n:
        busy = "1 batch of another mailing is" if n == 1 else f"{n} batches of other mailings are"
        return Standing("warn", f"Waits for a free worker: {busy} being sent.")
    return Standing(
        "warn", "Waits for a worker to take it up, which they do within seconds. Nobody is lost."
    )


def _pace(facts: Facts) -> str:
    if facts.asked is None:
        return "Goes out as fast as the relay takes it."
    if facts.speed >= facts.asked * AS_ASKED or facts.speed + FEW >= facts.asked:
        return "Goes out at the rate that was asked."
    return "Goes out below the rate that was asked: it has just begun, or the relay takes no more."


def _waiting_for_retries(facts: Facts) -> Standing:
    if not facts.mailing.deferred:
        return Standing("ok", "Everybody was attempted; it is being closed.")
    when = f"next {facts.at(facts.next_retry)}" if facts.next_retry else "at once"
    if facts.last_retry and facts.next_retry and facts.last_retry - facts.next_retry > SOON:
        when += f", last {facts.at(facts.last_retry)}"
    return Standing("info", f"Waits to try the {facts.mailing.deferred:,} deferred again: {when}.")


def _paused(facts: Facts) -> Standing:
    stopping = " What is on the wire ends within seconds." if facts.leased else ""
    why = facts.mailing.why or "Paused."
    return Standing("warn", f"{why}{stopping} Resuming goes on where it stopped.")


def _held(facts: Facts) -> Standing:
    why = facts.mailing.why or "It waits for a person: resume it to send it, or cancel it."
    return Standing("bad", why)


def _quarantined(facts: Facts) -> Standing:
    return Standing(
        "bad",
        f"Failed {TRIES} times and stopped; other mailings go on. {facts.mailing.why} "
        "Mend the cause, then resume it.",
    )


def _done(facts: Facts) -> Standing:
    mailing = facts.mailing
    if mailing.uncertain:
        return Standing(
            "warn",
            f"{mailing.uncertain:,} uncertain: nothing says whether they arrived. Settle them.",
        )
    when = f" {facts.at(mailing.finished_at)}" if mailing.finished_at else ""
    return Standing("ok", f"Ended{when}. Every candidate is accounted for.")


def _cancelled(facts: Facts) -> Standing:
    left = facts.mailing.queued + facts.mailing.deferred
    rest = f" {left:,} are being taken back." if left else " What had not gone stays unsent."
    return Standing("quiet", f"{facts.mailing.why or 'Cancelled.'}{rest}")


def _unserved() -> Standing:
    return Standing("bad", "No worker that sends it is running. Start them with: digest up")


def _tried(facts: Facts) -> Standing:
    tries = f"Try {facts.mailing.tries} of {TRIES} failed, and it is tried again."
    return Standing("warn", f"{tries} {facts.mailing.why}")


_TELL = {
    MailingState.SCHEDULED: _scheduled,
    MailingState.PREPARING: _preparing,
    MailingState.SENDING: _sending,
    MailingState.DONE: _done,
    MailingState.PAUSED: _paused,
    MailingState.HELD: _held,
    MailingState.QUARANTINED: _quarantined,
    MailingState.CANCELLED: _cancelled,
}
