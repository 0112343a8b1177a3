"""Whoever leaves during the send gets no message that begins more than 2 s after the answer."""

import datetime as dt
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from digest.models import Topic
from subscribers.models import Subscription, SubscriptionState, Suppression, address_hash
from subscribers.tokens import Purpose, make
from tests.faults.meanwhile import send_and
from tests.sends import due_to, holds, received
from workers import balance, sending
from workers.models import BULK, Mailing
from workers.outbox import Envelope, Outcome, Verdict, Withdrawn

pytestmark = [pytest.mark.both_databases]


@pytest.mark.django_db(transaction=True)
def test_no_message_starts_more_than_2_s_after_its_readers_unsubscribe_was_answered(
    pivot: Topic, relay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = due_to(pivot, 80, rate=20)
    leaving = list(sent.deliveries.order_by("-id")[:40])

    def leave() -> None:
        for one in leaving:
            token = make(Purpose.UNSUBSCRIBE, one.subscriber_id or 0, pivot.id, 0)
            answer = Client().post(f"/unsubscribe/{token}/", {"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200

    seen = send_and(leave, after=5, patch=monkeypatch)
    left = {one.id for one in leaving}
    assert [one for one in seen.later_than(2.0) if one in left] == []
    got = received(relay)
    holds(sent, got)
    assert balance.sheet(sent).excluded == {"unsubscribed": 80 - len(got)}
    assert 40 <= len(got) < 80


@pytest.mark.django_db
def test_whoever_left_since_the_fill_is_excluded_with_the_reason(due: Mailing, relay: Path) -> None:
    Subscription.objects.filter(subscriber__email="reader1@example.org").update(
        state=SubscriptionState.UNSUBSCRIBED
    )
    Subscription.objects.filter(subscriber__email="reader2@example.org").update(
        state=SubscriptionState.PAUSED, paused_until=timezone.now() + dt.timedelta(days=3)
    )
    Suppression.objects.create(email_hash=address_hash("reader3@example.org"), reason="complaint")
    sending.send(BULK, seconds=5)
    assert received(relay) == ["reader4@example.org", "reader5@example.org"]
    sheet = balance.sheet(due)
    assert sheet.excluded == {"unsubscribed": 1, "paused": 1, "suppressed": 1}
    assert sheet.balanced


@pytest.mark.django_db
def test_whoever_leaves_while_the_relay_keeps_their_message_waiting_is_not_sent_it(
    due: Mailing, outbox: sending._Outbox
) -> None:
    first, second = outbox.take(), outbox.take()
    assert isinstance(first, Envelope)
    assert isinstance(second, Envelope)
    gone = due.deliveries.get(id=second.key).subscriber
    Subscription.objects.filter(subscriber=gone).update(state=SubscriptionState.UNSUBSCRIBED)
    outbox._looked_at -= sending.LOOK_EVERY
    outbox.tick()
    outbox.begin(first.key)
    with pytest.raises(Withdrawn):
        outbox.begin(second.key)
    outbox.settle(first.key, Outcome(Verdict.ACCEPTED, 250, "250 OK"))
    outbox.settle(second.key, Outcome(Verdict.UNTRIED, 0, "withdrawn"))
    outbox.record()
    assert due.deliveries.get(id=second.key).state == "queued", "the next claim excludes it"
