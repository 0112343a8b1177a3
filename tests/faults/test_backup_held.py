"""Backup, more sends, restore: nothing goes out by itself, and the list of the held is exact."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from digest import approval, drafting, requesting
from digest.audit import AuditEntry
from digest.models import Letter, Stage, Topic, Update
from subscribers import erasing, signup, suppression, unsubscribe
from subscribers.models import Subscriber, Subscription, SubscriptionState
from subscribers.requested import LetterRequest, WelcomeRequest
from tests.briefings import keep_briefing
from tests.sends import due_to, received, states
from workers import audience, balance, departures, ledger, mailings, schedule, sending, ticking
from workers.backup import restoring, taking
from workers.backup.archive import Archive
from workers.backup.restoring import Restored
from workers.commands.status import _plain
from workers.ledger import Result
from workers.models import (
    BULK,
    URGENT,
    Batch,
    BatchState,
    Delivery,
    DeliveryState,
    Mailing,
    Schedule,
    Slot,
    SlotResult,
)
from workers.rules import Rule

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the backup goes; and a DATA_DIR of its own, and no broker that ticks would wait for."""
    settings.DATA_DIR = tmp_path / "var"
    settings.DATA_DIR.mkdir()
    settings.SECRET_KEY_IS_KEPT = True
    for module in (ticking, mailings):
        monkeypatch.setattr(module, "wake", lambda *_: None)
    return tmp_path / "monday.backup"


def restored(file: Path) -> Restored:
    with file.open("rb") as opened:
        return restoring.restore(Archive(opened, str(file)), "otto", replace=True)


def work() -> None:
    """All that workers would do by themselves."""
    for _ in range(2):
        ticking.tick()
        for mailing_id in Mailing.objects.filter(state="preparing").values_list("id", flat=True):
            mailings.prepare(mailing_id, 5)
        for kinds in (BULK, URGENT):
            sending.send(kinds, seconds=2)


def held() -> set[str]:
    """What digest status lists as held, by what it is."""
    listed = [one["mailing"] for one in _plain()["mailings"] if one["state"] == "held"]
    found = Mailing.objects.filter(id__in=listed).select_related("update", "topic")
    return {f"{one.kind} {one.update.ref if one.update else one.topic.slug}" for one in found}


def topic(slug: str) -> Topic:
    """Another topic, with the same readers."""
    made = Topic.objects.create(slug=slug, name=slug.title(), zone="UTC")
    for person in Subscriber.objects.filter(email__startswith="reader"):
        person.subscriptions.create(topic=made, state=SubscriptionState.CONFIRMED)
    return made


def approved(topic: Topic, at: dt.datetime | None = None) -> Update:
    keep_briefing(topic, "story")
    return approval.approve(drafting.draft(topic), by="pia", at=at)


def filled(topic: Topic) -> Mailing:
    """A mailing whose audience is filled, and of which nothing has gone."""
    approved(topic)
    (made,) = departures.take_due_updates()
    audience.fill(made)
    return Mailing.objects.get(id=made)


def partly_sent(topic: Topic) -> Mailing:
    """Two have it, one is put off, two wait."""
    sent = filled(topic)
    first, second, third, *_ = sent.deliveries.order_by("id").values_list("id", flat=True)
    later = timezone.now() + HOUR
    ledger.record(
        sent.id,
        [
            Result(first, DeliveryState.ACCEPTED, 250, "250 OK"),
            Result(second, DeliveryState.ACCEPTED, 250, "250 OK"),
            Result(third, DeliveryState.DEFERRED, 451, "451 later", next_attempt_at=later),
        ],
    )
    return sent


def ended_with_one_uncertain(topic: Topic) -> Mailing:
    """All have it but one of whom nobody knows; what is uncertain is sent again unasked."""
    Topic.objects.filter(id=topic.id).update(resend_uncertain=True)
    sent = filled(topic)
    *others, last = sent.deliveries.order_by("id").values_list("id", flat=True)
    results = [Result(one, DeliveryState.ACCEPTED, 250, "250 OK") for one in others]
    ledger.record(sent.id, [*results, Result(last, DeliveryState.UNCERTAIN, answer="unheard")])
    Batch.objects.filter(mailing=sent).update(state=BatchState.DONE)
    ledger.finish()
    return sent


def ask_for_small_mails(update: Update) -> None:
    """A test, a confirmation, a welcome and a letter, none of them made yet."""
    requesting.request_test(update, ["edda@example.org"], by="edda")
    signup.ask("new@example.org", [update.topic], "a test")
    one = Subscription.objects.filter(topic=update.topic).latest("id")
    WelcomeRequest.objects.create(subscription=one)
    LetterRequest.objects.create(
        subscriber=one.subscriber,
        topic=one.topic,
        letter=Letter.LINKS,
        address=one.subscriber.email or "",
        asked_at=timezone.now(),
    )


def test_nothing_of_a_restored_backup_goes_out_by_itself_and_the_held_list_is_exact(
    pivot: Topic, relay: Path, file: Path
) -> None:
    due_to(pivot, 5)
    work()  # all of it, before the backup
    begun = partly_sent(topic("harbour"))
    filled(topic("market"))
    ended_with_one_uncertain(topic("ferry"))
    update = approved(topic("pier"))
    approved(topic("later"), at=timezone.now() + HOUR)
    quay = topic("quay")
    keep_briefing(quay, "story")
    due = (timezone.now() - dt.timedelta(minutes=2)).replace(second=0, microsecond=0)
    schedule.set_schedule(quay, Rule(f"{due:%M %H} * * *", "UTC"), auto=True, by="test")
    Schedule.objects.update(next_at=due)
    ask_for_small_mails(update)
    taking.back_up(str(file))

    work()
    assert Counter(received(relay))["reader1@example.org"] == 4, "pivot, market, pier, quay"
    assert {"edda@example.org", "new@example.org"} < set(received(relay))
    one, five = (Subscriber.objects.get(email=f"reader{n}@example.org") for n in (1, 5))
    suppression.add("reader4@example.org", by="otto")
    unsubscribe.leave(five.id, begun.topic_id)
    erasing.erase(one, "ada")
    newest = Delivery.objects.latest("id").id
    before = received(relay)

    done = restored(file)
    work()
    assert received(relay) == before, "nothing went out by itself"
    assert held() == {
        "scheduled harbour/1", "scheduled market/1", "scheduled ferry/1", "scheduled pier/1",
        "test pier/1", "confirm pier", "welcome pier", "letter pier",
    }  # fmt: skip
    assert len(done.mailings) == 8
    assert [*Slot.objects.values_list("topic__slug", "result")] == [("quay", SlotResult.HELD)]
    assert done.slots == 1
    assert Update.objects.get(topic__slug="later").stage == Stage.APPROVED
    assert done.carried == (1, 1, 2)
    entry = AuditEntry.objects.get(what="restored backup")
    assert (entry.who, entry.about, entry.detail["left"]) == ("otto", "monday.backup", 1)

    begun.refresh_from_db()
    assert "was put back" in begun.why
    assert "to some of them again" in begun.why
    mailings.resume(begun, by="otto")
    work()
    assert sorted(states(begun).values()) == sorted(
        ["accepted", "accepted", "deferred", "excluded", "excluded"]
    )
    assert received(relay) == before, "who was left of it has left, or must not be mailed"
    assert balance.sheet(begun).balanced
    ann = Subscriber.objects.create(email="ann@example.org", email_hash="-")
    anew = Delivery.objects.create(mailing=begun, batch=begun.batches.get(), subscriber=ann)
    assert anew.id > newest, "a bounce of what was lost names nobody"
