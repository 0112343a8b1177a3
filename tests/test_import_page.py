"""Moving people in and out by the staff's pages, and what a worker does for it."""

import datetime as dt
import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from digest.audit import AuditEntry
from digest.models import Topic
from subscribers import importing, suppression
from subscribers.importing import at_work, forgetting, runs
from subscribers.imports import Import
from subscribers.models import Subscriber, Subscription
from subscribers.pages import import_page
from subscribers.requested import ConfirmationRequest
from workers import ticking

pytestmark = pytest.mark.both_databases

LIST = "email,First name,Kind\nann@example.org,Ann,trade\nbob@example.org,Bob,\nnobody,X,\n"
NO_AT = "'nobody' is no email address: it has no @. Write it as in ann@example.org."
PASSWORD = "a harbour of quiet teapots"


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def browser(pia: User, signed_in: type[Client]) -> Client:
    pia.set_password(PASSWORD)
    pia.save()
    return signed_in(pia)  # type: ignore[call-arg]  # a Client of ours


def upload(browser: Client, text: str | bytes, name: str = "list.csv", **more: Any) -> Any:
    raw = text if isinstance(text, bytes) else text.encode()
    return browser.post("/people/import/", {"list": SimpleUploadedFile(name, raw), **more})


def page(browser: Client, job: Import) -> str:
    return browser.get(f"/people/import/{job.id}/").content.decode()


def do(browser: Client, job: Import, what: str, **more: Any) -> Any:
    return browser.post(f"/people/import/{job.id}/", {"do": what, **more})


def work() -> None:
    """What the worker does that the tick wakes."""
    for job_id in runs.waiting():
        while at_work.go_on(job_id, seconds=60):
            pass


def test_a_list_is_looked_at_then_checked_then_imported_and_its_file_is_gone(
    browser: Client, pivot: Topic
) -> None:
    assert upload(browser, LIST)["Location"].startswith("/people/import/")
    job = Import.objects.get()
    shown = page(browser, job)
    for text in ("list.csv", "First name", "Ann", "What the columns hold", "Media&#x27;s AI Pivot"):
        assert text in shown
    do(browser, job, "check", topics="medias-ai-pivot", **{"column-2": "tags"})
    assert "Being looked at" in page(browser, job)
    work()
    shown = page(browser, job)
    for text in ("What would happen", "Import 2 people", "2 pending", "line 4", "no @", "trade"):
        assert text in shown
    assert not Subscriber.objects.exists()
    do(browser, job, "start")
    assert "Being imported" in page(browser, job)
    work()
    shown = page(browser, job)
    assert "The uploaded file was deleted." in shown
    assert Import.objects.get().found == {}  # examples by name are for whoever has to decide
    assert set(Subscriber.objects.values_list("email", "tags__tag")) == {
        ("ann@example.org", "trade"),
        ("bob@example.org", None),
    }
    assert not runs.file_of(job).exists()
    assert not ConfirmationRequest.objects.exists()
    report = b"".join(browser.get(f"/people/import/{job.id}/report.csv")).decode()
    assert report.splitlines() == [
        "file,line,address,outcome,why",
        ",2,ann@example.org,created,",
        ",3,bob@example.org,created,",
        f",4,nobody,rejected,{NO_AT}",
    ]
    assert "list.csv" in browser.get("/people/import/").content.decode()


def test_a_pasted_list_with_stated_consent_is_confirmed(browser: Client, pivot: Topic) -> None:
    browser.post("/people/import/", {"pasted": "ann@example.org\nbob@example.org"})
    job = Import.objects.get()
    do(browser, job, "check", topics="medias-ai-pivot", consent="at the fair, May 2026")
    work()
    do(browser, job, "start")
    do(browser, job, "start")
    work()
    assert {one.state for one in Subscription.objects.all()} == {"confirmed"}
    assert all("at the fair, May 2026" in one.consent for one in Subscription.objects.all())
    assert AuditEntry.objects.filter(what="started import").count() == 1


def test_a_list_of_those_who_left_is_said_to_be_one(browser: Client, pivot: Topic) -> None:
    upload(browser, "email\nann@example.org\n", name="left.csv")
    job = Import.objects.get()
    assert "Everybody in it has left" in page(browser, job)
    do(browser, job, "check", topics=[pivot.slug], stands="unsubscribed", consent="they agreed")
    work()
    job.refresh_from_db()
    assert '<option value="unsubscribed" selected>' in page(browser, job)
    do(browser, job, "start")
    work()
    assert Subscription.objects.get().state == "unsubscribed"


def test_without_a_topic_the_form_comes_back_with_what_was_typed(
    browser: Client, pivot: Topic
) -> None:
    upload(browser, LIST)
    answer = do(browser, Import.objects.get(), "check", consent="by phone")
    assert answer.status_code == 422
    assert "no topics column" in answer.content.decode()
    assert "--topic" not in answer.content.decode()
    assert "by phone" in answer.content.decode()
    assert Import.objects.get().state == "new"


