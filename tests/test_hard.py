"""What counts as a hard bounce in our own dialogue, and that each delivery counts once."""

import pytest

from digest.models import Topic
from tests.ledgering import mailing, readers
from workers import audience, evidence, ledger
from workers.brake.hard import is_hard
from workers.ledger import Result
from workers.models import BULK, DeliveryState, Mailing

GONE = "550 5.1.1 no such user"


@pytest.mark.parametrize(
    ("code", "answer", "hard"),
    [
        (550, GONE, True),
        (550, "550 5.1.10 takes no mail", True),
        (550, "550 No such user here", True),
        (553, "553 mailbox name not allowed", True),
        (550, "550 5.7.1 blocked by policy", False),
        (550, "550 5.1.8 bad sender", False),
        (552, "552 5.2.2 mailbox full", False),
        (554, "554 transaction failed", False),
        (450, "450 5.1.1 not now", False),
        (250, "250 2.1.5 OK", False),
        (450, "Given up after 24 h. Last answer: 450 4.2.0 later", False),
    ],
)
def test_a_refusal_is_hard_only_where_it_speaks_of_the_recipient(
    code: int, answer: str, hard: bool
) -> None:
    assert is_hard(code, answer) is hard


def hard(sent: Mailing) -> int:
    sent.refresh_from_db()
    return sent.hard


@pytest.mark.django_db
@pytest.mark.both_databases
def test_each_delivery_counts_once_though_it_is_told_twice_or_tried_again(pivot: Topic) -> None:
    readers(pivot, 4)
    sent = mailing(pivot)
    audience.fill(sent.id)
    batch = ledger.claim(BULK, "h1", "w1")
    assert batch is not None
    one, two, three, four = [row.id for row in ledger.queued(batch)]
    gone = Result(one, DeliveryState.FAILED, 550, GONE)
    ours = Result(two, DeliveryState.FAILED, 550, "550 5.7.1 not from you")
    ledger.record(sent.id, [gone, ours, Result(four, DeliveryState.ACCEPTED, 250, GONE)])
    assert hard(sent) == 1
    ledger.record(sent.id, [gone, Result(three, DeliveryState.UNCERTAIN)])
    assert hard(sent) == 1, "a journal that is read again tells nothing new"
    evidence.settle([Result(three, DeliveryState.FAILED, 550, GONE)])
    assert hard(sent) == 2, "what comes to light late counts too"
    ledger.requeue(sent.id, [one, two, three], DeliveryState.FAILED)
    assert hard(sent) == 0
    ledger.record(sent.id, [gone])
    assert hard(sent) == 1, "tried again, it is the same reader"
