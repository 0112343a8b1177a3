"""Tests from the desk: to oneself, to colleagues who are remembered, with how each goes."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest.depths import Depths
from digest.models import Topic, Update
from digest.requesting import RequestedTest
from tests.sends import received
from tests.test_desk import text
from workers import asked, sending
from workers.models import URGENT, Delivery, DeliveryState

pytestmark = pytest.mark.django_db
T = "/desk/medias-ai-pivot/draft"


def told(desk: Client) -> str:
    return " ".join(text(desk.get(f"{T}/tests/")).split())


def to_colleagues(desk: Client, *addresses: str, **more: str) -> None:
    desk.post(f"{T}/test/", {"to": addresses, **more})


def settle(address: str, state: DeliveryState, **said: Any) -> None:
    assert Delivery.objects.filter(address=address).update(state=state, **said) == 1


def test_one_button_sends_a_test_to_oneself_and_leaves_the_list_alone(
    desk: Client, draft: Update
) -> None:
    Topic.objects.update(testers=["otto@example.org"])
    desk.post(f"{T}/test/", {"do": "me", "to": ["otto@example.org"], "variant": "short"})
    wanted = RequestedTest.objects.get()
    assert (wanted.addresses, wanted.variant) == (["edda@example.org"], Depths.SHORT)
    assert Topic.objects.get().testers == ["otto@example.org"]


def test_whom_a_test_went_to_is_remembered_for_the_topic(
    desk: Client, draft: Update, otto: User
) -> None:
    to_colleagues(desk, "otto@example.org", addresses="cara@example.org; dan@example.org")
    addresses = ["otto@example.org", "cara@example.org", "dan@example.org"]
    assert RequestedTest.objects.get().addresses == addresses
    assert Topic.objects.get().testers == addresses
    page = text(desk.get(f"{T}/"))
    for address in addresses:
        assert f'name="to" value="{address}" checked' in page
    to_colleagues(desk, "cara@example.org")
    page = text(desk.get(f"{T}/"))
    assert 'value="cara@example.org" checked' in page
    assert 'value="otto@example.org">' in page, "staff is offered all the same"
    assert "dan@example.org" not in page


def test_the_topic_s_colleagues_are_offered_and_ticked_until_a_test_went_to_others(
    desk: Client, draft: Update
) -> None:
    Topic.objects.update(colleagues=["cara@example.org", "dan@example.org"])
    page = text(desk.get(f"{T}/"))
    assert 'value="cara@example.org" checked' in page
    assert 'value="dan@example.org" checked' in page
    to_colleagues(desk, "dan@example.org")
    page = text(desk.get(f"{T}/"))
    assert 'value="cara@example.org">' in page
    assert 'value="dan@example.org" checked' in page


def test_a_list_that_is_refused_is_not_remembered(desk: Client, draft: Update) -> None:
    to_colleagues(desk, "cara@example.org", addresses="nobody")
    to_colleagues(desk, "cara@example.org", variant="huge")
    assert not RequestedTest.objects.exists()
    assert Topic.objects.get().testers == []


def test_how_a_test_goes_is_told_from_asking_to_arriving(
    desk: Client, draft: Update, settings: Any
) -> None:
    to_colleagues(desk, "a@example.org", "b@example.org", "c@example.org")
    assert "a worker takes it within a second or two" in told(desk)
    RequestedTest.objects.update(asked_at=timezone.now() - dt.timedelta(minutes=1))
    assert "are the workers running" in told(desk)
    asked.take_requested_tests()
    assert "In the inbox of 0 of 3" in told(desk)
    assert 'hx-trigger="every 1s"' in told(desk)
    settle("a@example.org", DeliveryState.ACCEPTED)
    settle("b@example.org", DeliveryState.ACCEPTED)
    assert "In the inbox of 2 of 3" in told(desk)
    settle("c@example.org", DeliveryState.ACCEPTED)
    assert "In the inbox of 3 of 3" in told(desk)
    assert "arrived" in told(desk)
    assert "every 1s" not in told(desk)
    settings.MAILBOX_IS_RELAY = False
    assert "Taken by the mail server for 3 of 3" in told(desk), "no more is known of a real one"


@pytest.mark.parametrize(
    ("state", "said", "words", "moves"),
    [
        (DeliveryState.FAILED, {"answer": "550 no such user"}, "550 no such user", False),
        (DeliveryState.DEFERRED, {"answer": "421 busy"}, "421 busy; tried again by itself", True),
        (DeliveryState.EXCLUDED, {"reason": "suppressed"}, "not sent: suppressed", False),
        (DeliveryState.UNCERTAIN, {}, "may have arrived", False),
    ],
)
def test_an_address_that_a_test_did_not_reach_is_named_with_why(
    desk: Client, draft: Update, state: DeliveryState, said: dict[str, str], words: str, moves: bool
) -> None:
    to_colleagues(desk, "a@example.org", "b@example.org")
    asked.take_requested_tests()
    settle("a@example.org", DeliveryState.ACCEPTED)
    settle("b@example.org", state, **said)
    page = told(desk)
    assert f"b@example.org</b> {words}" in page
    assert "In the inbox of 1 of 2" in page
    assert ("every 1s" in page) == moves
    assert ("not everywhere" in page) != moves


def test_a_test_that_can_t_be_made_says_why_on_the_page(desk: Client, draft: Update) -> None:
    to_colleagues(desk, "a@example.org")
    RequestedTest.objects.update(taken_at=timezone.now(), trouble="It takes more than 300 kB.")
    assert "not made</span> It takes more than 300 kB." in told(desk)


def test_tests_of_other_updates_are_not_told_of(desk: Client, draft: Update) -> None:
    assert "inbox" not in told(desk)


def test_a_test_goes_out_by_the_urgent_queue_and_its_arrival_is_told(
    desk: Client, draft: Update, relay: Path
) -> None:
    desk.post(f"{T}/test/", {"do": "me"})
    assert asked.take_requested_tests() == 1
    sending.send(URGENT, seconds=5)
    assert received(relay) == ["edda@example.org"]
    assert "In the inbox of 1 of 1" in told(desk)
