"""What is held about a person, and forgetting it."""

import csv
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.cli import main
from digest.audit import AuditEntry
from digest.models import Topic
from digest.requesting import request_test
from subscribers import importing, planner, segments, suppression
from subscribers.dossier import dossier
from subscribers.erasing import erase
from subscribers.importing import runs
from subscribers.imports import Import
from subscribers.models import Consent, Subscriber, SubscriberTag, Suppression
from subscribers.requested import ConfirmationRequest, ConsentWay, SignupRequest, WelcomeRequest
from tests.ledgering import mailing
from tests.sends import received
from workers import ledger, leftovers, sending, ticking
from workers.identity import host, worker
from workers.models import BULK, Batch, Delivery, Mailing
from workers.routes import choosing

pytestmark = pytest.mark.both_databases


@pytest.fixture
def known(ann: Subscriber) -> Subscriber:
    """Ann, with all that one can know of her."""
    Subscriber.objects.filter(id=ann.id).update(
        country="GB", language="en-GB", zone="Europe/London", source="annual fair",
        attributes={"shoe size": "forty"},
    )  # fmt: skip
    SubscriberTag.objects.create(subscriber=ann, tag="trade fair")
    about = ann.subscriptions.get()
    about.left_why = "moving to Annville"
    about.save()
    for asked in (ConfirmationRequest, WelcomeRequest):
        asked.objects.create(subscription=about)
    SignupRequest.objects.create(
        email="ann@example.org", topics=["retail"], way=ConsentWay.FORM, wording="Yes, retail"
    )
    Consent.objects.create(
        subscription=about, way=ConsentWay.FORM, wording="Yes, mail me", source="fair.example",
        at=about.asked_at, confirmed_at=about.confirmed_at,
    )  # fmt: skip
    ann.refresh_from_db()
    return ann


@pytest.fixture
def mailed(due: Mailing) -> Subscriber:
    """A reader to whom a mailing is under way; the relay has just put them off."""
    delivery = due.deliveries.get(address="reader1@example.org")
    due.deliveries.filter(id=delivery.id).update(answer="450 <reader1@example.org> is busy")
    assert delivery.subscriber is not None
    return delivery.subscriber


def everything() -> str:
    """All that the database holds, as text."""
    with connection.cursor() as cursor:
        said = []
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            said += [repr(row) for row in cursor.fetchall()]
    return "\n".join(said)


def test_nothing_of_an_erased_person_is_left_in_the_database(known: Subscriber) -> None:
    personal = ["ann@example.org", "Ann Lee", "forty", "trade fair", "annual fair", "Annville",
                "Europe/London", "Yes, retail", "fair.example",
                "Asked and confirmed in a test."]  # fmt: skip
    assert [word for word in personal if word not in everything()] == []
    assert erase(known, by="ada@example.org")
    assert [word for word in personal if word in everything()] == []
    assert not ConfirmationRequest.objects.exists()
    assert not WelcomeRequest.objects.exists()


def test_nor_in_the_mails_they_got_which_still_add_up(due: Mailing, mailed: Subscriber) -> None:
    erase(mailed, by="reader")
    assert "reader1@example.org" not in everything()
    assert "Reader 1'" not in everything()
    assert due.deliveries.filter(subscriber=mailed).count() == 1


def test_nor_in_what_staff_did_and_wrote_of_them(due: Mailing, mailed: Subscriber) -> None:
    assert due.update is not None
    suppression.add("reader1@example.org", by="ada", why="Mr. Quimby asked by telephone")
    suppression.remove("Reader1@Example.org", by="ada", why="and so did Mr. Quimby later")
    tested = ["Reader1@example.org", "xreader1@example.org"]
    request_test(due.update, tested, by="ada")
    Topic.objects.filter(pk=due.topic_id).update(testers=tested, colleagues=tested)
    for address in tested:
        due.deliveries.create(
            address=address, answer=f"550 <{address}> is full", batch=due.batches.first()
        )
    erase(mailed, by="reader")
    left = everything().lower()
    assert "quimby" not in left
    assert re.findall(r"\w*reader1@example\.org", left) == ["xreader1@example.org"] * 6
    assert due.deliveries.filter(subscriber=None).count() == 2


