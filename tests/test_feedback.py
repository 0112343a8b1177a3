"""What an event does to its delivery, its reader and its mailing, in whatever order it comes."""

import datetime as dt
from itertools import permutations
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest.audit import AuditEntry
from digest.models import Topic
from subscribers import erasing
from subscribers.models import (
    LeavingReason,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    address_hash,
)
from tests.returning import (
    WHEN,
    accepted,
    again,
    deliveries,
    event,
    outcomes,
    sent_on,
    suppressed,
)
from workers import balance
from workers.commands.mailings import unsuppress
from workers.feedback import applying, retention, returns
from workers.feedback.applying import apply
from workers.feedback.events import RECIPIENT, Event
from workers.feedback.models import Heard, Kind, Returned
from workers.feedback.providers import Provider
from workers.letters import keys
from workers.message import message_id
from workers.models import Delivery, DeliveryState, Mailing, Outcome

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """A mailing that three readers' relay accepted."""
    return accepted(pivot)


# ---- which delivery ---------------------------------------------------------------------------


def test_an_event_finds_its_delivery_by_our_tag(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    assert apply([event(one, Kind.DELIVERED)]) == (1, 0)
    assert outcomes(sent) == ["delivered", "unknown", "unknown"]


def test_another_providers_event_can_not_name_a_message_by_a_tag_it_has_seen(
    sent: Mailing,
) -> None:
    one, *_ = deliveries(sent)
    seen = event(one, Kind.COMPLAINED).tags
    assert apply([Event(Kind.COMPLAINED, Provider.BREVO, WHEN, tags=seen)]) == (1, 1)
    assert outcomes(sent) == ["unknown"] * 3
    assert not suppressed()


@pytest.mark.parametrize("forged", ["1-" + "0" * 20, "zz", "1", "-", "f" * 16 + "-" + "0" * 20])
def test_a_tag_that_we_did_not_make_names_nobody(sent: Mailing, forged: str) -> None:
    assert apply([Event(Kind.HARD, Provider.POSTMARK, WHEN, tags=(forged,), code="5.1.1")]) == (
        1,
        1,
    )
    assert outcomes(sent) == ["unknown"] * 3


def test_an_event_finds_its_delivery_by_our_message_id_and_its_recipient(sent: Mailing) -> None:
    one, two, _ = deliveries(sent)
    ours = message_id(keys().messages, sent.id, one.id, 0, "example.org")
    told = Event(Kind.DELIVERED, Provider.BREVO, WHEN, message_id=ours, recipient=two.address)
    assert apply([told]) == (1, 1)
    told = Event(
        Kind.DELIVERED, Provider.BREVO, WHEN, message_id=ours, recipient=one.address.upper()
    )
    assert apply([told]) == (1, 0)
    assert outcomes(sent) == ["delivered", "unknown", "unknown"]


def test_a_message_id_of_another_mailing_names_nobody(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    other = message_id(keys().messages, sent.id + 1, one.id, 0, "example.org")
    told = Event(Kind.DELIVERED, Provider.BREVO, WHEN, message_id=other, recipient=one.address)
    assert apply([told]) == (1, 1)


def test_an_event_finds_its_delivery_by_the_id_in_the_relay_s_answer(sent: Mailing) -> None:
    _, two, _ = deliveries(sent)
    of = {"provider_id": f"q{two.id:07}z", "recipient": two.address}
    assert apply([Event(Kind.DELIVERED, Provider.MAILERSEND, WHEN, **of)]) == (1, 0)
    assert outcomes(sent) == ["unknown", "delivered", "unknown"]
    of["recipient"] = "reader1@example.org"
    assert apply([Event(Kind.COMPLAINED, Provider.MAILERSEND, WHEN, **of)]) == (1, 1)


# ---- outcomes -----------------------------------------------------------------------------------


def test_the_weightiest_outcome_stands_in_whatever_order_events_come(pivot: Topic) -> None:
    kinds = (Kind.COMPLAINED, Kind.HARD, Kind.DELIVERED, Kind.DROPPED)
    orders = list(permutations(kinds))
    made = accepted(pivot, len(orders))
    for one, order in zip(deliveries(made), orders, strict=True):
        for kind in order:
            apply([event(one, kind)])
    assert outcomes(made) == ["complained"] * len(orders)
    assert returns.of(made) == returns.Returns(0, 0, 0, len(orders), 0, len(orders))


def test_one_batch_may_tell_several_things_of_one_message(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    apply([event(one, kind) for kind in (Kind.SOFT, Kind.DELIVERED, Kind.HARD)])
    assert outcomes(sent)[0] == "bounced"
    assert returns.of(sent) == returns.Returns(0, 1, 0, 0, 2, 1)


def test_the_counters_say_what_the_rows_say_and_leave_the_sheet_alone(sent: Mailing) -> None:
    one, two, three = deliveries(sent)
    before = balance.sheet(sent)
    apply([event(one, Kind.DELIVERED), event(two, Kind.DROPPED), event(three, Kind.DELIVERED)])
    apply([event(three, Kind.SOFT)])
    assert returns.of(sent) == returns.Returns(1, 1, 1, 0, 0, 0)
    assert balance.sheet(sent) == before


def test_what_is_told_again_changes_nothing(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    told = [event(one, Kind.HARD, id="e1", code="5.1.1"), event(one, Kind.DELIVERED)]
    assert apply(told) == (2, 0)
    Suppression.objects.all().delete()
    before = list(Returned.objects.order_by("key").values()), returns.of(sent)
    assert apply([*told, *told]) == (0, 0)
    assert (list(Returned.objects.order_by("key").values()), returns.of(sent)) == before
    assert not suppressed()


def test_a_batch_is_kept_whole_or_not_at_all(
    sent: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_told: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(applying, "_suppress", fails)
    with pytest.raises(RuntimeError):
        apply([event(one, Kind.HARD, code="5.1.1") for one in deliveries(sent)])
    assert outcomes(sent) == ["unknown"] * 3
    assert not Returned.objects.exists()


def test_a_batch_takes_a_bounded_number_of_statements(pivot: Topic) -> None:
    made = accepted(pivot, 60)
    rows = deliveries(made)

    def statements(some: list[Delivery]) -> int:
        told = [event(one, Kind.DELIVERED) for one in some]
        told += [event(one, Kind.HARD, code="5.1.1") for one in some[::2]]
        with CaptureQueriesContext(
            connection,
        ) as asked:
            apply(told)
        return len(asked)

    few = statements(rows[:4])
    assert statements(rows[4:]) <= few


# ---- uncertain ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.DELIVERED, Kind.SOFT, Kind.DROPPED, Kind.COMPLAINED])
def test_an_event_proves_that_an_uncertain_message_was_taken(pivot: Topic, kind: Kind) -> None:
    made = accepted(pivot, 2, DeliveryState.UNCERTAIN)
    one, two = deliveries(made)
    assert (made.uncertain, made.accepted) == (2, 0)
    apply([event(one, kind)])
    made.refresh_from_db()
    one.refresh_from_db()
    assert (made.uncertain, made.accepted) == (1, 1)
    assert one.state == DeliveryState.ACCEPTED
    assert one.answer.startswith("By postmark: ")
    assert balance.sheet(made).balanced
    apply([event(two, Kind.UNSUBSCRIBED)])
    made.refresh_from_db()
    assert made.uncertain == 1, "to unsubscribe is possible by an older mail"


# ---- who is mailed again ------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(RECIPIENT))
def test_a_hard_bounce_that_speaks_of_the_recipient_suppresses(sent: Mailing, code: str) -> None:
    one, *_ = deliveries(sent)
    apply([event(one, Kind.HARD, code=code)])
    assert suppressed() == {address_hash(one.address): SuppressionReason.HARD_BOUNCE}
    assert Suppression.objects.get().by == f"mailing {sent.id}"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.HARD, "5.1.7"), (Kind.HARD, "5.1.8"), (Kind.HARD, "5.7.1"), (Kind.HARD, "5.7.26"),
        (Kind.HARD, ""), (Kind.HARD, "5.2.2"), (Kind.SOFT, "5.1.1"), (Kind.SOFT, "4.2.2"),
        (Kind.DROPPED, "5.1.1"), (Kind.DELIVERED, ""),
    ],
)  # fmt: skip
def test_whatever_else_comes_back_once_suppresses_nobody(
    sent: Mailing, kind: Kind, code: str
) -> None:
    apply([event(one, kind, code=code) for one in deliveries(sent)])
    assert not suppressed()


def bounced(topic: Topic, days_ago: float, kind: Kind = Kind.SOFT, code: str = "4.2.2") -> None:
    """Another mailing to the topic's one reader, which came back."""
    made = again(topic)
    sent_on(made, days_ago)
    (one,) = deliveries(made)
    apply([event(one, kind, code=code)])


def test_five_soft_bounces_in_a_row_over_two_weeks_suppress(pivot: Topic, ann: Subscriber) -> None:
    for days_ago in (20, 15, 10, 7):
        bounced(pivot, days_ago)
    assert not suppressed()
    bounced(pivot, 5)
    assert suppressed() == {ann.email_hash: SuppressionReason.HARD_BOUNCE}
    assert "five" in Suppression.objects.get().detail


def test_five_within_a_fortnight_are_a_holiday(pivot: Topic, ann: Subscriber) -> None:
    for days_ago in (13, 12, 11, 10, 1, 0.5):
        bounced(pivot, days_ago)
    assert not suppressed()


def test_one_mail_that_arrived_begins_the_count_anew(pivot: Topic, ann: Subscriber) -> None:
    for days_ago in (30, 25, 20):
        bounced(pivot, days_ago)
    bounced(pivot, 18, Kind.DELIVERED, "")
    for days_ago in (17, 10, 5, 1):
        bounced(pivot, days_ago)
    assert not suppressed()


def test_bounces_that_speak_of_us_do_not_count_towards_the_five(
    pivot: Topic, ann: Subscriber
) -> None:
    for days_ago in (30, 25, 20, 15):
        bounced(pivot, days_ago, Kind.HARD, "5.7.1")
    bounced(pivot, 10)
    assert not suppressed()


def test_a_complaint_unsubscribes_from_everything_and_suppresses(
    pivot: Topic, retail: Topic, ann: Subscriber
) -> None:
    Subscription.objects.create(subscriber=ann, topic=retail, state=SubscriptionState.CONFIRMED)
    made = again(pivot)
    apply([event(one, Kind.COMPLAINED) for one in deliveries(made)])
    left = Subscription.objects.filter(subscriber=ann).values_list("state", "left_code")
    assert list(left) == [(SubscriptionState.UNSUBSCRIBED, LeavingReason.COMPLAINED)] * 2
    assert suppressed() == {ann.email_hash: SuppressionReason.COMPLAINT}


def test_a_provider_s_own_unsubscribing_ends_the_mail_s_topic_alone(
    pivot: Topic, retail: Topic, ann: Subscriber
) -> None:
    Subscription.objects.create(subscriber=ann, topic=retail, state=SubscriptionState.CONFIRMED)
    made = again(pivot)
    apply([event(one, Kind.UNSUBSCRIBED) for one in deliveries(made)])
    left = Subscription.objects.filter(left_code=LeavingReason.BY_PROVIDER)
    assert [one.topic for one in left] == [pivot]
    assert outcomes(made) == ["unknown"]
    assert not suppressed()


def test_a_complaint_outweighs_an_earlier_bounce_and_stays_when_bounces_are_taken_back(
    sent: Mailing,
) -> None:
    one, two, _ = deliveries(sent)
    apply([event(one, Kind.HARD, code="5.1.1"), event(two, Kind.HARD, code="5.1.1")])
    apply([event(one, Kind.COMPLAINED)])
    assert returns.unsuppress(sent, "otto@example.org") == 1
    assert suppressed() == {address_hash(one.address): SuppressionReason.COMPLAINT}
    entry = AuditEntry.objects.get(what="took off suppression")
    assert (entry.about, entry.detail) == (f"mailing {sent.id}", {"addresses": 1})


def test_taking_a_mailing_s_bounces_back_leaves_those_of_others_and_the_erased(
    pivot: Topic,
) -> None:
    first = accepted(pivot, 3)
    second = again(pivot)
    apply([event(one, Kind.HARD, code="5.1.1") for one in deliveries(first)[:2]])
    apply([event(deliveries(second)[2], Kind.HARD, code="5.1.1")])
    gone = deliveries(first)[0].subscriber
    assert gone is not None
    kept = {gone.email_hash, address_hash(deliveries(second)[2].address)}
    erasing.erase(gone, "pia@example.org")
    assert returns.unsuppress(first, "otto@example.org") == 1
    assert set(suppressed()) == kept


# ---- strangers and the erased -------------------------------------------------------------------


def test_of_somebody_never_mailed_nothing_is_kept_that_identifies(sent: Mailing) -> None:
    said: dict[str, Any] = {
        "recipient": "eve@example.net", "words": "550 5.1.1 <eve@example.net>", "code": "5.1.1",
    }  # fmt: skip
    told = Event(Kind.HARD, Provider.MAILGUN, WHEN, id="e9", **said)
    assert apply([told]) == (1, 1)
    assert apply([told]) == (0, 0)
    row = Returned.objects.get()
    assert (row.delivery_id, row.subscriber_id, row.words) == (None, None, "")
    assert not suppressed()
    assert sum(Heard.objects.values_list("strangers", flat=True)) == 1


def test_of_somebody_erased_the_outcome_is_counted_and_nothing_else_kept(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    assert one.subscriber is not None
    erasing.erase(one.subscriber, "pia@example.org")
    before = suppressed()
    apply([event(one, Kind.HARD, code="5.1.1", words="550 5.1.1 <reader1@example.org>")])
    assert Returned.objects.get().words == ""
    assert suppressed() == before
    assert returns.of(sent).bounced == 1


def test_erasing_somebody_takes_out_what_servers_said_of_them(sent: Mailing) -> None:
    one, two, _ = deliveries(sent)
    apply([event(each, Kind.SOFT, words=f"452 <{each.address}> full") for each in (one, two)])
    assert one.subscriber is not None
    erasing.erase(one.subscriber, "pia@example.org")
    assert sorted(Returned.objects.values_list("words", flat=True)) == [
        "", f"452 <{two.address}> full",
    ]  # fmt: skip


def test_what_happened_is_kept_with_its_time_code_and_words(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    apply([event(one, Kind.HARD, code="5.1.1", words="no such\0 user " + "x" * 900)])
    row = Returned.objects.get()
    assert (row.delivery_id, row.subscriber_id, row.at) == (one.id, one.subscriber_id, WHEN)
    assert row.code == "5.1.1"
    assert row.words.startswith("no such user xxx")
    assert len(row.words) == 500


def test_an_event_without_a_time_is_of_the_moment_at_which_it_was_told(sent: Mailing) -> None:
    one, *_ = deliveries(sent)
    told = event(one, Kind.DELIVERED, at=None)
    apply([told])
    assert apply([told]) == (0, 0)
    assert Returned.objects.get().at - Returned.objects.get().heard_at == dt.timedelta(0)


def test_outcomes_are_ranked_without_a_gap() -> None:
    assert set(Outcome) == set(applying.RANK)


def test_events_are_forgotten_after_ninety_days_and_what_they_came_to_stays(sent: Mailing) -> None:
    one, two, _ = deliveries(sent)
    apply([event(one, Kind.DELIVERED), event(two, Kind.DELIVERED)])
    old = timezone.now() - dt.timedelta(days=91)
    Returned.objects.filter(delivery=one).update(heard_at=old)
    assert retention.forget() == 1
    assert [row.delivery_id for row in Returned.objects.all()] == [two.id]
    assert retention.forget() == 0
    assert outcomes(sent) == ["delivered", "delivered", "unknown"]
    assert returns.of(sent).delivered == 2


def test_a_mailing_s_bounces_are_taken_back_by_a_command(sent: Mailing) -> None:
    apply([event(one, Kind.HARD, code="5.1.1") for one in deliveries(sent)])
    said = CliRunner().invoke(unsuppress, [str(sent.id)])
    assert said.exit_code == 0
    assert said.output.startswith("3 addresses that mailing")
    assert not suppressed()
