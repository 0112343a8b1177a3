"""The demo: its dates, its folder, and what it takes for an account that is whole."""

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from digest.errors import Refused
from workers.balance import Sheet
from workers.demo import place, run

# ---- dates -------------------------------------------------------------------------------


def test_every_date_is_moved_and_nothing_else() -> None:
    briefing = {
        "published_at": "2026-05-12T08:30:00Z",
        "sources": [{"name": "2026-05-12", "date": "2026-05-12"}],
        "first_reported_in": {"update": 1, "date": "2026-05-31"},
        "importance": 1,
    }
    assert run.moved(briefing, dt.timedelta(days=10)) == {
        "published_at": "2026-05-22T08:30:00+00:00",
        "sources": [{"name": "2026-05-12", "date": "2026-05-22"}],
        "first_reported_in": {"update": 1, "date": "2026-06-10"},
        "importance": 1,
    }


@pytest.mark.parametrize("hour", [0, 14, 15, 16, 23])
def test_the_last_cut_off_has_just_been(monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    now = dt.datetime(2027, 2, 28, hour, 0, 1, tzinfo=dt.UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    assert dt.timedelta(0) <= now - (run.CUT_OFF + run.shift()) < dt.timedelta(days=1)


def test_a_weeks_briefings_are_written_dated_anew(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    folder = run.dated_anew(1)
    assert folder == tmp_path / "briefings" / "update-1"
    newest = max(
        dt.datetime.fromisoformat(json.loads(file.read_text())["published_at"])
        for file in folder.glob("*.json")
    )
    cut_off = run.CUT_OFF + run.shift() - dt.timedelta(weeks=3)
    assert dt.timedelta(0) <= cut_off - newest < dt.timedelta(weeks=1)


# ---- its folder --------------------------------------------------------------------------


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(Refused, match="not a demo's"):
        place.claim(tmp_path)
    with pytest.raises(Refused, match="nothing was deleted"):
        place.clear(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_its_own_folder_is_made_anew_but_for_the_locks_it_holds(tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    place.claim(directory)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (directory / "mailbox").mkdir()
    (directory / "mailbox/1.eml").touch()
    (directory / "link").symlink_to(elsewhere)
    (directory / "up.lock").touch()
    place.claim(directory)
    place.clear(directory)
    assert {file.name for file in directory.iterdir()} == {place.MARK, "up.lock"}
    assert elsewhere.is_dir()


# ---- what counts as whole ----------------------------------------------------------------


def sheet(**said: Any) -> Sheet:
    whole = {
        "mailing": 1,
        "update": "medias-ai-pivot/1",
        "state": "done",
        "candidates": 200,
        "queued": 0,
        "accepted": 200,
        "deferred": 0,
        "failed": 0,
        "excluded": {},
        "uncertain": 0,
        "balanced": True,
    }
    return Sheet(**{**whole, **said})


ALL = Counter({("Hello", f"r{n}@example.org"): 1 for n in range(200)})


def test_a_whole_account_has_nothing_amiss() -> None:
    assert list(run.amiss([("Update #1", sheet())], ALL, ALL)) == []


@pytest.mark.parametrize(
    ("found", "kept", "told"),
    [
        (sheet(balanced=False), ALL, "does not balance"),
        (sheet(accepted=199, failed=1), ALL, "199 of 200 accepted"),
        (sheet(candidates=199, accepted=199), ALL, "199 of 199 accepted"),
        (sheet(), ALL - Counter({("Hello", "r7@example.org"): 1}), "1 fewer .* r7@example.org"),
        (sheet(), ALL + Counter({("Hello", "r7@example.org"): 1}), "1 more .* r7@example.org"),
        (sheet(), ALL + Counter({("Hello", "x@example.org"): 1}), "1 more .* x@example.org"),
    ],
)
def test_whatever_is_amiss_is_told(found: Sheet, kept: "run.Mails", told: str) -> None:
    lines = list(run.amiss([("Update #1", found)], kept, ALL))
    assert len(lines) == 1
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(lines[0])
