"""digest render: an update's mail as files, to look at."""

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from config.cli import main
from digest import approval
from digest.depths import Depth
from digest.models import Stage, Topic, Update
from subscribers import segments
from tests import newsroom

pytestmark = pytest.mark.django_db


def rendered(update: str, out: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["render", update, "--out", str(out), *words])


def report(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "report.json").read_text("utf-8")))


@pytest.fixture
def draft(pivot: Topic) -> Update:
    stories = newsroom.whole(pivot), newsroom.briefing(pivot, "A pier reopens", body="Long. " * 50)
    return newsroom.update(pivot, None, *stories, stage=Stage.DRAFT, depth=Depth.STANDARD)


def test_it_writes_the_mail_in_every_form_and_a_report(draft: Update, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    ran = rendered("medias-ai-pivot/draft", out)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert {file.name for file in out.iterdir()} == {
        "update.mjml", "update.html", "update.txt", "update.eml", "report.json"
    }  # fmt: skip
    html, text = (out / "update.html").read_text("utf-8"), (out / "update.txt").read_text("utf-8")
    for told in (html, text):
        assert "A pier reopens" in told
        assert "reader@example.org" in told
        assert "_ADDRESS__" not in told
    assert (out / "update.mjml").read_text("utf-8").startswith("<mjml")
    mail = message_from_bytes((out / "update.eml").read_bytes(), policy=default)
    said = report(out)
    assert said["subject"] == mail["Subject"] == draft.title
    assert said["bytes"]["message"] == (out / "update.eml").stat().st_size
    assert 0 < said["bytes"]["text"] < said["bytes"]["html"]
    assert said["ms"] > 0
    assert said["passed"] is True
    assert {"weight", "links", "contrast"} <= {one["name"] for one in said["checks"]}


def test_a_segment_gets_it_at_its_own_depth(draft: Update, tmp_path: Path) -> None:
    segments.save("hurried", {"field": "tag", "is": "hurried"}, "short")
    rendered("medias-ai-pivot/draft", tmp_path / "hurried", "--segment", "hurried")
    rendered("medias-ai-pivot/draft", tmp_path / "short", "--depth", "short")
    hurried, short = (tmp_path / name / "update.txt" for name in ("hurried", "short"))
    assert hurried.read_text("utf-8") == short.read_text("utf-8")


def test_the_same_at_another_depth(draft: Update, tmp_path: Path) -> None:
    sizes = {}
    for depth in ("short", "arranged", "full"):
        rendered("medias-ai-pivot/draft", tmp_path / depth, "--depth", depth)
        sizes[depth] = report(tmp_path / depth)["bytes"]["text"]
    assert sizes["short"] < sizes["arranged"] < sizes["full"]


def test_of_an_approved_update_it_writes_what_was_frozen(draft: Update, tmp_path: Path) -> None:
    update = approval.approve(draft, by="pia")
    Topic.objects.update(name="Another name")
    rendered(update.ref, tmp_path)
    assert "Media's AI Pivot" in (tmp_path / "update.txt").read_text("utf-8")


def test_a_folder_that_can_t_be_written_ends_with_3_and_says_so(
    draft: Update, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    ran = rendered("medias-ai-pivot/draft", tmp_path / "file" / "folder")
    assert ran.exit_code == 3
    assert "can't be written to" in ran.stderr
    assert "name another folder with --out" in ran.stderr


def test_a_segment_that_is_not_there_ends_with_2(draft: Update, tmp_path: Path) -> None:
    ran = rendered("medias-ai-pivot/draft", tmp_path / "x", "--segment", "nobody")
    assert ran.exit_code == 2
    assert "nobody" in ran.stderr
    assert not (tmp_path / "x").exists()
