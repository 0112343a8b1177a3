"""Deliveries: found by person, mailing, state, answer and domain, and settled one by one."""

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from digest.audit import AuditEntry
from digest.models import Topic
from subscribers.models import Subscriber
from tests.ledgering import readers
from tests.queueing import a_mailing, an_update
from workers.feedback.models import Kind, Returned
from workers.models import Delivery, Mailing, MailingState
from workers.queue import finding
from workers.queue.finding import Asked, find

pytestmark = pytest.mark.both_databases


@pytest.fixture
def ops(otto, signed_in) -> Client:
    return signed_in(otto)


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """Update #2 to six readers, reader1 and on: three accepted, two failed, one uncertain."""
    made = a_mailing(
        pivot, update=an_update(pivot, 2), accepted=3, failed=2, uncertain=1,
        state=MailingState.DONE, answer="550 5.1.1 no such mailbox",
    )  # fmt: skip
    return owned(made, pivot)


def owned(mailing: Mailing, topic: Topic) -> Mailing:
    """Gives each delivery a subscriber of the same address."""
    readers(topic, mailing.candidates)
    people = Subscriber.objects.order_by("id")
    for row, person in zip(mailing.deliveries.order_by("id"), people, strict=False):
        row.subscriber, row.address, row.name = person, person.email or "", person.name
        row.save()
    return mailing


def addresses(page: str, mailing: Mailing) -> set[str]:
    return {
        a for a in mailing.deliveries.values_list("address", flat=True) if f">{a}</bdi>" in page
    }


def got(ops: Client, query: str) -> str:
    answer = ops.get(f"/queue/deliveries/?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_person_is_found_across_mailings_with_what_was_said_and_what_came_back(
    db, pivot, sent, ops
):
    failed = sent.deliveries.filter(state="failed").first()
    Returned.objects.create(
        key=uuid.uuid4(), delivery=failed, subscriber=failed.subscriber, provider="postmark",
        kind=Kind.HARD, code="5.1.1", words="mailbox gone", at=timezone.now(),
        heard_at=timezone.now(),
    )  # fmt: skip
    again = a_mailing(pivot, update=an_update(pivot, 3), accepted=1)
    again.deliveries.update(subscriber=failed.subscriber, address=failed.address)
    page = got(ops, f"q={failed.address}")
    assert "2 deliveries to 1 subscriber" in page
    assert page.index("Update #3") < page.index("Update #2 "[:9], page.index("Update #3") + 1)
    assert "550 5.1.1 no such mailbox" in page
    assert "No such mailbox" in page
    assert "says postmark (5.1.1)" in page
    assert "mailbox gone" in page
    assert f'href="/queue/delivery/{failed.id}/"' in page


def test_how_an_address_or_a_name_begins_is_enough(db, sent, ops):
    Subscriber.objects.filter(email="reader2@example.org").update(name="Ines Quay")
    assert addresses(got(ops, "q=ines"), sent) == {"reader2@example.org"}
    assert addresses(got(ops, "q=reader3@"), sent) == {"reader3@example.org"}
    assert "No delivery is like this" in got(ops, "q=nobody@example.org")


def test_a_test_mail_is_found_though_its_address_is_no_subscriber_s(db, pivot, ops):
    test = a_mailing(pivot, update=an_update(pivot, 2), kind="test", accepted=1)
    test.deliveries.update(address="edda@example.org")
    assert addresses(got(ops, "q=edda@example.org"), test) == {"edda@example.org"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=failed", {"reader4@example.org", "reader5@example.org"}),
        ("state=uncertain", {"reader6@example.org"}),
        ("state=failed&mailing={m}", {"reader4@example.org", "reader5@example.org"}),
        ("state=accepted&mailing={m}&domain=example.net", {"reader1@example.net"}),
        ("code=550&domain=EXAMPLE.org", {"reader4@example.org", "reader5@example.org"}),
        ("outcome=bounced&mailing={m}", {"reader2@example.org"}),
        ("reason=suppressed&mailing={m}", set()),
    ],
)
def test_filters_work_alone_and_together(query, found, db, sent, ops):
    sent.deliveries.filter(address="reader1@example.org").update(address="reader1@example.net")
    sent.deliveries.filter(address="reader2@example.org").update(outcome="bounced")
    assert addresses(got(ops, query.format(m=sent.id)), sent) == found