def archive(name: str, content: bytes = b"x") -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return raw.getvalue()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "Choose a file|empty"),
        (b"name,city\nAnn,Leeds\n", "names no email column"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "Excel workbook"),
        (archive("xl/workbook.xml"), "workbook"),
        (archive("../list.csv", b"email\na@example.org\n"), "points outside"),
        (archive("inner.zip"), "holds other archives"),
        (archive("list.csv", b"\0" * 30_000_000), "would unpack to"),
        (archive("list.csv")[:40], "damaged"),
        (b"%PDF-1.7", "a PDF"),
        (b'{"people": []}', "no export of Digest"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",  # an archive holds the time
)
def test_what_is_no_list_is_refused_in_words_and_not_kept(
    browser: Client, pivot: Topic, raw: bytes, why: str
) -> None:
    import re

    answer = upload(browser, raw)
    assert answer.status_code == 422
    assert re.search(why, answer.content.decode())
    assert not Import.objects.exists()
    assert not list(runs.file_of(Import(id=1)).parent.glob("*.list"))


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_page, "LARGEST", 100)
    answer = upload(browser, "email\n" + "a@example.org\n" * 20)
    assert answer.status_code == 413
    assert not Import.objects.exists()


def test_a_file_is_kept_where_nobody_else_reads_it_whatever_its_name(
    browser: Client, pivot: Topic
) -> None:
    upload(browser, LIST, name="../../etc/pass\nwd<b>.csv")
    job = Import.objects.get()
    path = runs.file_of(job)
    assert path.name == f"{job.id}.list"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "<b>" not in page(browser, job)