def test_nor_in_the_reports_of_imports_of_which_all_else_stays(
    ann: Subscriber, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    job = Import.objects.create(name="list.csv", fingerprint="", by="ada")
    mine = '"a, b.csv",1,"Ann@Example.org",rejected,"its \'Notes\' is \'Ann left, sadly\'"'
    others = ["file,line,address,outcome,why", ",2,joann@example.org,created,", ",3,x,rejected,"]
    runs.report_of(job).write_text("\n".join([*others[:2], mine, others[2], ""]))
    size = runs.report_of(job).stat().st_size
    erase(ann, by="ada")
    left = runs.report_of(job).read_text()
    assert runs.report_of(job).stat().st_size == size, "an import under way knows its place in it"
    rows = [[cell.strip() for cell in row] for row in csv.reader(left.splitlines())]
    assert rows[2] == ["a, b.csv", "1", "(erased)", "", ""]
    assert [*left.splitlines()[:2], left.splitlines()[3]] == others


def test_a_list_that_names_an_erased_person_again_leaves_no_trace_of_them(
    ann: Subscriber, pivot: Topic, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    erase(ann, by="ada")
    rows = (
        "ann@example.org,Ann,\n"
        "ann@example.org,Ann,x\nann@example.org,Ann,gone\nAnn <ann@example.org>,,\nb@example.org,,"
    )
    report = io.BytesIO()
    for dry_run in (True, False):
        done = importing.load(
            io.BytesIO(f"email,name,status\n{rows}".encode()), "list.csv", topics=[pivot.slug],
            dry_run=dry_run, report_to=report,
        )  # fmt: skip
        assert (done.suppressed, done.created, done.rejections) == (1, 1, 3)
        assert "ann" not in report.getvalue().decode().lower()
        assert "ann" not in json.dumps(done.as_found()).lower()
    assert Subscriber.objects.filter(email="b@example.org").exists()


def test_the_examples_of_a_list_that_waits_forget_an_erased_person(
    ann: Subscriber, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    first = [{"email": "ann@example.org", "name": "Ann"}, {"email": "b@example.org", "name": "B"}]
    found = {"read": 2, "first": first, "first_rejected": []}
    job = Import.objects.create(name="l", fingerprint="", by="ada", state="checked", found=found)
    erase(ann, by="ada")
    job.refresh_from_db()
    assert job.found == {"read": 2, "first": first[1:], "first_rejected": []}


def test_a_mailing_that_is_under_way_leaves_an_erased_person_out(
    due: Mailing, mailed: Subscriber, relay: Any
) -> None:
    erase(mailed, by="reader")
    batch = ledger.claim(BULK, host(), worker())
    assert batch is not None
    sending.send_batch(batch, choosing.default())
    assert received(relay) == [f"reader{n}@example.org" for n in (2, 3, 4, 5)]
    assert due.deliveries.get(subscriber=mailed).reason == "erased"


def test_what_was_written_in_the_moment_of_erasing_is_swept_within_a_minute(
    due: Mailing, mailed: Subscriber
) -> None:
    read_before = Subscriber.objects.get(id=mailed.id)
    first = due.deliveries.get(subscriber=mailed)
    erase(mailed, by="reader")
    accepted = ledger.Result(first.id, "accepted", 250, "2.1.5 reader1@example.org takes it")
    ledger.record(due.id, [accepted])
    later = mailing(due.topic)
    Delivery.objects.create(
        mailing=later, batch=Batch.objects.create(mailing=later, size=1), subscriber=read_before,
        address=read_before.email or "", name=read_before.name,
    )  # fmt: skip
    assert everything().count("reader1@example.org") == 2
    minute = timezone.now().replace(second=0)
    assert leftovers.sweep(minute.replace(second=1)) == 0
    assert leftovers.sweep(minute) == 2
    assert "reader1@example.org" not in everything()
    assert "Reader 1'" not in everything()
    first.refresh_from_db()
    assert (first.state, first.code) == ("accepted", 250), "the sheet stays as it is"
    assert due.deliveries.exclude(address="").count() == 4, "other people's mails as well"
    assert leftovers.sweep(minute) == 0


def test_the_tick_sweeps(due: Mailing, mailed: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "wake", lambda *_: None)
    full_minute = SimpleNamespace(now=lambda: timezone.now().replace(second=0))
    monkeypatch.setattr(leftovers, "timezone", full_minute)
    erase(mailed, by="reader")
    due.deliveries.filter(subscriber=mailed).update(address="reader1@example.org")
    ticking.tick()
    assert due.deliveries.get(subscriber=mailed).address == ""


def test_the_sweep_asks_two_indexes_in_one_query_where_nothing_is_left(
    due: Mailing, mailed: Subscriber
) -> None:
    erase(mailed, by="reader")
    with CaptureQueriesContext(connection) as asked:
        assert leftovers.sweep(timezone.now().replace(second=0)) == 0
    (query,) = (one["sql"] for one in asked)
    with planner.seeking(), connection.cursor() as cursor:
        explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        cursor.execute(f"{explain} {query}")
        plan = str(cursor.fetchall())
    if connection.vendor == "sqlite":
        assert "subscriber_erased" in plan
        assert "workers_delivery_subscriber_id" in plan
    else:  # which of the indexes it takes for a handful of rows is its own affair
        assert "Seq Scan" not in plan


def test_erasing_is_told_without_the_address_and_once(ann: Subscriber) -> None:
    assert erase(ann, by="ada@example.org")
    assert not erase(ann, by="ada@example.org")
    (told,) = AuditEntry.objects.all()
    assert (told.who, told.what, told.about) == ("ada@example.org", "erased subscriber", ann.ref)


def test_no_list_brings_an_erased_person_back(ann: Subscriber, pivot: Topic) -> None:
    import io

    erase(ann, by="reader")
    raw = io.BytesIO(b"email,status\nann@example.org,confirmed\n")
    report = importing.load(raw, "list.csv", topics=[pivot.slug])
    assert report.suppressed == 1
    assert not Subscriber.objects.filter(email="ann@example.org").exists()
    assert not suppression.suppressed(["bo@example.org"])
    assert suppression.suppressed(["ann@example.org"]) == {"ann@example.org": "erased"}
    assert suppression.may_sign_up(["ann@example.org"]), "by their own hand they may come back"


def test_a_complaint_outlives_the_erasing(ann: Subscriber) -> None:
    Suppression.objects.create(
        email_hash=ann.email_hash, reason="complaint", detail="ann@example.org complained"
    )
    erase(ann, by="reader")
    assert suppression.suppressed(["ann@example.org"]) == {"ann@example.org": "complaint"}
    assert not suppression.may_sign_up(["ann@example.org"])
    assert "ann@example.org" not in everything()


def test_the_dossier_holds_all_that_is_known(known: Subscriber, pivot: Topic) -> None:
    segments.save("fair", {"field": "tag", "is": "trade fair"})
    segments.save("mine", {"field": "status", "is": "confirmed"})
    segments.save("others", {"field": "tag", "is": "retail"})
    Suppression.objects.create(email_hash=known.email_hash, reason="hard_bounce", detail="550")
    AuditEntry.objects.create(who="ada@example.org", what="suppressed", about=known.ref)
    told = json.loads(json.dumps(dossier(known)))
    assert told["address"] == "ann@example.org"
    assert told["attributes"] == {"shoe size": "forty"}
    assert told["tags"] == ["trade fair"]
    (about,) = told["subscriptions"]
    assert about["topic"] == pivot.slug
    assert about["consent"] == "Asked and confirmed in a test."
    assert about["confirmed"].endswith("Z")
    (given,) = about["consents"]
    assert (given["way"], given["wording"]) == ("form", "Yes, mail me")
    assert told["segments"] == ["fair", "mine"]
    assert told["suppressed"]["reason"] == "hard_bounce"
    (action,) = told["staff_actions"]
    assert (action["who"], action["what"]) == ("staff", "suppressed")


def test_the_dossier_names_each_mail_and_what_became_of_it(mailed: Subscriber) -> None:
    (mail,) = dossier(mailed)["mails"]
    assert (mail["kind"], mail["topic"], mail["update"]) == ("scheduled", "medias-ai-pivot", 1)
    assert mail["state"] == "queued"
    assert mail["answer"] == "450 <reader1@example.org> is busy"


def run(*words: str, typed: str | None = None) -> Any:
    return CliRunner().invoke(main, ["subscribers", *words], input=typed)


def test_the_command_prints_a_dossier_as_json_and_for_people(known: Subscriber) -> None:
    told = run("dossier", "Ann@Example.org", "--json")
    assert json.loads(told.stdout) == json.loads(json.dumps(dossier(known)))
    shown = run("dossier", "ann@example.org").stdout
    assert "name: Ann Lee" in shown
    assert "consent Asked and confirmed in a test." in shown


def test_the_command_erases_when_one_is_sure(ann: Subscriber) -> None:
    assert run("erase", "ann@example.org", typed="n\n").exit_code == 1
    assert Subscriber.objects.filter(email="ann@example.org").exists()
    assert run("erase", "ann@example.org", "--yes").exit_code == 0
    assert not Subscriber.objects.filter(email="ann@example.org").exists()


def test_an_address_that_nobody_has_is_told(ann: Subscriber) -> None:
    for words in (["dossier", "bo@example.org"], ["erase", "bo@example.org", "--yes"]):
        told = run(*words)
        assert told.exit_code == 2
        assert "Nobody here has the address bo@example.org; nothing was changed." in told.output
    assert Subscriber.objects.count() == 1
