"""What a relay's refusal does beside the ledger: whose mailbox is none is not mailed again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digest.models import Topic
from subscribers.models import Suppression, SuppressionReason, address_hash
from tests.ledgering import mailing, readers
from tests.returning import accepted, deliveries
from workers import audience, balance, ledger
from workers.feedback import returns
from workers.feedback.events import refusal_in
from workers.ledger import Result, Row
from workers.models import BULK, DeliveryState, Mailing

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def sent(pivot: Topic) -> tuple[Mailing, list[Row]]:
    """A mailing on its way to four readers."""
    readers(pivot, 4)
    made = mailing(pivot)
    audience.fill(made.id)
    batch = ledger.claim(BULK, "h1", "w1")
    assert batch is not None
    return made, ledger.queued(batch)


def refused(row: Row, answer: str, code: int = 550) -> Result:
    return Result(row.id, DeliveryState.FAILED, code, answer)


def suppressed() -> set[str]:
    return set(Suppression.objects.values_list("email_hash", flat=True))


def test_a_refusal_that_speaks_of_the_recipient_suppresses_and_is_taken_back_with_the_mailing(
    sent: tuple[Mailing, list[Row]],
) -> None:
    made, (one, two, three, four) = sent
    told = [
        refused(one, "550 5.1.1 <reader1@example.org>: Recipient address rejected: User unknown"),
        refused(two, "554 5.7.1 <reader2@example.org>: Recipient address rejected: Access denied"),
        refused(three, "550 No such user here", 550),
        refused(four, "550 5.1.8 Sender address rejected: Domain not found"),
    ]
    ledger.record(made.id, told)
    ledger.record(made.id, told)
    gone = {address_hash(row.address) for row in (one, three)}
    assert suppressed() == gone
    first = Suppression.objects.get(email_hash=address_hash(one.address))
    assert (first.reason, first.detail, first.by) == (
        SuppressionReason.HARD_BOUNCE, "5.1.1, told by the relay", f"mailing {made.id}",
    )  # fmt: skip
    assert balance.sheet(made).balanced
    assert returns.unsuppress(made, "otto@example.org") == 2
    assert suppressed() == set()


def test_what_was_put_off_or_accepted_suppresses_nobody_whatever_is_said(
    sent: tuple[Mailing, list[Row]],
) -> None:
    made, (one, two, three, _) = sent
    ledger.record(
        made.id,
        [
            Result(one.id, DeliveryState.DEFERRED, 450, "450 5.1.1 unknown, but try again"),
            Result(two.id, DeliveryState.ACCEPTED, 250, "250 5.1.1 taken"),
            refused(three, "Given up after 24 h. Last answer: 450 4.1.1 user unknown", 450),
        ],
    )
    assert suppressed() == set()


def test_recording_takes_no_further_statement_where_nobody_was_refused(pivot: Topic) -> None:
    def statements(answer: str, code: int) -> int:
        made = accepted(pivot, 3, DeliveryState.QUEUED)
        told = [refused(row, answer, code) for row in deliveries(made)]  # type: ignore[arg-type]
        with CaptureQueriesContext(connection) as asked:
            ledger.record(made.id, told)
        return len(asked)

    plain = statements("554 5.7.1 not from you", 554)
    assert statements("550 5.1.1 unknown", 550) == plain + 3


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("550 5.1.1 <a@example.org>: user unknown", "5.1.1"),
        ("550 5.7.1 user unknown, or so we say to you", "5.7.1"),
        ("5.0.0 550 <a@example.org>: User unknown", "5.1.1"),
        ("550 Requested action not taken: mailbox unavailable", ""),
        ("550 The user does not exist", "5.1.1"),
        ("Sorry, no mailbox here by that name. (#5.1.1)", "5.1.1"),
        ("550 Sender verify failed: unknown user", ""),
        ("552 mailbox full", ""),
        ("550 blocked, see 192.0.2.25", ""),
    ],
)
def test_a_refusal_is_read_by_its_code_else_by_words_that_leave_no_doubt(
    words: str, code: str
) -> None:
    assert refusal_in(words) == code
