"""The guides for moving in, typed as they are written, with lists as the services export them."""

import io
import json
import re
import shlex
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection

from config.cli import main
from digest import drafting
from digest.briefings import Briefing
from digest.models import Topic
from subscribers import segments
from subscribers.importing.services import SERVICES
from subscribers.models import Subscriber, Subscription, Suppression
from tests.lists import load, states
from workers.models import Schedule

DOCS = Path(__file__).parents[1] / "docs"
LISTS = Path(__file__).parent / "data" / "lists"

SAMPLES = {
    "listmonk": ("list.csv", "listmonk-one-list.csv"),
    "mailchimp": ("audience.zip", "mailchimp-audience.zip"),
    "substack": ("export.zip", "substack-export.zip"),
    "ghost": ("members.csv", "ghost-members.csv"),
    "buttondown": ("subscribers.csv", "buttondown-subscribers.csv"),
    "beehiiv": ("subscribers.csv", "beehiiv-subscriptions.csv"),
}
"""Each guide's own list, by the name that it has there, and our sample of it."""

OUT = {
    "bounced.csv": "later@example.net",
    "complained.csv": "cross@example.org",
    "bounces.csv": "bhoot@example.org",
    "complaints.csv": "cross@example.org",
    "unsubscribed.csv": "gone@example.org",
}
"""Lists beside it, of who is out: whom each names."""

FEED = """<rss version="2.0"><channel><title>Harbour Letter</title>
<item><title>The old pier closes</title><link>https://old.example.com/p/pier</link>
<guid>1</guid><pubDate>Mon, 03 Mar 2025 09:00:00 GMT</pubDate>
<description>Planks are loose, says the council.</description></item></channel></rss>"""


