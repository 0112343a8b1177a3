"""A mailing by a provider's HTTP API: what is handed over, kept and shown, and what a no does."""

import datetime as dt
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.test import Client

from digest.models import Topic
from tests.providing import Standing, standing
from tests.relays import sink
from tests.routing import NOWHERE, a_route, only_routes, url_of, who
from tests.sends import due, due_to, holds, states
from workers import ledger, letters, sending
from workers.feedback import naming, providers
from workers.feedback.events import Event
from workers.feedback.models import Kind
from workers.feedback.providers import Provider
from workers.letters import Letters, keys
from workers.models import BULK, Delivery, Mailing
from workers.routes import carriers, steering
from workers.routes.models import Route
from workers.sink.api import Asked, Reply

__all__ = ["due", "only_routes"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def dkim(tmp_path: Path, settings: Any) -> Iterator[None]:
    """Mails are signed."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "dkim.pem").write_bytes(key)
    settings.DKIM_DOMAIN, settings.DKIM_SELECTOR = "example.org", "s1"
    settings.DKIM_KEY_FILE = tmp_path / "dkim.pem"
    letters._signer.cache_clear()
    yield
    letters._signer.cache_clear()


def route_to(there: Standing, **said: Any) -> Route:
    return a_route("api", there.url, by_api=True, **said)


def send() -> None:
    sending.send(BULK, seconds=10)
    carriers.close_all()


def message_of(sent: Mailing, route: Route, address: str) -> bytes:
    row = ledger.one(sent, address)
    assert row is not None
    return Letters(sent, route).message(row)


def test_a_provider_that_takes_whole_messages_gets_the_very_octets(
    due: Mailing, only_routes: None, dkim: None
) -> None:
    with standing(Provider.SPARKPOST) as there:
        route = route_to(there)
        send()
    given = {
        asked.said["recipients"][0]["address"]["email"]: asked.said["content"]["email_rfc822"]
        for asked in there.taken
    }
    holds(due, list(given))
    for address, message in given.items():
        assert message.encode() == message_of(due, route, address)
    assert "DKIM-Signature: " in message
    assert "X-MSYS-API" not in message, "what goes beside it need not stand in it"


def test_a_provider_that_writes_the_message_gets_its_fields_and_each_readers_own(
    due: Mailing, only_routes: None, dkim: None
) -> None:
    with standing(Provider.POSTMARK) as there:
        route = route_to(there)
        send()
    given = {to: asked.said for to, asked in zip(there.recipients, there.taken, strict=True)}
    holds(due, list(given))
    said = given["reader2@example.org"]
    shown = message_of(due, route, "reader2@example.org")
    read = message_from_bytes(shown, policy=policy.SMTPUTF8)
    assert said["Subject"] == read["Subject"]
    for field, kind in (("HtmlBody", "html"), ("TextBody", "plain")):
        part = read.get_body((kind,))
        assert said[field] == part.get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    headers = {one["Name"]: one["Value"] for one in said["Headers"]}
    assert {"List-Id", "List-Help", "Feedback-ID", "Message-ID"} <= set(headers)
    assert headers["List-Unsubscribe"] == read["List-Unsubscribe"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    links = {
        next(h["Value"] for h in one["Headers"] if h["Name"] == "List-Unsubscribe")
        for one in given.values()
    }
    assert len(links) == 5, "each their own"
    assert b"DKIM-Signature" not in shown, "whoever writes it signs it"
    tag = said["Metadata"]["digest"]
    row = Delivery.objects.get(address="reader2@example.org")
    assert providers.tagged(keys().tags, Provider.POSTMARK, tag) == row.id
    assert row.answer.startswith("200 So; its id is id-")
    assert row.code == 200


def test_mailjet_writes_its_own_list_id_and_refuses_ours(due: Mailing, only_routes: None) -> None:
    with standing(Provider.MAILJET) as there:
        route_to(there)
        send()
    holds(due, there.recipients)
    headers = there.taken[0].said["Globals"]["Headers"]
    assert "List-Unsubscribe-Post" in headers
    assert "List-Id" not in headers
    assert "digest" in there.taken[0].said["Globals"]["EventPayload"]


def test_a_removed_route_tells_still_how_its_messages_were_handed_over(
    due: Mailing, only_routes: None, dkim: None
) -> None:
    assert ledger.claim(BULK, "here", "one"), "which gives it its date"
    with standing() as there:
        route = route_to(there)
    before = message_of(due, route, "reader1@example.org")
    assert b"DKIM-Signature" not in before
    assert b"X-PM-Metadata" not in before
    steering.remove(route, "otto")
    route.refresh_from_db()
    assert message_of(due, route, "reader1@example.org") == before


@pytest.mark.both_databases
def test_a_key_that_is_not_taken_sets_the_route_aside_and_costs_nobody_an_attempt(
    due: Mailing, only_routes: None
) -> None:
    with standing(override=lambda _: (401, {}, b"no such token")) as there, sink() as (relay, got):
        route = route_to(there)
        a_route("spare", url_of(relay), place=2)
        send()
    holds(due, who(got))
    route.refresh_from_db()
    assert route.aside_until
    assert "does not let us in: 401 So: no such token" in route.trouble
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}, "the spare's"


def test_what_a_provider_may_have_taken_is_uncertain_and_goes_by_no_other_route(
    due: Mailing, only_routes: None
) -> None:
    def answer(asked: Asked) -> Reply | None:
        return (504, {}, b"Gateway Timeout") if "reader3@" in asked.said["To"] else None

    with standing(override=answer) as there, sink() as (relay, got):
        route_to(there)
        a_route("spare", url_of(relay), place=2)
        send()
    assert states(due)["reader3@example.org"] == "uncertain"
    holds(due, [*there.recipients, *who(got)], uncertain=1)


@pytest.mark.both_databases
def test_a_provider_that_asks_to_wait_is_left_alone_for_as_long(
    pivot: Topic, only_routes: None
) -> None:
    due_to(pivot, 30)
    before = dt.datetime.now(dt.UTC)
    with standing(override=lambda _: (429, {"Retry-After": "600"}, b"")) as there:
        route = route_to(there)
        send()
    route.refresh_from_db()
    until = before + dt.timedelta(seconds=590)
    assert route.aside_until
    assert route.aside_until > until
    put_off = Delivery.objects.filter(state="deferred")
    assert 0 < put_off.count() <= 4
    assert all(row.next_attempt_at and row.next_attempt_at > until for row in put_off)


def test_smtp_url_itself_may_name_a_providers_api(due: Mailing, settings: Any) -> None:
    settings.MAILBOX_IS_RELAY = False
    with standing() as there:
        settings.SMTP_URL = there.url
        send()
    holds(due, there.recipients)
    assert "Metadata" in there.taken[0].said
    settings.SMTP_PROVIDER = "postal"
    assert carriers.provider_of(None) is Provider.POSTMARK, "its address says so"


def test_a_route_is_added_by_such_an_address_and_says_where_it_leads(
    only_routes: None, settings: Any
) -> None:
    settings.RELAY_ON_LOOPBACK = False
    from workers.routes.showing import shown

    route = steering.add("pm", {"url": "postmark+https://s3cret@?stream=broadcast"}, "otto")
    assert route.by_api
    (where,) = [one.where for one in shown() if one.route.name == "pm"]
    assert (
        where
        == "api.postmarkapp.com, postmark’s HTTP API, by its key; 4 connections of each worker"
    )
    steering.change(route, {"url": NOWHERE}, "otto")
    assert not Route.objects.get(id=route.id).by_api


def test_the_queue_says_whether_it_shows_the_message_or_what_it_was_made_of(
    due: Mailing, only_routes: None, otto: User, signed_in: type[Client]
) -> None:
    with standing() as there, sink() as (relay, _):
        fields = route_to(there)
        a_route("plain", url_of(relay), paused_at="2026-01-01T00:00Z")
        send()
        Delivery.objects.filter(address="reader1@example.org").update(route=fields.id + 1)
    page = signed_in(otto).get(f"/queue/deliveries/?mailing={due.id}").content.decode()
    assert page.count("What the provider was given") == 4
    assert page.count("The exact message") == 1


def test_an_event_without_our_tag_finds_its_message_by_the_id_that_the_api_told(
    due: Mailing, only_routes: None
) -> None:
    with standing(Provider.MAILERSEND) as there:
        route_to(there)
        send()
    row = Delivery.objects.get(address="reader4@example.org")
    name = row.answer.rpartition(" ")[2]
    (found,) = naming.deliveries([
        Event(Kind.DELIVERED, Provider.MAILERSEND, provider_id=name, recipient=row.address)
    ])  # fmt: skip
    assert found
    assert found.id == row.id
