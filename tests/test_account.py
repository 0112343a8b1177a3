"""What is the reader's alone: new links, another address, a copy of all, and the end of it."""

import base64
import datetime as dt
import json
import re
import time
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from config.cli import main
from digest.audit import AuditEntry
from digest.models import Letter, Topic
from subscribers import fresh_links, moving
from subscribers.models import Subscriber, SubscriberState, Suppression, address_hash
from subscribers.requested import (
    AddressChange,
    ConfirmationRequest,
    LetterRequest,
    LinksRequest,
)
from subscribers.tokens import ACCOUNT_FOR, Purpose, make, make_for_address

pytestmark = pytest.mark.both_databases

DAY = dt.timedelta(days=1)
NEW = "new@example.com"


@pytest.fixture
def link(ann: Subscriber, pivot: Topic) -> str:
    return f"/account/{make(Purpose.ACCOUNT, ann.id, pivot.id, 0)}/"


def person(address: str, **fields: str) -> Subscriber:
    return Subscriber.objects.create(email=address, email_hash=address_hash(address), **fields)


def asked_to_move(ann: Subscriber, pivot: Topic, address: str = NEW) -> str:
    """The link in the letter to another address."""
    moving.ask(ann, pivot, address)
    return f"/move/{make_for_address(ann.id, pivot.id, ann.token_version, address)}/"


# ---- the page ------------------------------------------------------------------------------------


def test_opening_the_account_changes_nothing(client: Client, ann: Subscriber, link: str) -> None:
    before = list(Subscriber.objects.values())
    page = client.get(link).content.decode()
    client.head(link)
    client.post(link, {"state": "erased", "email": "eve@example.com"})
    assert "ann@example.org" in page
    assert 'value="Ann Lee"' in page
    assert "<script" not in page
    assert list(Subscriber.objects.values()) == before
    assert not LetterRequest.objects.exists()


def test_the_account_s_link_lasts_a_day(client: Client, ann: Subscriber, pivot: Topic) -> None:
    old = time.time() - ACCOUNT_FOR.total_seconds()
    for made, status in ((old + 60, 200), (old - 1, 404)):
        path = f"/account/{make(Purpose.ACCOUNT, ann.id, pivot.id, 0, made)}/"
        assert client.get(path).status_code == status


def test_a_reader_changes_name_and_zone(client: Client, ann: Subscriber, link: str) -> None:
    posted = {"save": "1", "name": " Ann “Æ” Lee-Ōé 李 ", "zone": "Asia/Tokyo"}
    assert "saved" in client.post(link, posted).content.decode()
    ann.refresh_from_db()
    assert (ann.name, ann.zone) == ("Ann “Æ” Lee-Ōé 李", "Asia/Tokyo")


def test_saving_the_name_keeps_a_zone_that_the_list_has_not(
    client: Client, ann: Subscriber, link: str
) -> None:
    Subscriber.objects.filter(id=ann.id).update(zone="Etc/GMT+3")
    assert "<option selected>Etc/GMT+3" in client.get(link).content.decode()


@pytest.mark.parametrize("name", ["a\nb", "a\x00b", "a\u2028b", "x" * 501])
def test_a_name_that_no_mail_may_hold_is_refused_in_words(
    client: Client, ann: Subscriber, link: str, name: str
) -> None:
    page = client.post(link, {"save": "1", "name": name, "zone": "Asia/Tokyo"}).content.decode()
    assert 'id="name-problem"' in page
    ann.refresh_from_db()
    assert (ann.name, ann.zone) == ("Ann Lee", "")


def test_the_copy_of_all_that_is_held_is_one_file_for_the_reader(
    client: Client, ann: Subscriber, link: str
) -> None:
    answer = client.post(link, {"export": "1"})
    assert answer["Content-Disposition"] == 'attachment; filename="about-me.json"'
    assert "no-store" in answer["Cache-Control"]
    told = json.loads(answer.content)
    assert told["address"] == "ann@example.org"
    assert told["subscriptions"][0]["topic"] == "medias-ai-pivot"