@pytest.fixture
def harbour(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Topic:
    """The topic that all guides bring people to; in a folder with the files that they name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old-feed.xml").write_text(FEED)
    for name, address in OUT.items():
        (tmp_path / name).write_text(f"address,code,error\n{address},550,no such mailbox\n")
    return Topic.objects.create(slug="harbour", name="The Harbour Rebuilt")


def text(guide: str) -> str:
    return (DOCS / guide).read_text("utf-8")


def follow(guide: str, *, more: bool = False) -> str:
    """Type each command of a guide's block; what the last one said. ``more``: of those that
    follow, too, which are for some."""
    said = ""
    blocks = re.findall(r"^```sh\n(.*?)^```", text(guide), re.MULTILINE | re.DOTALL)
    for block in blocks if more else blocks[:1]:
        for line in block.splitlines():
            said = typed(line)
    return said


def typed(line: str) -> str:
    first, *words = shlex.split(line)
    assert first == "digest"
    ran = CliRunner().invoke(main, words)
    some_rejected = words[:2] == ["subscribers", "import"] and ran.exit_code == 1
    assert ran.exit_code == 0 or some_rejected, f"{line}: {ran.output} {ran.exception}"
    return ran.stdout


def judged(sample: str) -> list[dict[str, Any]]:
    """The people of a sample, each as a careful publisher would have them."""
    found: list[dict[str, Any]] = json.loads((LISTS / f"{sample}.expected.json").read_text())[
        "people"
    ]
    return found


@pytest.mark.parametrize("service", SAMPLES)
def test_a_guide_is_followed_word_for_word_and_all_come_as_the_counts_say(
    service: str, harbour: Topic, tmp_path: Path
) -> None:
    name, sample = SAMPLES[service]
    shutil.copy(LISTS / sample, tmp_path / name)
    said = follow(f"moving-in/{service}.md")
    stand = {
        one["email"]: "out" if one["suppressed"] else one["state"] or "pending"
        for one in judged(sample)
    }
    blocks = text(f"moving-in/{service}.md").partition("## The import")[2]
    for beside in re.findall(r"^digest \S+ import (\S+) \S+ \S+ --as", blocks, re.MULTILINE):
        stand[OUT[beside]] = "out"
    wanted = Counter(stand.values())
    found = json.loads(typed("digest subscribers count --topic harbour --json"))["topics"][0]
    out = sum(found["suppressed"].values())
    told = {state: found[state] for state in ("confirmed", "pending", "paused")}
    told |= {"unsubscribed": found["unsubscribed"] - out, "out": out}
    assert told == {state: wanted[state] for state in told}
    assert f"{wanted['confirmed']} confirmed" in said


def test_what_all_guides_share_is_typed_as_it_is_written(harbour: Topic) -> None:
    follow("moving-in.md", more=True)
    assert Briefing.objects.get().published_at.year == 2025
    assert not drafting.draft(harbour).items.exists(), "an old issue is no news"
    assert Schedule.objects.get().cron == "0 7 * * 1-5"


def test_a_tables_words_are_the_importers_own() -> None:
    """A word in a guide's left column that is a state there has one here, and none is left out."""
    for service in SERVICES:
        if service.name in SAMPLES and service.words:
            page = text(f"moving-in/{service.name}.md").replace("_", " ")
            for word in service.words:
                assert f"*{word}*" in page, f"{service.name}: {word}"


def test_listmonks_database_is_asked_for_the_columns_that_are_read() -> None:
    head = (LISTS / "listmonk-one-list.csv").read_text().splitlines()[0]
    select = text("moving-in/listmonk.md").partition("(SELECT ")[2].partition(" FROM ")[0]
    names = [one.rpartition(" AS ")[2].rpartition(".")[2] for one in select.split(", ")]
    assert ",".join(names) == head


LISTMONK = """
CREATE TYPE subscription_status AS ENUM ('unconfirmed', 'confirmed', 'unsubscribed');
CREATE TYPE bounce_type AS ENUM ('soft', 'hard', 'complaint');
CREATE TEMP TABLE subscribers (id int, uuid uuid, email text, name text,
    attribs jsonb, status text, created_at timestamptz, updated_at timestamptz DEFAULT now());
CREATE TEMP TABLE lists (id int, name text);
CREATE TEMP TABLE subscriber_lists (subscriber_id int, list_id int, status subscription_status);
CREATE TEMP TABLE bounces (subscriber_id int, type bounce_type);
INSERT INTO lists VALUES (1, 'Harbour Letter'), (2, 'Weekend');
INSERT INTO subscribers SELECT n, gen_random_uuid(), 'reader' || n || '@example.org',
    'Reader, ' || n, '{"city": "Łódź"}', CASE n WHEN 5 THEN 'blocklisted' ELSE 'enabled' END,
    '2023-05-01 10:11:12.5+02' FROM generate_series(1, 6) n;
INSERT INTO subscriber_lists VALUES (1, 1, 'confirmed'), (2, 1, 'unsubscribed'),
    (3, 1, 'unconfirmed'), (4, 1, 'confirmed'), (5, 1, 'confirmed'), (6, 2, 'confirmed'),
    (1, 2, 'unsubscribed');
INSERT INTO bounces VALUES (4, 'hard'), (4, 'soft'), (1, 'soft');
"""
"""Its tables, as far as the guide asks them."""


@pytest.mark.both_databases
@pytest.mark.only_on("postgresql")
def test_listmonks_database_answers_what_the_guide_asks_and_its_answers_come_in(
    harbour: Topic, tmp_path: Path
) -> None:
    asked = re.findall(r"^\\copy (\(.*\)) TO '(\S+)'", text("moving-in/listmonk.md"), re.MULTILINE)
    with connection.cursor() as cursor:
        cursor.execute(LISTMONK)
        for question, name in asked:
            with cursor.copy(f"COPY {question} TO STDOUT CSV HEADER") as answer:
                (tmp_path / name).write_bytes(b"".join(answer))
    follow("moving-in/listmonk.md")
    assert states("harbour") == {
        "reader1": "confirmed",
        "reader2": "unsubscribed",
        "reader3": "pending",
        "reader4": "unsubscribed",
        "reader5": "unsubscribed",
    }
    one = Subscriber.objects.get(email="reader1@example.org")
    assert one.joined_at.isoformat() == "2023-05-01T08:11:12.500000+00:00"
    assert (one.name, one.attributes["city"]) == ("Reader, 1", "Łódź")
    assert Suppression.objects.count() == 2


@pytest.mark.parametrize(
    ("sample", "field", "value", "who"),
    [
        ("ghost-members.csv", "tiers", "Patron", {"boo"}),
        ("substack-email-list.csv", "plan", "yearly", {"paid"}),
        ("beehiiv-subscriptions.csv", "tier", "premium", {"inez"}),
    ],
)
def test_a_paid_tier_is_an_attribute_that_a_segment_asks(
    pivot: Topic, sample: str, field: str, value: str, who: set[str]
) -> None:
    load((LISTS / sample).read_bytes(), name=sample)
    paid = {"field": f"attribute.{field}", "is": value}
    found = segments.people({"all": [paid, {"field": "status", "is": "confirmed"}]}, pivot)
    assert {str(one.email).partition("@")[0] for one in found} == who


def test_whoever_left_a_single_opt_in_list_stays_out_when_the_others_are_confirmed(
    harbour: Topic, tmp_path: Path
) -> None:
    shutil.copy(LISTS / "listmonk-one-list.csv", tmp_path / "list.csv")
    follow("moving-in/listmonk.md", more=True)
    assert states("harbour") == {
        "cross": "unsubscribed",
        "mona.list": "confirmed",
        "single": "confirmed",
        "left.list": "unsubscribed",
        "blocked": "unsubscribed",
        "switched.off": "unsubscribed",
        "later": "unsubscribed",
    }


def test_buttondowns_list_of_who_left_is_told_by_its_name_in_the_archive(pivot: Topic) -> None:
    raw = io.BytesIO()
    head = "email_address,creation_date,notes"
    with zipfile.ZipFile(raw, "w") as packed:
        packed.writestr("subscribers.csv", f"{head},type\na@example.org,2024-01-01,,regular\n")
        packed.writestr("unsubscribers.csv", f"{head}\nb@example.org,2024-01-01,\n")
    load(raw.getvalue(), name="export.zip", consent="they all agreed")
    assert states() == {"a": "confirmed", "b": "unsubscribed"}


def test_substacks_other_export_adds_names_and_brings_nobody_back(pivot: Topic) -> None:
    for name in ("substack-email-list.csv", "substack-subscribers.csv"):
        load((LISTS / name).read_bytes(), name=name)
    vera = Subscriber.objects.get(email="vera.vellum@example.com")
    assert (vera.name, states()["vera.vellum"]) == ("Vera Vellum", "confirmed")
    left = Subscription.objects.filter(subscriber__email__contains="quiet")
    assert {one.state for one in left} == {"unsubscribed"}
