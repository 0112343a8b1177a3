"""digest subscribers and digest segment, as they are typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.cli import main
from digest.errors import Refused
from digest.models import Topic
from subscribers.commands.segment import segment
from subscribers.commands.subscribers import subscribers
from subscribers.models import Subscriber, SubscriberTag
from tests.lists import HEADER

pytestmark = pytest.mark.both_databases


def test_a_file_that_is_no_list_is_told_in_one_clean_line(pivot: Topic, tmp_path: Path) -> None:
    (tmp_path / "list.bin").write_bytes(b"\xa2\xb1\\^\xf3\x83\x1b[2J\xf7" * 100)
    ran = CliRunner().invoke(main, ["subscribers", "import", str(tmp_path / "list.bin")])
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "names no email column" in ran.stderr
    assert "nothing was imported" in ran.stderr
    assert len(ran.stderr) < 300
    assert ran.stderr.rstrip("\n").isprintable()


def test_the_command_prints_one_json_object_and_tells_by_its_status(
    pivot: Topic, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email\na@example.org\nbob\n")
    ran = CliRunner().invoke(
        subscribers, ["import", str(file), "--topic", "medias-ai-pivot", "--json"]
    )
    assert ran.exit_code == 1
    assert json.loads(ran.stdout) == {
        "format": "csv",
        "read": 2,
        "created": 1,
        "updated": 0,
        "suppressed": 0,
        "unchanged": 0,
        "rejected": [
            {
                "line": 3,
                "why": "'bob' is no email address: it has no @. Write it as in ann@example.org.",
            }
        ],
    }
    file.write_text("email\nbob\n")
    ran = CliRunner().invoke(subscribers, ["import", str(file), "--topic", "medias-ai-pivot"])
    assert ran.exit_code == 2
    assert "line 2" in ran.stderr
    assert "nothing was changed" in ran.stderr


def test_a_list_comes_from_standard_input_and_goes_to_standard_output(pivot: Topic) -> None:
    text = (
        f"{HEADER}\nänn@example.org,,,,,,,,\nann@example.org,Änn,confirmed,medias-ai-pivot,,,,,\n"
    )
    ran = CliRunner().invoke(subscribers, ["import", "-"], input=text.encode())
    assert ran.exit_code == 1, ran.output
    assert "1 created" in ran.stdout
    assert "ann@example.org,Änn,confirmed" in CliRunner().invoke(subscribers, ["export"]).stdout


def test_a_file_that_is_not_there_is_said_so(pivot: Topic) -> None:
    ran = CliRunner().invoke(subscribers, ["import", "nowhere.csv"])
    assert isinstance(ran.exception, Refused)
    assert "nowhere.csv" in str(ran.exception)


def test_segments_are_added_listed_and_counted_by_command(pivot: Topic, ann: Subscriber) -> None:
    SubscriberTag.objects.create(subscriber=ann, tag="trade")
    rule = '{"field": "tag", "is": "trade"}'
    run = CliRunner().invoke
    assert run(segment, ["add", "trade", rule]).exit_code == 0
    listed = json.loads(run(segment, ["list", "--json"]).stdout)
    trade = {"name": "trade", "rule": json.loads(rule), "depth": "arranged"}
    assert listed == {"segments": [trade]}
    assert run(segment, ["count", rule]).stdout == "1 person\n"
    assert json.loads(run(segment, ["count", rule, "--json"]).stdout) == {"count": 1}
    status = '{"field": "status", "is": "paused"}'
    assert run(segment, ["count", status, "--topic", "medias-ai-pivot"]).stdout == "0 people\n"
    assert isinstance(run(segment, ["count", status]).exception, Refused)
