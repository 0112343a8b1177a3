"""digest subscribers and digest segment, as they are typed."""

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.utils import timezone

from config.cli import main
from digest.errors import Refused
from digest.models import Topic
from subscribers import erasing, suppression
from subscribers.commands.segment import segment
from subscribers.commands.subscribers import subscribers
from subscribers.models import Subscriber, SubscriberTag, Subscription
from tests.lists import HEADER, load

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


def test_people_are_counted_by_how_they_stand_to_be_held_against_another_service(
    pivot: Topic, retail: Topic
) -> None:
    load(
        "email,status\na@example.org,confirmed\nb@example.org,pending\nc@example.org,unsubscribed\n"
        "d@example.org,bounced\ne@example.org,complained\nf@example.org,paused\n"
    )
    Subscription.objects.filter(subscriber__email="f@example.org").update(
        paused_until=timezone.now() + dt.timedelta(days=1)
    )
    suppression.add("a@example.org", "test")
    gone = Subscriber.objects.get(email="b@example.org")
    erasing.erase(gone, by="test")
    ran = CliRunner().invoke(subscribers, ["count", "--topic", "medias-ai-pivot", "--json"])
    assert json.loads(ran.stdout)["topics"] == [
        {
            "topic": "medias-ai-pivot",
            "name": "Media's AI Pivot",
            "confirmed": 1,
            "pending": 0,
            "paused": 1,
            "unsubscribed": 3,
            "suppressed": {"complaint": 1, "hard_bounce": 1, "manual": 1},
        }
    ]
    said = CliRunner().invoke(subscribers, ["count"]).stdout
    assert "(medias-ai-pivot): 1 confirmed, 0 pending, 1 paused, 3 unsubscribed" in said
    assert "must not be mailed: 1 complaint, 1 hard bounce, 1 manual" in said
    assert "Retail (retail): 0 confirmed" in said


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
