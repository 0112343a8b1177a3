"""Corrections: to those who got what was wrong, and still follow; each follows their own mail."""

from email import message_from_bytes

import pytest

from digest.briefings import Briefing
from digest.errors import Refused
from subscribers.models import Subscriber, Subscription
from workers import audience, balance, corrections, ledger
from workers.letters import Letters
from workers.models import Batch, DeliveryState, Mailing, MailingState, Outcome

pytestmark = pytest.mark.django_db
SAYS = "The story said ten newsrooms; **nine** have signed."


@pytest.fixture
def over(due: Mailing) -> Mailing:
    """The update went to five: three got it, one failed, of one nobody knows."""
    states = ["accepted", "accepted", "accepted", "failed", "uncertain"]
    for delivery, state in zip(due.deliveries.order_by("id"), states, strict=True):
        due.deliveries.filter(id=delivery.id).update(state=state)
    due.state, due.queued, due.accepted, due.failed, due.uncertain = MailingState.DONE, 0, 3, 1, 1
    due.save()
    return due


def correct(over: Mailing) -> Mailing:
    assert over.update is not None
    over.update.refresh_from_db()
    return corrections.correct(over.update, SAYS, [Briefing.objects.get().slug], by="pia")


def filled(mailing: Mailing) -> list[str]:
    assert audience.fill(mailing.id)
    mailing.refresh_from_db()
    assert balance.sheet(mailing).balanced
    return sorted(mailing.deliveries.values_list("address", flat=True))


@pytest.mark.both_databases
def test_a_correction_goes_to_those_who_got_the_update(over: Mailing) -> None:
    assert filled(correct(over)) == [f"reader{n}@example.org" for n in (1, 2, 3)]


@pytest.mark.both_databases
def test_whoever_left_since_or_never_saw_it_is_left_in_peace(over: Mailing) -> None:
    left = Subscriber.objects.get(email="reader1@example.org")
    Subscription.objects.filter(subscriber=left).update(state="unsubscribed")
    over.deliveries.filter(address="reader2@example.org").update(outcome=Outcome.BOUNCED)
    assert filled(correct(over)) == ["reader3@example.org"]


def test_it_says_the_correction_first_then_the_story_as_it_stands_now(over: Mailing) -> None:
    story = Briefing.objects.get()
    story.summary = "Nine newsrooms have signed."
    story.save()
    edition = correct(over).edition
    assert edition is not None
    assert edition.text.index("nine") < edition.text.index("Nine newsrooms have signed.")
    assert edition.html.index("<strong>nine</strong>") < edition.html.index("Nine newsrooms")
    assert edition.subject == f"Correction: {story.headline}"
    assert "_UNSUBSCRIBE_URL__" in edition.html


def test_each_correction_follows_the_very_mail_that_its_reader_got(
    over: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "_RUN", 2)
    over.deliveries.filter(address="reader2@example.org").update(generation=1)
    mailing = correct(over)
    filled(mailing)
    got = {
        row.subscriber_id: message_from_bytes(Letters(over).message(row))["Message-ID"]
        for row in rows(over)
    }
    made = Letters(mailing)
    named = {
        row.subscriber_id: message_from_bytes(made.envelope(row).message)["References"]
        for row in rows(mailing)
    }
    assert len(set(named.values())) == 3
    assert named == {who: got[who] for who in named}


def rows(mailing: Mailing) -> list[ledger.Row]:
    addresses = mailing.deliveries.order_by("id").values_list("address", flat=True)
    Batch.objects.filter(mailing=mailing).update(dated_at=mailing.created_at)
    found = [ledger.one(mailing, address) for address in addresses]
    return [row for row in found if row]


@pytest.mark.both_databases
def test_the_same_is_not_sent_twice(over: Mailing) -> None:
    first = correct(over)
    with pytest.raises(Refused, match="sent already"):
        correct(over)
    Mailing.objects.filter(id=first.id).update(state=MailingState.CANCELLED)
    correct(over)


def test_an_update_that_is_still_on_its_way_is_not_corrected_yet(due: Mailing) -> None:
    with pytest.raises(Refused, match="cancel the rest"):
        correct(due)
    assert Mailing.objects.count() == 1


def test_what_can_t_be_corrected_is_said_in_words(over: Mailing) -> None:
    assert over.update is not None
    over.update.refresh_from_db()
    with pytest.raises(Refused, match=r"did not carry nothing-such.*It carried: story"):
        corrections.correct(over.update, SAYS, ["nothing-such"], by="pia")
    with pytest.raises(Refused, match="what was wrong"):
        corrections.correct(over.update, "  ", [], by="pia")
    assert Mailing.objects.count() == 1
    assert DeliveryState.ACCEPTED in over.deliveries.values_list("state", flat=True)
