"""From what the relay answered to what the ledger records."""

import datetime as dt

from django.utils import timezone

from workers.brake import quiet
from workers.ledger import Result, Row
from workers.models import DeliveryState, Mailing
from workers.outbox import Outcome, Verdict
from workers.retries import next_attempt

_FINAL = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED.value,
    Verdict.FAILED: DeliveryState.FAILED.value,
    Verdict.UNCERTAIN: DeliveryState.UNCERTAIN.value,
}


def result_of(
    row: Row, outcome: Outcome, mailing: Mailing, now: dt.datetime | None = None
) -> list[Result]:
    """One result; none where nothing was tried, for then the delivery stays queued."""
    verdict, code, text, _ = outcome
    if state := _FINAL.get(verdict):
        return [Result(row.id, state, code, text)]
    if verdict is Verdict.UNTRIED:
        return []
    return [_deferred(row, outcome, mailing, now or timezone.now())]


def deadline(mailing: Mailing) -> dt.datetime:
    """Until when what was put off is tried again; quiet hours take nothing of that time."""
    since, care = mailing.started_at or mailing.due_at, quiet.care_of(mailing)
    hours = care.quiet if care else ""
    return quiet.after(hours, mailing.topic.zone, since, mailing.give_up_after)


def given_up(row: Row, mailing: Mailing, code: int, text: str, attempt: int = 1) -> Result:
    """What is tried no more; ``attempt``: 0 where nothing was tried just now."""
    hours = mailing.give_up_after.total_seconds() / 3600
    said = f"Given up after {hours:.0f} h. Last answer: {text}"
    return Result(row.id, DeliveryState.FAILED, code, said, attempt=attempt)


def _deferred(row: Row, outcome: Outcome, mailing: Mailing, now: dt.datetime) -> Result:
    again = next_attempt(row.attempts + 1, now, deadline(mailing), outcome.wait)
    if again is None:
        return given_up(row, mailing, outcome.code, outcome.text)
    return Result(row.id, DeliveryState.DEFERRED, outcome.code, outcome.text, again)