def test_erasing_takes_two_steps_and_says_what_stays(
    client: Client, ann: Subscriber, link: str
) -> None:
    assert "undone" in client.post(link, {"erase": "1"}).content.decode()
    ann.refresh_from_db()
    assert ann.state == SubscriberState.ACTIVE
    goodbye = client.post(link, {"erase_now": "1"}).content.decode()
    assert "a code made from your address" in goodbye
    ann.refresh_from_db()
    assert (ann.state, ann.email) == (SubscriberState.ERASED, None)
    assert client.get(link).status_code == 404


def test_what_is_asked_for_and_not_done_yet_is_in_the_copy_and_goes_with_erasing(
    client: Client, ann: Subscriber, pivot: Topic, link: str
) -> None:
    Subscriber.objects.filter(id=ann.id).update(depth="short")
    moving.ask(ann, pivot, NEW)
    fresh_links.ask_by_address("ann@example.org")
    told = json.loads(client.post(link, {"export": "1"}).content)
    assert (told["depth"], told["new_address"]) == ("short", NEW)
    client.post(link, {"erase_now": "1"})
    for asked in (AddressChange, LetterRequest, LinksRequest):
        assert not asked.objects.exists()
    assert fresh_links.take() == 0


def test_links_that_somebody_else_has_can_be_made_dead(
    client: Client, ann: Subscriber, pivot: Topic, link: str
) -> None:
    preferences = f"/preferences/{make(Purpose.PREFERENCES, ann.id, pivot.id, 0)}/"
    page = client.post(link, {"revoke": "1"}).content.decode()
    (new,) = re.findall(r'href="(/preferences/[^"]+)"', page)
    assert client.get(new).status_code == 200
    assert [client.get(path).status_code for path in (preferences, link)] == [404, 404]


def test_staff_revoke_by_a_command_and_it_is_audited(
    client: Client, ann: Subscriber, pivot: Topic, link: str
) -> None:
    preferences = f"/preferences/{make(Purpose.PREFERENCES, ann.id, pivot.id, 0)}/"
    told = CliRunner().invoke(main, ["subscribers", "revoke", "Ann@example.org"])
    assert told.exit_code == 0
    assert "but for those to leave" in told.output
    assert [client.get(path).status_code for path in (preferences, link)] == [404, 404]
    entry = AuditEntry.objects.get()
    assert (entry.what, entry.about) == ("revoked the links of", ann.ref)
    missing = CliRunner().invoke(main, ["subscribers", "revoke", "bo@example.org"])
    assert missing.exit_code == 2


# ---- new links -----------------------------------------------------------------------------------


def test_every_dead_link_has_one_and_the_same_page_which_brings_new_ones(
    client: Client, ann: Subscriber, pivot: Topic
) -> None:
    ids = (ann.id, pivot.id)
    asked_to_move(ann, pivot)
    dead = [
        f"/confirm/{make(Purpose.CONFIRM, *ids, 0)}/",  # answered already
        f"/confirm/{make(Purpose.CONFIRM, *ids, 0, 1)}/",  # too old
        f"/preferences/{make(Purpose.PREFERENCES, *ids, 7)}/",  # revoked
        f"/preferences/{make(Purpose.UNSUBSCRIBE, *ids, 0)}/",  # for another purpose
        f"/unsubscribe/{make(Purpose.UNSUBSCRIBE, ann.id, 999, 0)}/",  # nothing to leave
        f"/account/{make(Purpose.ACCOUNT, 999, pivot.id, 0)}/",  # nobody's
        f"/account/{make(Purpose.ACCOUNT, *ids, 0, 1)}/",  # too old
        f"/move/{make_for_address(*ids, 0, 'other@example.com')}/",  # another address
        f"/move/{'x' * 40}/",  # forged
    ]
    answers = [client.get(path) for path in dead] + [client.post(path) for path in dead]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert 'action="/links/"' in answers[0].content.decode()