def test_a_mailing_s_numbers_come_from_its_counters(db, sent, ops):
    assert "2 deliveries failed" in got(ops, f"mailing={sent.id}&state=failed")
    assert "6 deliveries" in got(ops, f"mailing={sent.id}")


@pytest.mark.parametrize("asked", ["", "failed"])
def test_pages_follow_one_another_without_gap_or_repetition(asked, db, pivot, sent, monkeypatch):
    monkeypatch.setattr(finding, "PAGE", 2)
    everyone, beyond, rows = Asked(mailing=sent, state=asked), None, []
    while (page := find(everyone, beyond)).onward:
        rows += [one.id for one in page.rows]
        beyond = page.onward
    rows += [one.id for one in page.rows]
    whole = sent.deliveries.filter(**({"state": asked} if asked else {})).order_by("id")
    assert rows == list(whole.values_list("id", flat=True))


def test_a_look_ends_after_so_many_rows_and_goes_on_from_there(db, sent, ops, monkeypatch):
    monkeypatch.setattr(finding, "LOOKED", 3)
    rare = Asked(mailing=sent, outcome="complained")
    sent.deliveries.filter(address="reader5@example.org").update(outcome="complained")
    first = find(rare, None)
    assert (first.rows, first.cut) == ([], True)
    assert [one.address for one in find(rare, first.onward).rows] == ["reader5@example.org"]
    page = got(ops, f"mailing={sent.id}&outcome=complained")
    assert "there are more to look through" in page
    assert f"beyond={first.onward}" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("mailing=999", "There is no mailing 999"),
        ("mailing=x%27", "There is no mailing x"),
        ("state=lost", "is none of: queued, accepted"),
        ("code=5x", "Write three digits, for example 550."),
    ],
)
def test_what_can_t_be_looked_for_is_refused_in_words(query, words, db, sent, ops):
    assert words in got(ops, query)


def test_words_that_fit_many_ask_for_more_of_the_address(db, sent, ops, monkeypatch):
    monkeypatch.setattr(finding, "PEOPLE", 3)
    page = got(ops, "q=reader")
    assert "people match “reader”" in page
    assert "bdi" not in page


# ---- settling one -------------------------------------------------------------------


def test_one_uncertain_delivery_is_taken_as_sent_or_sent_again_and_the_others_stay(db, pivot, ops):
    mailing = a_mailing(pivot, update=an_update(pivot, 2), accepted=1, uncertain=3, state="done")
    first, second, _ = mailing.deliveries.filter(state="uncertain").order_by("id")
    where = ops.post(f"/queue/delivery/{first.id}/settle/", {"how": "accept"})["Location"]
    assert where == f"/queue/{mailing.id}/?state=uncertain#people"
    ops.post(f"/queue/delivery/{second.id}/settle/", {"how": "resend", "back": "deliveries"})
    mailing.refresh_from_db()
    assert (mailing.accepted, mailing.queued, mailing.uncertain) == (2, 1, 1)
    second.refresh_from_db()
    assert (second.state, second.generation) == ("queued", 0), "the same message again"
    kept = AuditEntry.objects.filter(what="settled delivery", who="otto@example.org")
    assert kept.count() == 2


def test_what_is_settled_by_now_is_left_as_it_is_and_said(db, pivot, ops):
    mailing = a_mailing(pivot, update=an_update(pivot, 2), accepted=1, state="done")
    one = Delivery.objects.get(mailing=mailing)
    page = ops.post(f"/queue/delivery/{one.id}/settle/", {"how": "resend"}, follow=True)
    assert "It is not uncertain any more; nothing was changed." in page.content.decode()
    one.refresh_from_db()
    assert one.state == "accepted"
    assert ops.post("/queue/delivery/999999/settle/").status_code == 404


def test_of_a_cancelled_mailing_one_can_be_taken_as_sent_and_not_sent_again(db, pivot, ops):
    mailing = a_mailing(pivot, uncertain=1, state="cancelled", finished_at=timezone.now())
    one = mailing.deliveries.get()
    page = ops.post(f"/queue/delivery/{one.id}/settle/", {"how": "resend"}, follow=True)
    assert "is cancelled; take this one as sent." in page.content.decode()
    assert "Send this one again" not in page.content.decode()
    ops.post(f"/queue/delivery/{one.id}/settle/", {"how": "accept"})
    one.refresh_from_db()
    assert one.state == "accepted"
