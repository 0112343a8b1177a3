"""What can't be loaded: named with its reason, and it costs the rest nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from digest.briefings import Briefing, BriefingVersion
from digest.intake import store
from digest.models import Topic
from tests.test_load import PAGE, counted, load, run, story

pytestmark = pytest.mark.django_db


def one_bad(pivot: Topic, tmp_path: Path, bad: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Load a folder of ten files, the seventh bad; the report and its only rejection."""
    for number in range(1, 11):
        good = json.dumps(story(number)).encode()
        (tmp_path / f"{number:02}").write_bytes(bad if number == 7 else good)
    report = load(tmp_path)
    assert Briefing.objects.count() == 9
    assert counted(report) == (9, 0, 0, 1)
    assert report["status"] == 1
    (rejected,) = report["rejected"]
    assert rejected["source"] == str(tmp_path / "07")
    return report, rejected


TWO_PAGES = PAGE.read_bytes() + PAGE.read_bytes()


@pytest.mark.parametrize(
    ("bad", "line", "why"),
    [
        (json.dumps({"headline": "A", "summary": "B"}).encode(), 1, "no published_at: add when"),
        (b"---\nheadline: A\nheadline: B\n---\nText", 3, "two headlines"),
        (b'{"headline": "A",\n "headline": "B"}', 1, "two headlines"),
        (TWO_PAGES, 81, "two headlines"),
        (
            json.dumps(story(headline="x" * 5_000_000)).encode(),
            1,
            'than 2 MB that begins “{"headline"',
        ),
        (b"\x7fELF\0\0\0\0", 1, "binary, no text"),
        (b"\x89PNG\r\n", None, "no text but a picture"),
        (b'{"headline": "A"\n', 2, "broken JSON"),
        (b"", None, "empty"),
        (b"A letter.\n", None, "not one of what can be read"),
        (json.dumps(story(headline="a\x00b")).encode(), 1, "NUL"),
        (json.dumps(story(summary="bell \x07")).encode(), 1, "control character"),
    ],
    ids=[
        "no date",
        "two headlines in Markdown",
        "two headlines in JSON",
        "two pages",
        "5 MB headline",
        "binary",
        "picture",
        "broken",
        "empty",
        "letter",
        "NUL",
        "control",
    ],
)
def test_one_bad_file_among_ten_costs_only_itself(
    pivot: Topic, tmp_path: Path, bad: bytes, line: int | None, why: str
) -> None:
    _, rejected = one_bad(pivot, tmp_path, bad)
    assert why in rejected["why"]
    assert rejected["line"] == line


def test_broken_json_on_line_7_of_10_costs_only_that_line(pivot: Topic) -> None:
    lines = [json.dumps(story(number)) for number in range(1, 11)]
    lines[6] = lines[6][:-9]
    report = load("-", stdin="\n".join(lines))
    assert counted(report) == (9, 0, 0, 1)
    assert report["status"] == 1
    assert report["rejected"][0]["line"] == 7
    assert "broken JSON" in report["rejected"][0]["why"]


def test_a_file_that_may_not_be_read_is_named(
    pivot: Topic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text(json.dumps(story()))
    (tmp_path / "b").symlink_to(tmp_path / "b")  # a link to itself: the tests may run as root
    report = load(tmp_path / "a", tmp_path)
    assert counted(report) == (1, 0, 1, 0)
    Path(tmp_path / "c").write_text("x")
    real_open = Path.open

    def refuse(path: Path, *rest: Any) -> Any:
        if path.name == "c":
            raise PermissionError(13, "Permission denied")
        return real_open(path, *rest)

    monkeypatch.setattr(Path, "open", refuse)
    (rejected,) = load(tmp_path)["rejected"]
    assert rejected["why"] == "can't be read: permission denied"


def test_where_nothing_could_be_loaded_the_status_is_2(pivot: Topic, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\0\0")
    result = run(tmp_path, "--topic", "medias-ai-pivot")
    assert result.exit_code == 2
    assert "a” line 1: binary, no text" in result.stderr
    assert "nothing could be loaded; nothing was changed" in result.stderr
    assert load("-", stdin="[]")["status"] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--topic", "nowhere", str(PAGE)],
            "There is no topic “nowhere”; nothing was loaded. Add it with: digest topic add",
        ),
        (["--topic", "n\udcffwhere", str(PAGE)], "There is no topic"),
        (["--topic", "medias-ai-pivot", str(PAGE), "/no/such/file"], "There is no “/no/such/file”"),
        (["--topic", "medias-ai-pivot", "ftp://example.com/feed"], "There is no “ftp:"),
        (["--topic", "medias-ai-pivot"], "Missing argument"),
    ],
)
def test_a_request_that_makes_no_sense_changes_nothing(
    pivot: Topic, words: list[str], told: str
) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stdout == ""
    assert not Briefing.objects.exists()


def test_a_fault_while_writing_leaves_no_half_batch(
    pivot: Topic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("-", stdin=json.dumps(story(1)))
    both = tmp_path / "both.json"
    both.write_text(json.dumps([story(2), story(1, summary="Other.")]))

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(Briefing, "save", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        store.load([str(both)], "medias-ai-pivot")
    assert Briefing.objects.count() == 1
    assert not BriefingVersion.objects.exists()


def test_people_read_counts_and_each_rejection(pivot: Topic) -> None:
    given = "\n".join([json.dumps(story(1, byline="A")), "{}", json.dumps(story(2, byline="B"))])
    result = run("-", "--topic", "medias-ai-pivot", stdin=given)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == (
        "note: unknown key “byline”: kept under extra (2 briefings)"
    )
    assert result.stderr.splitlines()[1].startswith(
        "rejected: “standard input” line 2: no headline and no slug"
    )
    assert result.stdout == "Read 3: 2 created, 0 updated, 0 unchanged, 1 rejected.\n"


def test_nothing_in_the_input_can_steer_the_terminal(pivot: Topic, tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m").write_text(json.dumps(story(tag="\x1b[2J")))
    result = run(tmp_path, "--topic", "medias-ai-pivot")
    assert "\x1b" not in result.stdout + result.stderr
