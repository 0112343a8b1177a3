"""What ops see of routes and do with them: by the page and by the command; and never a password."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.core import serializers
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.cli import main
from digest.audit import AuditEntry
from digest.models import Topic
from tests.ledgering import mailing
from tests.relays import PoliteRelay
from workers.routes import health, steering
from workers.routes.models import DomainLimit, Route, RouteDay, RouteShare
from workers.routes.sealing import unseal

pytestmark = pytest.mark.django_db

SECRET = "correct-horse-battery"
URL = f"smtp://otto:{SECRET}@127.0.0.1:1"


@pytest.fixture(autouse=True)
def relay_is_set(settings: Any) -> None:
    settings.MAILBOX_IS_RELAY, settings.SMTP_URL = False, "smtp://127.0.0.1:1"


@pytest.fixture
def ops(otto: User, signed_in: type[Client]) -> Client:
    return signed_in(otto)


@pytest.fixture
def made(ops: Client) -> Route:
    """A route that was added by the page."""
    ops.post("/queue/routes/add/", {"name": "ses-1", "url": URL, "rate": "70", "cap": "1,000"})
    return Route.objects.get(name="ses-1")


def page(ops: Client) -> str:
    return ops.get("/queue/routes/").content.decode()


def told(ops: Client, url: str, **said: str) -> str:
    """What the page says after a POST."""
    return ops.post(url, said, follow=True).content.decode()


def test_without_any_route_the_page_shows_where_smtp_url_leads(ops: Client) -> None:
    shown = page(ops)
    assert "default" in shown
    assert "127.0.0.1:1, in the clear, without a password" in shown
    assert "Not used yet" in shown


def test_a_route_is_added_with_its_limits_and_audited(made: Route, ops: Client) -> None:
    assert (made.rate, made.cap, unseal(made.sealed)) == (70, 1000, URL)
    shown = page(ops)
    assert "of 70 asked" in shown
    assert "0 of 1,000" in shown
    entry = AuditEntry.objects.get(what="added route")
    assert (entry.about, entry.detail["rate"], entry.detail["url"]) == ("ses-1", "70", "another")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("url", "http://mail.example.org", "does not begin with smtp://"),
        ("url", "smtps://user:pass@mail.example.org", "names a relay on this machine"),
        ("rate", "fast", "is no rate"),
        ("rate", "nan", "is no rate"),
        ("cap", "-1", "is no cap"),
        ("zone", "Europe/Nowhere", "is no time zone"),
        ("zone", "../etc/passwd", "is no time zone"),
        ("warmup", "50 many", "is no warm-up"),
        ("warmup_from", "tomorrow", "is no day"),
        ("weight", "0", "is no weight"),
        ("place", "100", "is no place"),
        ("connections", "201", "is no connections"),
        ("provider", "nobody", "is no provider"),
        ("limits", "example.net", "is no limit"),
        ("limits", "example.net=0", "is no rate"),
        ("limits", "example.net=:0", "1 to 200 messages at once"),
        ("kinds", "spam", "is no kind of mail"),
        ("topics", "nothing", "is no topic"),
    ],
)
def test_what_makes_no_sense_changes_nothing_and_says_so(
    made: Route, ops: Client, name: str, text: str, words: str
) -> None:
    before = serializers.serialize("json", Route.objects.all())
    said = {"rate": "5", name: text}
    answer = ops.post(f"/queue/routes/{made.id}/", said)
    assert answer.status_code == 422
    assert words in answer.content.decode().replace("&#x27;", "'")
    assert serializers.serialize("json", Route.objects.all()) == before
    assert not DomainLimit.objects.exists()


def test_settings_come_back_as_they_were_typed(made: Route, ops: Client, pivot: Topic) -> None:
    said = {
        "rate": "12.5", "zone": "Asia/Tokyo", "cap": "500", "warmup": "50 100",
        "warmup_from": "2026-11-20", "weight": "3", "place": "2", "connections": "2",
        "provider": "postmark", "kinds": "test", "topics": pivot.slug,
        "limits": "example.com=0.5\nexample.net=5:2",
    }  # fmt: skip
    with_nul = said | {"warmup": "50 1\x0000", "topics": f"{pivot.slug}\0"}
    assert ops.post(f"/queue/routes/{made.id}/", with_nul).status_code == 302
    made.refresh_from_db()
    assert steering.as_typed(made) == said
    form = ops.get(f"/queue/routes/{made.id}/").content.decode()
    assert "example.net=5:2" in form
    assert unseal(made.sealed) == URL, "an address left empty stays"
    ops.post(f"/queue/routes/{made.id}/", dict.fromkeys(said, ""))
    made.refresh_from_db()
    assert (made.rate, made.cap, made.warmup, made.kinds) == (None, None, [], [])
    assert not made.limits.exists()


def test_pausing_and_taking_up(made: Route, ops: Client) -> None:
    assert "is paused. What is on the wire" in told(ops, f"/queue/routes/{made.id}/pause/")
    assert "Nothing goes by it until it is taken up" in page(ops)
    assert "is paused already" in told(ops, f"/queue/routes/{made.id}/pause/")
    assert "takes mail again" in told(ops, f"/queue/routes/{made.id}/resume/")
    assert list(AuditEntry.objects.values_list("what", flat=True)).count("paused route") == 1


def test_a_test_says_in_words_what_it_saw_and_sends_nothing(made: Route, ops: Client) -> None:
    polite = PoliteRelay(
        lambda verb, _, number: "235 welcome" if verb == "AUTH" else None,
        offers=("AUTH PLAIN", "PIPELINING"),
    )
    with polite.running() as relay:
        made.sealed = steering.seal(f"smtp://otto:{SECRET}@{relay.host}:{relay.port}")
        made.save()
        health.set_aside(made, "it was gone")
        assert "set aside" in page(ops)
        said = told(ops, f"/queue/routes/{made.id}/test/")
    assert "it let us in" in said
    assert "Nothing was sent" in said
    made.refresh_from_db()
    assert made.aside_until is None, "it can be used again"
    assert {line[:4] for _, line in polite.lines} <= {"EHLO", "AUTH", "NOOP", "QUIT"}
    assert SECRET not in said


def test_a_test_of_a_relay_that_is_gone_says_so(made: Route, ops: Client) -> None:
    said = told(ops, f"/queue/routes/{made.id}/test/")
    assert "can&#x27;t be used: relay 127.0.0.1:1" in said
    made.refresh_from_db()
    assert made.aside_until is None, "a test sets nothing aside"


def test_a_removed_route_keeps_its_name_for_what_went_by_it_and_not_its_address(
    made: Route, ops: Client
) -> None:
    told(ops, f"/queue/routes/{made.id}/remove/")
    made.refresh_from_db()
    assert made.removed_at
    assert made.sealed == ""
    assert "ses-1" not in page(ops)
    ops.post("/queue/routes/add/", {"name": "ses-1", "url": URL})
    assert Route.objects.filter(name="ses-1").count() == 2
    assert ops.get(f"/queue/routes/{made.id}/").status_code == 404


def test_the_route_of_smtp_url_stays(ops: Client) -> None:
    page(ops)
    default = Route.objects.get(name="default")
    assert "it stays" in told(ops, f"/queue/routes/{default.id}/remove/")
    answer = ops.post(f"/queue/routes/{default.id}/", {"url": URL})
    assert "SMTP_URL names this route" in answer.content.decode()


def test_beside_the_built_in_mailbox_there_is_no_route(ops: Client, settings: Any) -> None:
    settings.MAILBOX_IS_RELAY = True
    answer = ops.post("/queue/routes/add/", {"name": "ses-1", "url": URL})
    assert "Name your first relay in SMTP_URL" in answer.content.decode()
    assert not Route.objects.filter(name="ses-1").exists()


def test_a_cap_a_warm_up_and_a_domain_that_waits_are_told(made: Route, ops: Client) -> None:
    today = timezone.now().date()
    Route.objects.filter(id=made.id).update(warmup=[50, 200], warmup_from=today)
    RouteDay.objects.create(route=made, day=today, taken=40, accepted=38, refused=2)
    DomainLimit.objects.create(
        route=made, domain="example.net", rate=2, held=17, held_at=timezone.now()
    )
    shown = page(ops)
    assert "40 of 50 until" in shown
    assert "Day 1 of 2: 50 today, then 200 tomorrow." in shown
    assert "2 refused or put off" in shown
    assert "waits: 17 held back" in shown


def test_no_page_dump_log_or_command_shows_a_password(
    made: Route, ops: Client, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    del tmp_path
    ops.post(f"/queue/routes/{made.id}/test/")
    health.set_aside(made, "relay gone")
    ops.post("/queue/routes/add/", {"name": "Odd name", "url": URL})
    ops.post(f"/queue/routes/{made.id}/", {"url": URL, "rate": "wrong"})
    seen = [page(ops), ops.get(f"/queue/routes/{made.id}/").content.decode()]
    seen += [ops.get(url).content.decode() for url in ("/queue/", "/queue/routes/live/")]
    wrong = {"name": "x", "url": URL + "?odd=1"}
    seen.append(ops.post("/queue/routes/add/", wrong).content.decode())
    runner = CliRunner()
    seen += [
        runner.invoke(main, words, catch_exceptions=False).output
        for words in (["route", "list"], ["route", "list", "--json"], ["route", "test", "ses-1"])
    ]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            seen.append(repr(cursor.fetchall()))
    seen += list(capfd.readouterr())
    assert not [one for one in seen if SECRET in one or "battery" in one]


def test_the_command_adds_lists_and_removes(tmp_path: Path) -> None:
    del tmp_path

    def run(*words: str, typed: str = "") -> str:
        result = CliRunner().invoke(main, ["route", *words], input=typed)
        return result.output

    assert "Added route ses-1" in run("add", "ses-1", "-", "--rate", "70", typed=URL + "\n")
    assert unseal(Route.objects.get(name="ses-1").sealed) == URL
    assert "Changed route ses-1" in run("set", "ses-1", "--limits", "example.net=5:2")
    listed = json.loads(run("list", "--json"))["routes"]
    assert [one["name"] for one in listed] == ["default", "ses-1"]
    assert listed[1]["limits"][0]["domain"] == "example.net"
    assert "5 a second, 2 at once of each worker" in run("list")
    assert "can't be used" in run("test", "ses-1")
    assert "Paused route" in run("pause", "ses-1")
    assert "takes mail again" in run("resume", "ses-1")
    assert "Removed route" in run("remove", "ses-1")
    assert "There is no route 'ses-1'" in run("remove", "ses-1")


def test_a_mailings_page_tells_by_which_routes_it_went(
    made: Route, ops: Client, pivot: Topic
) -> None:
    sent = mailing(pivot)
    RouteShare.objects.create(mailing=sent, route=made, accepted=7, refused=2)
    shown = ops.get(f"/queue/{sent.id}/").content.decode()
    assert "By route" in shown
    assert "ses-1" in shown
