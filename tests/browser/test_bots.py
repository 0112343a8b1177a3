"""A robot that looks into the mail: it opens every link and runs every script, and nothing comes
of it."""

import os
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from digest import approval, drafting
from digest.models import Letter, Topic
from subscribers import moving
from subscribers.models import Subscriber, Subscription, address_hash
from subscribers.requested import ConfirmationRequest, LetterRequest, WelcomeRequest
from tests.briefings import keep_briefing
from workers import asked, audience, departures, ledger
from workers.letters import Letters
from workers.models import BULK, URGENT, Delivery

PERSONAL = {"unsubscribe", "preferences", "confirm", "account", "move"}


@pytest.fixture(scope="module", autouse=True)
def in_one_thread() -> Iterator[None]:
    """Playwright runs its loop in this thread; Django would take our queries for the loop's."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def mails(
    live_server: LiveServer, settings: Any, pivot: Topic, ann: Subscriber
) -> list[EmailMessage]:
    """One of each kind that a reader may get: the bytes that are handed over."""
    settings.BASE_URL = live_server.url
    keep_briefing(pivot, "story")
    approval.approve(drafting.draft(pivot), by="pia")
    (made,) = departures.take_due_updates()
    audience.fill(made)
    bea = Subscriber.objects.create(
        email="bea@example.org", email_hash=address_hash("bea@example.org")
    )
    pending = Subscription.objects.create(subscriber=bea, topic=pivot, state="pending")
    ConfirmationRequest.objects.create(subscription=pending)
    WelcomeRequest.objects.create(subscription=ann.subscriptions.get())
    LetterRequest.objects.create(
        subscriber=ann, topic=pivot, letter=Letter.LINKS, address="ann@example.org"
    )
    moving.ask(ann, pivot, "new@example.org")
    for take in (asked.take_confirmations, asked.take_welcomes, asked.take_letters):
        take()
    while ledger.claim([*BULK, *URGENT], "here", "one"):
        pass  # which dates the messages
    letters = [(Letters(one.mailing), one) for one in Delivery.objects.select_related("mailing")]
    rows = [(made, ledger.one(one.mailing, one.address)) for made, one in letters]
    return [message_from_bytes(made.message(row), policy=default) for made, row in rows if row]


def links(mail: EmailMessage) -> set[str]:
    """Every address in it that leads to us."""
    parts = [str(mail.get_body((kind,)).get_content()) for kind in ("html", "plain")]  # type: ignore[union-attr]
    found = re.findall(r'https?://[^\s"<>]+', " ".join([*map(unescape, parts), *mail.values()]))
    return {link.partition("#")[0] for link in found}


def everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
    }


def ask(method: str, link: str, **headers: str) -> int:
    parts = urlsplit(link)
    connection = HTTPConnection(parts.netloc, timeout=30)
    connection.request(method, parts.path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.django_db(transaction=True)
def test_whoever_opens_every_link_of_every_mail_and_runs_the_scripts_changes_nothing(
    mails: list[EmailMessage], live_server: LiveServer, chromium: Browser
) -> None:
    found = {
        link for mail in mails for link in links(mail) if link.startswith(f"{live_server.url}/")
    }
    opened = {urlsplit(link).path.split("/")[1] for link in found}
    assert opened >= PERSONAL, "every kind of personal link is in some mail"
    before, at = everything(), timezone.now()

    for link in sorted(found):
        assert ask("HEAD", link) == ask("GET", link, **{"Sec-Purpose": "prefetch;prerender"})
        assert ask("OPTIONS", link) in {200, 405}
        page = chromium.new_page()
        answer = page.goto(link, wait_until="networkidle")
        assert answer is not None
        personal = urlsplit(link).path.split("/")[1] in PERSONAL
        assert answer.status == 200 or not personal, link
        assert page.locator("button").count() or not personal, "a button waits for a person"
        page.close()

    assert everything() == before
    assert not Subscription.objects.filter(left_at__gte=at).exists()


@pytest.mark.django_db(transaction=True)
def test_pressing_the_buttons_of_the_same_pages_does_act(
    mails: list[EmailMessage], live_server: LiveServer, chromium: Browser
) -> None:
    """Else the test above would show nothing."""
    found = {link for mail in mails for link in links(mail)}
    page = chromium.new_page()
    for kind in ("confirm", "move"):
        (link,) = (link for link in found if f"/{kind}/" in link)
        page.goto(link)
        page.locator("main button").first.click()
        page.wait_for_load_state()
    page.close()
    assert Subscription.objects.get(subscriber__email="bea@example.org").state == "confirmed"
    assert Subscriber.objects.filter(email="new@example.org").exists()
