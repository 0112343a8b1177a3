"""digest load: what is good is kept, what is bad is named, and loading again changes nothing."""

import gzip
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.db import connection

from config.cli import main
from digest.audit import AuditEntry
from digest.briefings import Briefing, BriefingVersion
from digest.intake import store
from digest.models import Item, Stage, Topic, Update
from digest.parts import BriefingData

PAGE = Path(__file__).parent / "data" / "briefing-page.txt"
SHARED = Path(__file__).parents[1].parent / "shared"
NEWS = SHARED / "data" / "news" / "huffpost_v3_10k.jsonl.gz"
SEED = SHARED / "seed" / "briefing-page.txt"

pytestmark = pytest.mark.django_db


def story(number: int = 1, **parts: Any) -> dict[str, Any]:
    return {
        "headline": f"Ferry firm buys paper {number}",
        "published_at": "2026-05-15T09:00:00Z",
        "summary": "A ferry firm bought a newspaper.",
        **parts,
    }


def run(*words: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["load", *map(str, words)], input=stdin)


def load(*words: str | Path, stdin: str | bytes | None = None) -> dict[str, Any]:
    result = run(*words, "--topic", "medias-ai-pivot", "--json", stdin=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    report: dict[str, Any] = json.loads(result.stdout)
    counts = report["created"] + report["updated"] + report["unchanged"]
    assert report["read"] == counts + len(report["rejected"])
    return report | {"status": result.exit_code}


def counted(report: dict[str, Any]) -> tuple[int, int, int, int]:
    return (report["created"], report["updated"], report["unchanged"], len(report["rejected"]))


# ---- what is kept ------------------------------------------------------------------------


def test_a_saved_page_is_kept_once_however_often_it_is_loaded(pivot: Topic) -> None:
    assert counted(load(PAGE)) == (1, 0, 0, 0)
    kept = Briefing.objects.get()
    assert counted(load(PAGE)) == (0, 0, 1, 0)
    assert Briefing.objects.get().changed_at == kept.changed_at
    assert not BriefingVersion.objects.exists()


def test_what_the_database_gives_back_is_what_was_read(pivot: Topic) -> None:
    load(PAGE)
    kept = Briefing.objects.get()
    assert kept.data.perspectives[1].party == "Odile Marchetti / Larkspur"
    assert kept.data.first_reported_in is not None
    assert kept.data.first_reported_in.update == 2
    assert kept.content_hash == store.content_hash(kept.data)


def test_all_formats_are_told_by_content_in_a_folder_read_in_order(
    pivot: Topic, tmp_path: Path
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "page.json").write_bytes(PAGE.read_bytes())
    (tmp_path / "lines").write_text("\n".join(json.dumps(story(n)) for n in (1, 2)))
    (inner / "list.txt").write_text(json.dumps([story(3), story(4)]))
    (inner / "one.html").write_text(
        "---\nheadline: Marked down\npublished_at: 2026-05-15T09:00:00Z\n---\nText.\n"
    )
    (tmp_path / ".hidden").write_text("nonsense")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("nonsense")
    assert counted(load(tmp_path)) == (6, 0, 0, 0)
    order = list(Briefing.objects.order_by("pk").values_list("slug", flat=True))
    assert order[:3] == ["ferry-firm-buys-paper-3", "ferry-firm-buys-paper-4", "marked-down"]


def test_standard_input_is_read(pivot: Topic) -> None:
    assert counted(load("-", stdin=json.dumps(story()))) == (1, 0, 0, 0)


def test_a_dry_run_says_the_same_and_changes_nothing(pivot: Topic) -> None:
    both = json.dumps([story(1), story(2)])
    assert counted(load("-", "--dry-run", stdin=both)) == (2, 0, 0, 0)
    assert not Briefing.objects.exists()
    load("-", stdin=both)
    edited = json.dumps([story(1, summary="Other."), story(2), story(3)])
    assert counted(load("-", "--dry-run", stdin=edited)) == (1, 1, 1, 0)
    assert Briefing.objects.count() == 2
    assert not BriefingVersion.objects.exists()


def test_an_edited_briefing_keeps_what_it_said(pivot: Topic) -> None:
    load("-", stdin=json.dumps(story()))
    received = Briefing.objects.get().received_at
    assert counted(load("-", stdin=json.dumps(story(summary="It sold it again.")))) == (0, 1, 0, 0)
    kept = Briefing.objects.get()
    assert kept.summary == "It sold it again."
    assert kept.received_at == received
    (version,) = kept.versions.all()
    assert version.content["summary"] == "A ferry firm bought a newspaper."
    assert version.replaced_by == "command line"


def test_only_a_material_change_moves_the_time_of_change(pivot: Topic) -> None:
    load("-", stdin=json.dumps(story()))
    first = Briefing.objects.get().changed_at
    load("-", stdin=json.dumps(story(tag="Industry")))
    assert Briefing.objects.get().changed_at == first
    load("-", stdin=json.dumps(story(status="Confirmed")))
    assert Briefing.objects.get().changed_at > first


def test_a_carried_story_has_moved_on_by_what_its_readers_last_had(pivot: Topic) -> None:
    load("-", stdin=json.dumps(story(body="Said. ")))
    kept = Briefing.objects.get()
    update = Update.objects.create(
        topic=pivot, number=1, stage=Stage.SENT, since=kept.published_at, until=kept.received_at
    )
    Item.objects.create(
        update=update,
        briefing=kept,
        position=1,
        kind="new",
        depth="lead",
        why="new",
        frozen=kept.data.model_dump(mode="json"),
    )
    Briefing.objects.update(carried_in=update)
    small = "Said. Then seven further words came in. "
    load("-", stdin=json.dumps(story(body=small)))
    assert not Briefing.objects.get().moved_on
    load("-", stdin=json.dumps(story(body=small + "And again seven further words came in.")))
    assert Briefing.objects.get().moved_on
    load("-", stdin=json.dumps(story(body="Said. ")))
    assert not Briefing.objects.get().moved_on


def test_of_one_identity_given_twice_the_last_is_kept_and_again_changes_nothing(
    pivot: Topic,
) -> None:
    given = "\n".join(
        json.dumps(one)
        for one in (story(1, summary="Earlier."), story(2), story(1, summary="Later."))
    )
    report = load("-", stdin=given)
    assert counted(report) == (2, 0, 1, 0)
    (warning,) = report["warnings"]
    assert warning.startswith("1 came before another with the same topic and slug, e.g. “ferry")
    assert Briefing.objects.get(slug="ferry-firm-buys-paper-1").summary == "Later."
    assert counted(load("-", stdin=given)) == (0, 0, 3, 0)
    assert not BriefingVersion.objects.exists()


def test_more_than_a_batch_is_kept(pivot: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BATCH", 3)
    given = "\n".join(json.dumps(story(number)) for number in range(8))
    assert counted(load("-", stdin=given)) == (8, 0, 0, 0)
    assert Briefing.objects.count() == 8


def test_loading_asks_the_database_a_few_times_a_batch(
    pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    given = "\n".join(json.dumps(story(number)) for number in range(400))
    with django_assert_max_num_queries(60):
        load("-", stdin=given)
    with django_assert_max_num_queries(40):
        assert counted(load("-", stdin=given)) == (0, 0, 400, 0)


def test_without_a_topic_option_each_briefing_goes_to_its_own(pivot: Topic) -> None:
    Topic.objects.create(slug="harbour", name="Harbour")
    given = [
        story(1, topic="harbour"),
        story(1, topic="medias-ai-pivot"),
        story(2, topic="nowhere"),
        story(3),
    ]
    result = run("-", "--json", stdin=json.dumps(given))
    report = json.loads(result.stdout)
    assert counted(report) == (2, 0, 0, 2)
    assert result.exit_code == 1
    assert [one["why"] for one in report["rejected"]] == [
        "no topic “nowhere”: add it with digest topic add nowhere --name …",
        "no topic: name it with --topic, or as topic in the briefing",
    ]


def test_the_desk_keeps_one_briefing_with_its_history_and_a_line_in_the_log(pivot: Topic) -> None:
    data = BriefingData.model_validate(story(slug="a", topic="medias-ai-pivot"))
    assert store.keep(data, pivot, by="edda@example.org") == "created"
    assert store.keep(data, pivot, by="edda@example.org") == "unchanged"
    edited = data.model_copy(update={"summary": "Other."})
    assert store.keep(edited, pivot, by="edda@example.org") == "updated"
    assert BriefingVersion.objects.get().replaced_by == "edda@example.org"
    assert list(AuditEntry.objects.order_by("pk").values_list("what", "about")) == [
        ("created briefing", "medias-ai-pivot/a"),
        ("updated briefing", "medias-ai-pivot/a"),
    ]


def test_a_load_leaves_one_line_in_the_log_and_none_where_nothing_changed(pivot: Topic) -> None:
    load("-", stdin=json.dumps(story()))
    load("-", stdin=json.dumps(story()))
    (entry,) = AuditEntry.objects.all()
    assert (entry.what, entry.detail) == ("loaded briefings", {"created": 1, "updated": 0})


@pytest.mark.django_db(transaction=True)
def test_two_loads_at_once_create_each_briefing_once(pivot: Topic, tmp_path: Path) -> None:
    given = tmp_path / "given.jsonl"
    given.write_text("\n".join(json.dumps(story(number)) for number in range(300)))
    barrier = threading.Barrier(2)

    def load_it() -> store.LoadReport:
        try:
            barrier.wait()
            return store.load([str(given)], "medias-ai-pivot")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        first, second = (task.result() for task in [both.submit(load_it), both.submit(load_it)])
    assert first.created + second.created == 300
    assert first.unchanged + second.unchanged == 300


# ---- at size, and with what lies beside the project ------------------------------------------


@pytest.mark.skipif(not SEED.exists(), reason=f"{SEED} is not here")
def test_the_real_page_is_created_and_then_unchanged(pivot: Topic) -> None:
    assert counted(load(SEED)) == (1, 0, 0, 0)
    assert counted(load(SEED)) == (0, 0, 1, 0)
    assert Briefing.objects.get().slug == "netflix-confirms-inkubator-no-vendor-named"


# Not ru_maxrss: Linux hands on that of whoever starts the process, here all the tests before.
MEASURED = """
import re, sys
from pathlib import Path
from config.cli import main
try:
    main()
finally:
    status = Path("/proc/self/status").read_text()
    print(re.search(r"VmHWM:\\s+(\\d+)", status)[1], file=sys.stderr)
"""


HAS_PROC = Path("/proc/self/status").exists()


def run_apart(folder: Path, *words: str) -> tuple[int, str, int]:
    """A ``digest`` command in a process of its own: status, output, most memory in kB."""
    environment = os.environ | {
        "DATA_DIR": str(folder),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, int(done.stderr.split()[-1])


@pytest.mark.long
@pytest.mark.skipif(not HAS_PROC, reason="memory is told by /proc, which is Linux's")
@pytest.mark.skipif(not NEWS.exists(), reason=f"{NEWS} is not here")
def test_ten_thousand_briefings_load_in_little_memory(tmp_path: Path) -> None:
    lines = tmp_path / "news.jsonl"
    with gzip.open(NEWS, "rt") as given, lines.open("w") as taken:
        for number, line in enumerate(given):
            said = json.loads(line)
            json.dump(
                {
                    "slug": f"story-{number}",
                    "headline": said["headline"],
                    "published_at": f"{said['date']}T00:00:00Z",
                    "url": said["link"],
                    "summary": said["short_description"] or said["headline"],
                },
                taken,
            )
            taken.write("\n")
    assert run_apart(tmp_path, "topic", "add", "news", "--name", "News")[0] == 0
    status, said, memory = run_apart(tmp_path, "load", str(lines), "--topic", "news", "--json")
    assert status == 0
    assert counted(json.loads(said)) == (10_000, 0, 0, 0)
    assert memory < 300_000


@pytest.mark.long
@pytest.mark.skipif(not HAS_PROC, reason="memory is told by /proc, which is Linux's")
def test_a_line_of_two_gigabytes_is_refused_in_little_memory(tmp_path: Path) -> None:
    long = tmp_path / "long.jsonl"
    long.write_bytes(b'{"headline": "' + b"x" * 3_000_000)
    os.truncate(long, 2 * 1024**3)  # the rest is a hole: no disk is filled
    _, _, usual = run_apart(tmp_path, "load", str(PAGE), "--json")
    status, said, memory = run_apart(tmp_path, "load", str(long), "--json")
    assert status == 2
    (rejected,) = json.loads(said)["rejected"]
    assert rejected["line"] == 1
    assert memory - usual < 50_000


@pytest.mark.parametrize(
    ("date", "told"), [("1970-01-01", "older than the web"), ("2099-01-01", "no update before")]
)
def test_a_date_that_is_likely_a_mistake_is_kept_and_named(
    pivot: Topic, date: str, told: str
) -> None:
    report = load("-", stdin=json.dumps(story(published_at=f"{date}T00:00:00Z")))
    assert counted(report) == (1, 0, 0, 0)
    (warning,) = report["warnings"]
    assert told in warning
    assert date in warning
