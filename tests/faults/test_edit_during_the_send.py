"""An edit during the send changes nothing in flight: editions are frozen."""

import pytest

from digest import approval, arranging, drafting
from digest.errors import Refused
from digest.models import Topic
from subscribers.models import Segment
from tests.briefings import keep_briefing
from tests.ledgering import readers
from tests.relays import BRISK, sink
from tests.sends import Through, holds
from workers import audience, balance, departures, ledger, sending
from workers.letters import Letters
from workers.models import BULK, Mailing

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_an_edit_during_the_send_changes_not_a_byte_of_what_is_in_flight(
    due: Mailing, through: Through
) -> None:
    batch = ledger.claim(BULK, "here", "one")
    assert batch is not None
    meant = {row.address: Letters(batch.mailing).message(row) for row in ledger.queued(batch)}
    ledger.release(batch)
    edit_everything(due.topic)
    with sink(connections="2") as (relay, kept):
        through(relay, BRISK)
        sending.send(BULK, seconds=5)
    got = {to.decode(): message for _, (to,), message in kept}
    assert got == meant
    holds(due, list(got))


def edit_everything(topic: Topic) -> None:
    """What an editor, and whoever sets the topic up, may change at any time."""
    keep_briefing(topic, "story", headline="Another headline", summary="Something else.")
    keep_briefing(topic, "second")
    Topic.objects.filter(pk=topic.pk).update(
        name="Another name", from_address="Other <other@example.org>", language="de"
    )
    drafting.draft(Topic.objects.get(pk=topic.pk), by="edda")


def test_an_approved_update_takes_no_edits(due: Mailing) -> None:
    assert due.update is not None
    with pytest.raises(Refused):
        arranging.drop(due.update, "story", "edda")


def test_a_segment_that_is_changed_during_the_fill_changes_nobody_s_mailing(pivot: Topic) -> None:
    readers(pivot, 5)
    keep_briefing(pivot, "story")
    segment = Segment.objects.create(name="all", rule={"field": "topic", "is": pivot.slug})
    approval.approve(drafting.draft(pivot), by="pia", segments=["all"], rate=0.2)
    (made,) = departures.take_due_updates()
    assert audience._fill_chunk(made), "two of five: the rate makes small batches"
    segment.rule = {"field": "tag", "is": "nobody"}
    segment.save()
    assert audience.fill(made)
    assert balance.sheet(Mailing.objects.get(id=made)).candidates == 5