def test_a_form_of_another_site_brings_nobody_in(pia: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(pia)
    assert upload(browser, LIST).status_code == 403
    assert not Import.objects.exists()


def test_a_discarded_list_leaves_nothing_behind(browser: Client, pivot: Topic) -> None:
    upload(browser, LIST)
    job = Import.objects.get()
    do(browser, job, "discard")
    assert not Import.objects.exists()
    assert not runs.file_of(job).exists()


def test_a_list_of_which_nobody_said_anything_for_a_day_is_forgotten(
    browser: Client, pivot: Topic
) -> None:
    upload(browser, LIST)
    job = Import.objects.get()
    minute = timezone.now().replace(second=0)
    assert forgetting.sweep(minute) == 0
    assert forgetting.sweep(minute + forgetting.UNDECIDED * 2) == 1
    assert not runs.file_of(job).exists()
    assert "its file was deleted" in page(browser, job)


def test_a_report_is_kept_for_a_month_and_the_page_says_so(browser: Client, pivot: Topic) -> None:
    upload(browser, LIST)
    job = Import.objects.get()
    do(browser, job, "check", topics="medias-ai-pivot")
    work()
    do(browser, job, "start")
    work()
    assert "can be looked up until" in page(browser, job)
    stray = runs.file_of(job)
    stray.touch()  # of a crash between an upload and its row
    minute = timezone.now().replace(second=0)
    assert forgetting.sweep(minute + dt.timedelta(days=29)) == 0
    assert forgetting.sweep(minute + dt.timedelta(days=31)) == 2
    assert not runs.report_of(job).exists()
    assert not stray.exists()
    assert "one is deleted after 30 days" in page(browser, job)
    assert browser.get(f"/people/import/{job.id}/report.csv").status_code == 404


def test_the_tick_wakes_a_worker_for_what_waits_and_for_nothing_else(
    browser: Client, pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[tuple[Any, ...]] = []
    monkeypatch.setattr(ticking, "wake", lambda *said: woken.append(said))
    upload(browser, LIST)
    ticking.wake_for_imports()
    assert woken == []
    job = Import.objects.get()
    do(browser, job, "check", topics="medias-ai-pivot")
    ticking.wake_for_imports()
    assert woken == [("import_list", job.id)]


def test_an_import_that_a_worker_left_goes_on_from_its_checkpoint_and_loses_nobody(
    browser: Client, pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)
    upload(browser, "email\n" + "".join(f"a{at}@example.org\n" for at in range(35)))
    job = Import.objects.get()
    do(browser, job, "check", topics="medias-ai-pivot")
    work()
    do(browser, job, "start")
    assert at_work.go_on(job.id, seconds=0)  # one batch, then others have their turn
    job.refresh_from_db()
    assert (job.rows, job.created, Subscriber.objects.count()) == (10, 10, 10)
    assert at_work.go_on(job.id, seconds=0)
    with runs.report_of(job).open("ab") as file:
        file.write(b"what was written before a crash, and isn't so")
    work()
    job.refresh_from_db()
    assert (job.state, job.rows, job.created) == ("done", 35, 35)
    assert len(runs.report_of(job).read_text().splitlines()) == 36
    assert Subscriber.objects.count() == 35


def test_a_check_has_its_turns_too_and_finds_what_one_turn_would(
    browser: Client, pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    suppression.add("a3@example.org", by="ada")
    rows = [*(f"a{at}@example.org" for at in range(25)), "nobody", "a2@example.org"]
    found, reports = [], []
    for batch, seconds in ((1000, 60), (4, 0)):
        monkeypatch.setattr(importing, "BATCH", batch)
        upload(browser, "email\n" + "\n".join(rows))
        job = Import.objects.latest("id")
        do(browser, job, "check", topics="medias-ai-pivot")
        turns = 0
        while at_work.go_on(job.id, seconds=seconds):
            turns += 1
            assert f"<b>{min(turns * batch, 27)}</b>" in page(browser, job)
            with runs.report_of(job).open("ab") as file:
                file.write(b"what was written before a crash, and isn't so")
        assert turns == (7 if batch == 4 else 0)
        job.refresh_from_db()
        assert job.state == "checked"
        found.append(job.found)
        reports.append(runs.report_of(job).read_text())
    assert found[0] == found[1]
    assert reports[0] == reports[1]
    assert found[1]["states"] == {"pending": 24}
    assert (found[1]["created"], found[1]["unchanged"], found[1]["rejected"]) == (24, 1, 1)
    assert not Subscriber.objects.exists()


def test_a_check_with_other_wishes_begins_anew(
    browser: Client, pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    upload(browser, LIST)
    job = Import.objects.get()
    do(browser, job, "check", topics="medias-ai-pivot")
    assert at_work.go_on(job.id, seconds=0)
    work()
    do(browser, job, "check", topics="medias-ai-pivot", consent="at the fair, May 2026")
    work()
    job.refresh_from_db()
    assert job.found["read"] == 3
    assert job.found["states"] == {"confirmed": 2}
    assert len(runs.report_of(job).read_text().splitlines()) == 4


def test_what_one_worker_has_no_other_takes(browser: Client, pivot: Topic) -> None:
    upload(browser, LIST)
    job = Import.objects.get()
    do(browser, job, "check", topics="medias-ai-pivot")
    assert runs.claim(job.id) is not None
    assert runs.claim(job.id) is None
    assert runs.waiting() == []


# ---- by the command ------------------------------------------------------------------------------


class Killed(BaseException):
    """What a signal does, where a test can see it."""


def test_a_command_that_was_killed_goes_on_where_it_stopped(
    pivot: Topic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 10)
    path = tmp_path / "list.csv"
    path.write_text("email\n" + "".join(f"a{at}@example.org\n" for at in range(35)))

    def die(report: importing.Report, done_bytes: int) -> bool:
        if report.read == 20:
            raise Killed
        return True

    def load(report: Path, **how: Any) -> importing.Report:
        with path.open("rb") as file, report.open("r+b" if report.exists() else "w+b") as lines:
            return importing.load(
                file, "list.csv", topics=["medias-ai-pivot"], report_to=lines, **how
            )

    with pytest.raises(Killed):
        load(tmp_path / "report.csv", progress=die)
    assert Subscriber.objects.count() == 20
    report = load(tmp_path / "report.csv")
    assert (report.resumed_at, report.read, report.created) == (20, 35, 35)
    assert len((tmp_path / "report.csv").read_text().splitlines()) == 36
    again = load(tmp_path / "again.csv")
    assert (again.resumed_at, again.unchanged) == (0, 35)
    assert [one.state for one in Import.objects.order_by("id")] == ["done", "done"]


# ---- out -----------------------------------------------------------------------------------------


def test_an_export_wants_the_password_again_and_is_written_down(
    browser: Client, pivot: Topic, ann: Subscriber
) -> None:
    assert browser.get("/people/export/").status_code == 200
    for password in ("", "not it"):
        answer = browser.post("/people/export/", {"form": "csv", "password": password})
        assert answer.status_code == 422
        assert "ann@example.org" not in answer.content.decode()
    assert not AuditEntry.objects.filter(what="exported subscribers").exists()
    answer = browser.post("/people/export/", {"form": "csv", "password": PASSWORD})
    assert "attachment" in answer["Content-Disposition"]
    assert "ann@example.org,Ann Lee,confirmed" in b"".join(answer).decode()
    entry = AuditEntry.objects.get(what="exported subscribers")
    assert (entry.who, entry.detail["people"]) == ("pia@example.org", 1)
    answer = browser.post("/people/export/", {"form": "json", "password": PASSWORD})
    assert json.loads(b"".join(answer))["people"][0]["email"] == "ann@example.org"


def test_guessing_the_password_at_the_export_is_delayed(browser: Client, ann: Subscriber) -> None:
    for _ in range(6):
        answer = browser.post("/people/export/", {"form": "csv", "password": "guess"})
    assert "Try again in" in answer.content.decode()
    answer = browser.post("/people/export/", {"form": "csv", "password": PASSWORD})
    assert answer.status_code == 422


def test_a_topic_that_is_gone_exports_nothing(browser: Client, ann: Subscriber) -> None:
    answer = browser.post(
        "/people/export/", {"form": "csv", "password": PASSWORD, "topic": "no-such"}
    )
    assert answer.status_code == 422
    assert "is gone" in answer.content.decode()