def test_no_flipped_bit_opens_anything(client: Client, ann: Subscriber, pivot: Topic) -> None:
    good = base64.urlsafe_b64decode(make(Purpose.UNSUBSCRIBE, ann.id, pivot.id, 0))
    for bit in range(0, len(good) * 8, 5):  # every one of them: test_tokens.py
        raw = bytearray(good)
        raw[bit // 8] ^= 1 << bit % 8
        path = f"/unsubscribe/{base64.urlsafe_b64encode(raw).decode()}/"
        assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert ann.subscriptions.get().state == "confirmed"


def test_whoever_asks_for_new_links_is_told_the_same(client: Client, ann: Subscriber) -> None:
    Suppression.objects.create(
        email_hash=person("stopped@example.org").email_hash, reason="complaint"
    )
    answers = [
        client.post("/links/", {"address": address})
        for address in ("ann@example.org", "nobody@example.org", "stopped@example.org")
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert (fresh_links.take(), fresh_links.take()) == (3, 0)
    assert [one.address for one in LetterRequest.objects.all()] == ["ann@example.org"]


@pytest.mark.parametrize("address", ["ann@example.org", "nobody@example.org"])
def test_asking_for_new_links_takes_the_same_statements_for_every_address(
    client: Client, ann: Subscriber, address: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):  # the house's language, and the one row
        client.post("/links/", {"address": address})


def test_what_is_no_address_is_refused_with_what_was_typed(client: Client, db: None) -> None:
    answer = client.post("/links/", {"address": 'no "one'})
    assert answer.status_code == 400
    assert 'value="no &quot;one"' in answer.content.decode()


def test_no_mailbox_is_written_to_more_than_three_times_a_day_however_it_is_spelt(
    ann: Subscriber,
) -> None:
    now = timezone.now()
    person("a.nn+news@example.org")
    for minute in [*range(0, 60, 5), *range(60, 24 * 60, 60)]:
        for address in ("ann@example.org", "a.nn+news@example.org"):
            fresh_links.ask_by_address(address, now + dt.timedelta(minutes=minute))
            fresh_links.take()
    times = list(LetterRequest.objects.order_by("asked_at").values_list("asked_at", flat=True))
    assert len(times) == fresh_links.A_DAY
    assert times[1] - times[0] >= fresh_links.APART
    fresh_links.ask_by_address("ann@example.org", now + DAY)
    fresh_links.take()
    assert LetterRequest.objects.count() == fresh_links.A_DAY + 1


def test_whoever_holds_a_living_link_gets_theirs_though_strangers_used_up_the_mailbox_s(
    client: Client, ann: Subscriber, pivot: Topic, press: Client
) -> None:
    now = timezone.now()
    for minutes in range(60, 0, -10):
        fresh_links.ask_by_address("ann@example.org", now - dt.timedelta(minutes=minutes))
        fresh_links.take()
    written = LetterRequest.objects.count()
    assert written == fresh_links.A_DAY
    preferences = f"/preferences/{make(Purpose.PREFERENCES, ann.id, pivot.id, 0)}/"
    for _ in range(2):  # the second comes too soon after the first
        client.post(preferences, {"account": "1"})
    assert LetterRequest.objects.count() == written + 1
    press.post(f"/people/{ann.id}/act/", {"do": "links"})
    assert LetterRequest.objects.count() == written + 2
    bob = person("bob@example.net")
    moving.ask(bob, pivot, "ann@example.org")
    assert LetterRequest.objects.filter(letter=Letter.MOVE).exists()


def test_whoever_never_answered_is_asked_again_and_gets_no_other_links(
    ann: Subscriber,
) -> None:
    ann.subscriptions.update(state="pending", confirmed_at=None)
    fresh_links.ask_by_address("ann@example.org")
    fresh_links.take()
    assert ConfirmationRequest.objects.get().subscription.subscriber == ann
    assert not LetterRequest.objects.exists()


# ---- another address -----------------------------------------------------------------------------


def test_the_account_weighs_little_with_its_style(client: Client, link: str) -> None:
    style = b"".join(client.get("/static/digest/house.css").streaming_content)  # type: ignore[attr-defined]
    assert len(client.get(link).content) + len(style) < 50_000


def test_too_many_requests_from_one_place_are_put_off_in_words(
    client: Client, db: None, settings: Any
) -> None:
    settings.SIGNUP_LIMITS = {"client": "2/h", "network": "9/h", "domain": "9/h", "all": "9/h"}
    answers = [
        client.post("/links/", {"address": f"n{number}@example.net"}, REMOTE_ADDR="203.0.113.77")
        for number in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "try again in" in answers[2].content.decode()
    assert LinksRequest.objects.count() == 2
