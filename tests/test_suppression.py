"""Who must not be mailed: addresses and whole domains."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from config.cli import main
from digest.audit import AuditEntry
from digest.errors import NotFound, Refused
from digest.models import Topic
from subscribers import suppression
from subscribers.models import Subscriber, SuppressedDomain, Suppression
from subscribers.selection import reasons, selected
from tests.ledgering import readers

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize(
    ("email", "barred"),
    [
        ("a@example.org", True),
        ("a@mail.example.org", True),
        ("a@b.mail.example.org", True),
        ("a@notexample.org", False),
        ("a@example.org.example.net", False),
        ("example.org@example.net", False),
    ],
)
def test_a_suppressed_domain_stops_itself_and_all_that_end_in_it(
    email: str, barred: bool, pivot: Topic
) -> None:
    suppression.add("example.org", by="ada@example.org", why="they asked us to")
    assert bool(suppression.suppressed([email])) is barred
    person = Subscriber.objects.create(email=email, email_hash="x")
    assert Subscriber.objects.filter(suppression.stops()).exists() is barred
    assert (reasons(pivot.id, [person.id])[person.id] == "suppressed") is barred


def test_what_is_counted_as_stopped_is_what_a_mailing_leaves_out(pivot: Topic) -> None:
    one, two, three, four, _ = readers(pivot, 5)
    Subscriber.objects.filter(id=two.id).update(email="two@mail.example.net")
    suppression.add(str(one.email), by="ada")
    suppression.add("example.net", by="ada")
    Suppression.objects.create(email_hash=three.email_hash, reason="hard_bounce")
    Suppression.objects.create(email_hash=four.email_hash, reason="erased")
    people = selected(pivot, [])
    stopped = set(people.filter(suppression.stops()).values_list("id", flat=True))
    assert stopped == {one.id, two.id, three.id}, "four came back by their own hand"
    assert reasons(pivot.id, people.values("id")) == dict.fromkeys(stopped, "suppressed")


def test_staff_say_who_is_stopped_and_why_and_it_is_kept_with_their_name(ann: Subscriber) -> None:
    assert suppression.add(" Ann@Example.org ", by="ada@example.org", why="asked by phone")
    assert not suppression.add("ann@example.org", by="pia@example.org", why="again")
    one = Suppression.objects.get()
    assert (one.reason, one.detail, one.by) == ("manual", "asked by phone", "ada@example.org")
    assert suppression.add("@Bücher.example", by="ada@example.org")
    assert SuppressedDomain.objects.get().domain == "xn--bcher-kva.example"
    suppression.remove("ann@example.org", by="pia@example.org", why="a mistake")
    suppression.remove("bücher.example", by="pia@example.org")
    assert suppression.suppressed(["ann@example.org"]) == {}
    told = AuditEntry.objects.order_by("id").values_list("who", "what", "about")
    assert list(told) == [
        ("ada@example.org", "suppressed", ann.ref),
        ("ada@example.org", "suppressed", "xn--bcher-kva.example"),
        ("pia@example.org", "took off suppression", ann.ref),
        ("pia@example.org", "took off suppression", "xn--bcher-kva.example"),
    ]


@pytest.mark.parametrize("what", ["", "org", "a b@example.org", "exa mple.org", "@", "a@b@c"])
def test_what_is_neither_address_nor_domain_is_refused(what: str, db: None) -> None:
    with pytest.raises(Refused):
        suppression.add(what, by="ada")
    assert not Suppression.objects.exists()
    assert not SuppressedDomain.objects.exists()


def test_taking_off_what_is_not_suppressed_is_told(db: None) -> None:
    for what in ("bo@example.org", "example.net"):
        with pytest.raises(NotFound, match=f"{what} is not suppressed"):
            suppression.remove(what, by="ada")


def test_an_erased_address_may_be_named_by_lists_once_its_owner_is_back(ann: Subscriber) -> None:
    Suppression.objects.create(email_hash=ann.email_hash, reason="erased")
    suppression.came_back("ann@example.org")
    assert suppression.suppressed(["ann@example.org"]) == {}
    suppression.add("ann@example.org", by="ada")
    suppression.came_back("ann@example.org")
    assert suppression.suppressed(["ann@example.org"]) == {"ann@example.org": "manual"}


def test_the_command_adds_checks_lists_and_removes(ann: Subscriber) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(main, ["suppression", *words])

    assert "is not mailed from now on" in run("add", "ann@example.org", "--why", "asked").stdout
    assert "was suppressed already" in run("add", "ann@example.org").stdout
    run("add", "example.net", "--why", "their lawyer wrote")
    checked = run("check", "ann@example.org", "bo@mail.example.net", "cy@example.org")
    assert checked.exit_code == 1
    assert checked.stdout.splitlines() == [
        "ann@example.org: manual",
        "bo@mail.example.net: domain",
        "cy@example.org: not suppressed",
    ]
    assert run("check", "cy@example.org").exit_code == 0
    listed = json.loads(run("list", "--json").stdout)
    assert listed["addresses"]["manual"] == 1
    assert [one["domain"] for one in listed["domains"]] == ["example.net"]
    assert "Everybody at example.net  their lawyer wrote" in run("list").stdout
    run("remove", "ann@example.org")
    assert run("remove", "ann@example.org").exit_code == 2
    assert run("add", "no address").exit_code == 2
