"""Lists of people in and out: the right people in the right state, or the row refused."""

import csv
import datetime as dt
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.cli import main
from digest.errors import NotFound, Refused
from digest.models import AuditEntry, Topic
from subscribers import exporting, importing
from subscribers.commands.segment import segment
from subscribers.commands.subscribers import subscribers
from subscribers.importing import Report, table
from subscribers.models import (
    ConfirmationRequest,
    Consent,
    Segment,
    Subscriber,
    SubscriberTag,
    Subscription,
    Suppression,
    address_hash,
)

pytestmark = pytest.mark.both_databases

NASTY = Path(__file__).parents[1].parent / "shared" / "data" / "nasty" / "blns.json"
REAL = Path(__file__).parents[1].parent / "shared" / "data" / "subscribers"


def load(text: str | bytes, **how: Any) -> Report:
    raw = text if isinstance(text, bytes) else text.encode()
    how.setdefault("topics", ["medias-ai-pivot"])
    return importing.load(io.BytesIO(raw), how.pop("name", "list.csv"), **how)


def counts(report: Report) -> dict[str, int]:
    names = ("read", "created", "updated", "suppressed", "unchanged")
    found = {name: getattr(report, name) for name in names}
    found["rejected"] = len(report.rejected)
    assert found["read"] == sum(found.values()) - found["read"]
    return {name: number for name, number in found.items() if number}


def states(slug: str = "medias-ai-pivot") -> dict[str, str]:
    found = Subscription.objects.filter(topic__slug=slug)
    return {
        email.partition("@")[0]: state
        for email, state in found.values_list("subscriber__email", "state")
    }


def export(**how: Any) -> str:
    out = io.StringIO(newline="")
    exporting.write(out, exporting.Choice(**how))
    return out.getvalue()


def export_json() -> str:
    out = io.StringIO(newline="")
    exporting.write_json(out)
    return out.getvalue()


@pytest.fixture
def retail(db: None) -> Topic:
    return Topic.objects.create(slug="retail", name="Retail")


def test_every_column_goes_where_it_belongs_and_any_other_is_an_attribute(
    pivot: Topic, retail: Topic
) -> None:
    report = load(
        "email,name,status,topics,tags,language,zone,joined,source,country,City,2024\n"
        "Ann@Example.org,Ann Lée,confirmed,medias-ai-pivot|retail,trade; research,pt_br,"
        "Europe/London,2025-03-01 10:00:00 UTC,fair,gb,Leeds,7\n",
        topics=[],
    )
    assert counts(report) == {"read": 1, "created": 1}
    ann = Subscriber.objects.get()
    assert (ann.email, ann.name, ann.email_hash) == (
        "ann@example.org",
        "Ann Lée",
        address_hash("ann@example.org"),
    )
    assert (ann.language, ann.zone, ann.country, ann.source) == (
        "pt-BR",
        "Europe/London",
        "GB",
        "fair",
    )
    assert ann.joined_at.isoformat() == "2025-03-01T10:00:00+00:00"
    assert ann.attributes == {"City": "Leeds", "2024": "7"}
    assert set(ann.tags.values_list("tag", flat=True)) == {"trade", "research"}
    assert states() == states("retail") == {"ann": "confirmed"}


def test_a_row_with_a_state_keeps_it(pivot: Topic) -> None:
    report = load(
        "email,status\na@example.org,confirmed\nb@example.org,pending\nc@example.org,paused\n"
        "d@example.org,unsubscribed\ne@example.org,bounced\nf@example.org,complained\n"
        "g@example.org,Active\nh@example.org,cleaned\n",
        consent="at the fair",
    )
    assert counts(report) == {"read": 8, "created": 5, "suppressed": 3}
    assert states() == {
        "a": "confirmed",
        "b": "pending",
        "c": "paused",
        "d": "unsubscribed",
        "e": "unsubscribed",
        "f": "unsubscribed",
        "g": "confirmed",
        "h": "unsubscribed",
    }
    reasons = dict(Suppression.objects.values_list("email_hash", "reason"))
    assert reasons == {
        address_hash("e@example.org"): "hard_bounce",
        address_hash("f@example.org"): "complaint",
        address_hash("h@example.org"): "hard_bounce",
    }


def test_rows_without_a_state_are_pending_unless_consent_is_stated_and_kept(pivot: Topic) -> None:
    load("email\na@example.org\n")
    load("email\nb@example.org\n", consent="ticked the box on our website, May 2026")
    assert states() == {"a": "pending", "b": "confirmed"}
    b = Subscription.objects.get(subscriber__email="b@example.org")
    assert "ticked the box on our website, May 2026" in b.consent
    assert "list.csv" in b.consent
    assert b.confirmed_at is not None
    load("email\na@example.org\n", consent="by phone")
    assert states()["a"] == "confirmed"


def test_nobody_is_mailed_by_being_imported(pivot: Topic) -> None:
    load("email\na@example.org\n")
    assert not ConfirmationRequest.objects.exists()


def test_who_left_here_stays_left_whatever_a_list_says(pivot: Topic, ann: Subscriber) -> None:
    ann.subscriptions.update(state="unsubscribed", left_why="too long")
    for row in ("ann@example.org,confirmed", "ann@example.org,"):
        assert counts(load(f"email,status\n{row}\n", consent="yes")) == {"read": 1, "unchanged": 1}
    assert states() == {"ann": "unsubscribed"}
    assert ann.subscriptions.get().left_why == "too long"


def test_a_list_that_says_somebody_left_or_bounced_is_believed(
    pivot: Topic, ann: Subscriber
) -> None:
    assert counts(load("email,status\nann@example.org,pending\n")) == {"read": 1, "unchanged": 1}
    assert counts(load("email,status\nann@example.org,paused\n")) == {"read": 1, "updated": 1}
    assert counts(load("email,status\nann@example.org,unsubscribed\n")) == {"read": 1, "updated": 1}
    assert states() == {"ann": "unsubscribed"}
    assert counts(load("email,status\nann@example.org,bounced\n")) == {"read": 1, "suppressed": 1}
    assert Suppression.objects.get().email_hash == ann.email_hash


@pytest.mark.parametrize("reason", ["hard_bounce", "complaint", "erased", "manual"])
def test_the_suppressed_stay_suppressed_and_nothing_of_them_changes(
    pivot: Topic, reason: str
) -> None:
    Suppression.objects.create(email_hash=address_hash("a@example.org"), reason=reason)
    report = load("email,name,status\nA@example.org,Ann,confirmed\n", consent="yes")
    assert counts(report) == {"read": 1, "suppressed": 1}
    assert not Subscriber.objects.exists()
    assert Suppression.objects.get().reason == reason


def test_importing_again_changes_nothing_and_says_so(pivot: Topic) -> None:
    text = "email,name,tags,City\na@example.org,Ann,trade,Leeds\nb@example.org,Bea,,\n"
    assert counts(load(text)) == {"read": 2, "created": 2}
    before = export()
    assert counts(load(text)) == {"read": 2, "unchanged": 2}
    assert export() == before


def test_a_changed_cell_updates_and_an_empty_one_takes_nothing_away(pivot: Topic) -> None:
    load("email,name,tags,City\na@example.org,Ann,trade,Leeds\n")
    assert counts(load("email,name,tags,City,Team\na@example.org,,research,,Desk\n")) == {
        "read": 1,
        "updated": 1,
    }
    ann = Subscriber.objects.get()
    assert (ann.name, ann.attributes) == ("Ann", {"City": "Leeds", "Team": "Desk"})
    assert set(ann.tags.values_list("tag", flat=True)) == {"trade", "research"}


def test_one_address_in_several_rows_is_one_person(pivot: Topic, retail: Topic) -> None:
    report = load(
        "email,status,topics,tags\nA@example.org,confirmed,medias-ai-pivot,x\n"
        "a@example.org,unsubscribed,retail,x\na@example.org,confirmed,medias-ai-pivot,x\n"
    )
    assert counts(report) == {"read": 3, "created": 1, "updated": 1, "unchanged": 1}
    assert (states(), states("retail")) == ({"a": "confirmed"}, {"a": "unsubscribed"})
    assert SubscriberTag.objects.count() == 1


def test_a_dry_run_counts_the_same_and_changes_nothing(pivot: Topic, ann: Subscriber) -> None:
    text = "email,status\nann@example.org,unsubscribed\nb@example.org,\nb@example.org,\nc,\n"
    dry = load(text, dry_run=True)
    assert states() == {"ann": "confirmed"}
    assert not AuditEntry.objects.exists()
    assert counts(dry) == counts(load(text))
    assert AuditEntry.objects.get().what == "imported subscribers"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("bob", "no @"),
        (",Bob", "no email address"),
        ("Bob <bob@example.org>", "can't be mailed|can be mailed"),
        ("bob@example.org,Bo\x00b", "name holds a control"),
        ('bob@example.org,"Bob\nBcc: eve@example.org"', "name holds a control"),
        ("bob@example.org,Bo\u2028b", "name holds a control"),
        ("bob@example.org," + "b" * 501, "name has 501"),
        ("bob@example.org,,maybe", "status 'maybe' is not known"),
        ("bob@example.org,,,Klingon language", "no language"),
        ("bob@example.org,,,,Mars/Olympus", "no time zone"),
        ("bob@example.org,,,,,yesterday", "is no time"),
        ("bob@example.org,,,,,1066-10-14", "is no time"),
        ("bob@example.org,,,,,,no-such-topic", "no topic 'no-such-topic'"),
        ("bob@example.org,,,,,,,," + "x" * 5001, "note has 5,001"),
        ("bob@example.org,,,,,,," + "t" * 101, "over 100 characters"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_others_are_kept(
    pivot: Topic, row: str, why: str
) -> None:
    row += "," * (8 - row.count(","))
    report = load(
        "email,name,status,language,zone,joined,topics,tags,note\n"
        f"ann@example.org,,,,,,,,\n{row}\ncid@example.org,,,,,,,,\n"
    )
    [rejected] = report.rejected
    assert rejected.line == 3
    assert re.search(why, rejected.why)
    assert report.status == 1
    assert set(states()) == {"ann", "cid"}


def test_a_row_with_too_many_cells_is_named_by_its_line_and_empty_ones_are_passed_over(
    pivot: Topic,
) -> None:
    report = load(
        "\nemail,name\na@example.org\n\nb@example.org,Bea,extra\n,\nc@example.org,Cid,,\n"
    )
    assert [one.line for one in report.rejected] == [5]
    assert set(states()) == {"a", "c"}


def test_a_row_that_ends_before_it_can_say_who_left_is_refused(pivot: Topic) -> None:
    report = load("email,name,status,note\na@example.org,Ann\nb@example.org,Bea,confirmed\n")
    [rejected] = report.rejected
    assert rejected.line == 2
    assert "before the column that says who left" in rejected.why
    assert set(states()) == {"b"}


def test_an_open_quote_costs_only_the_lines_it_swallows(pivot: Topic) -> None:
    report = load(
        'email,name\na@example.org,"Ann\nb@example.org,Bea\nc@example.org,"Cid"\nd@example.org,Di\n'
    )
    [rejected] = report.rejected
    assert rejected.line == 2
    assert "up to 4" in rejected.why
    assert set(states()) == {"d"}


def test_a_note_may_have_lines_and_the_line_numbers_stay_right(pivot: Topic) -> None:
    report = load('email,note\na@example.org,"one\ntwo"\nbob,x\n')
    assert Subscriber.objects.get().attributes == {"note": "one\ntwo"}
    assert [one.line for one in report.rejected] == [4]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_encoding_and_line_ends_are_found_out(
    pivot: Topic, delimiter: str, encoding: str, end: str
) -> None:
    rows = [["E-Mail Address", "First Name", "Last Name"], ["a@example.org", "Änne", "Lee"]]
    load(end.join(delimiter.join(row) for row in rows).encode(encoding))
    assert Subscriber.objects.get().name == "Änne Lee"


@pytest.mark.parametrize(
    "raw",
    [
        b"email,name\na@example.org,\xc4nne O\x92Hara\nb@example.org,Bea\n",
        b"email,name\n" + b"b@example.org,Bea\n" + b"a@example.org,\xc4nne O\x92Hara\n",
        # The encoding is told from the beginning, where nothing is to be seen of it yet.
        b"email,name\n#" + b" " * 300_000 + b",\na@example.org,\xc4nne O\x92Hara\n",
    ],
)
def test_windows_1252_is_told_by_what_the_file_holds(pivot: Topic, raw: bytes) -> None:
    load(raw)
    assert Subscriber.objects.get(email="a@example.org").name == "Änne O’Hara"


def test_in_a_list_that_is_utf8_a_row_that_is_not_is_refused_alone(pivot: Topic) -> None:
    report = load(
        "email,name\nb@example.org,Bjørn\n".encode() + b"a@example.org,\xc4nne \xc3\xa9\n"
    )
    [rejected] = report.rejected
    assert (rejected.line, rejected.why) == (3, "is not UTF-8; save the list as CSV in UTF-8.")
    assert set(states()) == {"b"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("name,city\nAnn,Leeds\n", "no email column"),
        ('"email\n', "can't be read as a header"),
        ("email,note,note\na@example.org,1,2\n", "Two columns"),
        ('email,"a\\b"\na@example.org,1\n', "can't name an attribute"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no email column|can't"),
        ("e" * 1_000_001, "no lines of text"),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(pivot: Topic, text: str | bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        load(text)
    assert not Subscriber.objects.exists()


def test_a_monstrous_line_ends_the_reading_and_what_came_before_is_kept(pivot: Topic) -> None:
    report = load("email\na@example.org\n" + "x" * 1_000_001 + "\nb@example.org\n")
    assert [one.line for one in report.rejected] == [3]
    assert set(states()) == {"a"}


def test_a_list_must_say_which_topic_it_is_for(pivot: Topic) -> None:
    with pytest.raises(
        Refused, match=r"which topic these people subscribe to. Topics are: medias-ai-pivot"
    ):
        load("email\na@example.org\n", topics=[])
    with pytest.raises(NotFound, match="no-such"):
        load("email\na@example.org\n", topics=["no-such"])
    assert not Subscriber.objects.exists()


def test_a_country_in_words_is_kept_as_an_attribute(pivot: Topic) -> None:
    load("email,country\na@example.org,Ireland\nb@example.org,ie\n")
    found = Subscriber.objects.order_by("email").values_list("country", "attributes")
    assert list(found) == [("", {"country": "Ireland"}), ("IE", {})]


# ---- out, and in again ---------------------------------------------------------------------------

HEADER = "email,name,status,topics,tags,language,zone,joined,source"


def test_an_export_has_the_agreed_columns_and_a_line_for_each_standing(
    pivot: Topic, retail: Topic
) -> None:
    assert export() == f"{HEADER}\n"
    load(
        f"{HEADER},City\na@example.org,Ann,confirmed,retail,x|a,en,UTC,2025-01-01,web,Leeds\n"
        "a@example.org,,unsubscribed,medias-ai-pivot,,,,,,\n"
        "b@example.org,,bounced,retail,,,,2025-01-02,,\nc@example.org,,,,,,,2025-01-03,,\n",
        topics=[],
    )
    assert export() == (
        f"{HEADER},City\n"
        'a@example.org,Ann,confirmed,retail,"a,x",en,UTC,2025-01-01T00:00:00Z,web,Leeds\n'
        'a@example.org,Ann,unsubscribed,medias-ai-pivot,"a,x",en,UTC,2025-01-01T00:00:00Z,web,'
        "Leeds\n"
        "b@example.org,,bounced,retail,,,,2025-01-02T00:00:00Z,,\n"
        "c@example.org,,,,,,,2025-01-03T00:00:00Z,,\n"
    )


def test_the_erased_are_in_no_export(pivot: Topic, ann: Subscriber) -> None:
    Subscriber.objects.filter(id=ann.id).update(state="erased", email=None)
    assert export() == f"{HEADER}\n"


LATER = dt.datetime(2099, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC)
NAUGHTY = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029"), max_size=20
).map(str.strip)
FORMULAS = st.sampled_from(
    ["=1+1", "+44", "-5", "@x", "'=1", "''=1", "'", "'x", '"', "a,b", "=", "\tx"]
)
TEXT = st.one_of(NAUGHTY, FORMULAS.map(str.strip))
ATTRIBUTE = NAUGHTY.filter(lambda name: name and not set('"\\') & set(name))
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "name": TEXT,
            "attributes": st.dictionaries(ATTRIBUTE, TEXT.filter(bool), max_size=3),
            "status": st.sampled_from(["confirmed", "pending", "paused", "unsubscribed"]),
            "barred": st.sampled_from(["", "", "hard_bounce", "complaint", "manual"]),
            "country": st.sampled_from(["", "GB"]),
            "tags": st.lists(
                st.sampled_from(["trade", "=x", "ü", "a,b", 'say "hi"', "a;b|c"]), unique=True
            ),
            "until": st.sampled_from([None, LATER]),
            "consent": st.sampled_from(["", "at the fair", "=1\n\r\n2", 'in "May"']),
        }
    ),
    max_size=4,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(people=PEOPLE)
def test_an_export_imported_into_an_empty_database_gives_the_same_export(
    pivot: Topic, people: list[dict[str, Any]]
) -> None:
    from django.db import transaction

    def empty() -> None:
        Suppression.objects.all().delete()
        Subscriber.objects.all().delete()

    with transaction.atomic():
        empty()
        for number, one in enumerate(people):
            email = f"{'=+-@'[number % 3]}{number}@example.org"
            person = Subscriber.objects.create(
                email=email,
                email_hash=address_hash(email),
                name=one["name"],
                attributes=one["attributes"],
                country=one["country"],
            )
            Subscription.objects.create(subscriber=person, topic=pivot, state=one["status"])
            for tag in one["tags"]:
                SubscriberTag.objects.create(subscriber=person, tag=tag)
            if one["barred"]:
                Suppression.objects.create(email_hash=person.email_hash, reason=one["barred"])
        cells = [cell for row in csv.reader(io.StringIO(export())) for cell in row if cell]
        assert not any(cell[0] in "=+-@\t\r" for cell in cells)
        for write in (export, lambda: export(consents=True), export_json):
            first = write()
            empty()
            report = load(first, topics=[])
            assert report.rejected == []
            assert write() == first
        transaction.set_rollback(True)


def test_an_export_keeps_apart_how_somebody_stands_to_several_topics(
    pivot: Topic, retail: Topic
) -> None:
    third = Topic.objects.create(slug="third", name="Third")
    ann = Subscriber.objects.create(
        email="ann@example.org", email_hash=address_hash("ann@example.org")
    )
    follow = Subscription.objects.create
    follow(subscriber=ann, topic=pivot, state="paused", paused_until=LATER, consent="by phone")
    follow(subscriber=ann, topic=retail, state="unsubscribed", left_at=LATER, left_why="too long")
    follow(subscriber=ann, topic=third, state="pending")
    for whole in (False, True):
        rows = list(csv.DictReader(io.StringIO(export(consents=whole))))
        assert [(row["status"], row["topics"], row["paused_until"]) for row in rows] == [
            ("pending", "third", ""),
            ("paused", "medias-ai-pivot", "2099-01-02T03:04:05.000678Z"),
            ("unsubscribed", "retail", ""),
        ]
    assert (rows[1]["consent"], rows[2]["left_why"]) == ("by phone", "too long")


def test_json_carries_the_agreements_and_whom_nobody_may_mail(
    pivot: Topic, ann: Subscriber
) -> None:
    one = ann.subscriptions.get()
    Consent.objects.create(
        subscription=one, way="form", wording="Mail me", source="/subscribe/", at=LATER
    )
    Suppression.objects.create(email_hash=address_hash("gone@example.org"), reason="erased")
    first = export_json()
    assert [len(json.loads(first)["people"]), "gone@" in first] == [2, False]
    Suppression.objects.all().delete()
    Subscriber.objects.all().delete()
    assert counts(load(first, topics=[])) == {"read": 2, "created": 1, "suppressed": 1}
    assert export_json() == first
    assert Consent.objects.get().wording == "Mail me"
    assert counts(load("email\ngone@example.org\n", consent="yes")) == {"read": 1, "suppressed": 1}


def test_an_attribute_that_is_called_like_a_column_of_ours_comes_back_as_one(pivot: Topic) -> None:
    names = ("email", "consent", "left", "attribute.x", "country")
    Subscriber.objects.create(
        email="ann@example.org",
        email_hash=address_hash("ann@example.org"),
        attributes=dict.fromkeys(names, "=1"),
    )
    first = export()
    Subscriber.objects.all().delete()
    load(first, topics=[])
    assert Subscriber.objects.get().attributes == dict.fromkeys(names, "=1")
    assert export() == first


def test_an_attribute_that_is_called_like_an_address_comes_back_as_one(pivot: Topic) -> None:
    load("email,a@b.example\nann@example.org,x\n")
    assert Subscriber.objects.get().attributes == {"a@b.example": "x"}


def test_a_topic_or_a_segment_may_be_exported_alone(
    pivot: Topic, retail: Topic, ann: Subscriber
) -> None:
    load("email,tags\nbob@example.org,trade\n", topics=["retail"])
    rule = Segment.objects.create(name="trade", rule={"field": "tag", "is": "trade"})
    assert "bob@" not in export(topic=pivot)
    assert "ann@" in export(topic=pivot)
    assert "ann@" not in export(segment=rule)
    assert "bob@" in export(segment=rule)


# ---- the commands --------------------------------------------------------------------------------


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


# ---- real ones -----------------------------------------------------------------------------------

REAL_LISTS: dict[str, tuple[str, dict[str, int], list[int]]] = {
    "ghost_members-formula-like-values.csv": ("csv", {"pending": 2}, []),
    "ghost_members-invalid-values.csv": ("ghost", {"confirmed": 1}, [3, 4]),
    "ghost_members-ragged-row.csv": ("csv", {"pending": 2}, []),
    "ghost_valid-members-import.csv": ("ghost", {"confirmed": 1, "unsubscribed": 1}, []),
    "ghostmigrate_beehiiv__members.csv": (
        "beehiiv", {"confirmed": 5, "unsubscribed": 3, "pending": 1}, []
    ),
    "ghostmigrate_curated__subscribers.csv": ("curated", {"pending": 16}, [5, 6, 10, 21]),
    "ghostmigrate_fs-utils__malformed.csv": ("csv", {}, [2]),
    "ghostmigrate_mailchimp__cleaned.csv": ("mailchimp", {"suppressed": 5}, []),
    "ghostmigrate_mailchimp__subscribed.csv": ("mailchimp", {"confirmed": 5}, []),
    "ghostmigrate_mailchimp__unsubscribed.csv": ("mailchimp", {"unsubscribed": 5}, []),
    "ghostmigrate_medium__members.txt": ("medium", {"pending": 5}, []),
    "ghostmigrate_substack__fixtures_signup_emails.csv": (
        "substack", {"confirmed": 17, "unsubscribed": 2}, [7, 22]
    ),
    "ghostmigrate_substack__fixtures_subscriber_emails.csv": (
        "substack", {"confirmed": 13, "unsubscribed": 2}, [8, 18]
    ),
    "ghostmigrate_substack__invalid.csv": ("csv", {"pending": 3}, []),
    "ghostmigrate_tinynews__subs-v1.csv": ("tinynews", {"confirmed": 2, "unsubscribed": 1}, []),
    "ghostmigrate_tinynews__subs-v2.csv": ("tinynews", {"confirmed": 1, "unsubscribed": 1}, []),
}  # fmt: skip
"""Whose list it is, how its people stand, and which lines are refused."""


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared lists are not here")
@pytest.mark.parametrize("name", REAL_LISTS)
def test_a_real_list_comes_in_with_the_right_people_or_named_rows_refused(
    pivot: Topic, name: str
) -> None:
    kind, standing, refused = REAL_LISTS[name]
    report = load((REAL / name).read_bytes(), name=name)
    found = Counter(states().values())
    if report.suppressed:
        found = Counter(suppressed=Suppression.objects.count())
    assert (report.format, dict(found)) == (kind, standing)
    assert [one.line for one in report.rejected] == refused
    assert all(one.why for one in report.rejected)


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared lists are not here")
def test_a_real_list_without_addresses_is_refused_whole(pivot: Topic) -> None:
    with pytest.raises(Refused, match="no email column"):
        load((REAL / "ghostmigrate_fs-utils__example.csv").read_bytes())
    assert set(REAL_LISTS) | {"ghostmigrate_fs-utils__example.csv"} == {
        path.name for path in REAL.iterdir()
    }


@pytest.mark.skipif(not NASTY.is_file(), reason="the shared strings are not here")
def test_naughty_strings_as_names_come_back_or_are_refused_with_the_reason(pivot: Topic) -> None:
    names = json.loads(NASTY.read_text("utf-8"))
    out = io.StringIO(newline="")
    sheet = csv.writer(out, lineterminator="\r\n")
    sheet.writerow(["email", "name"])
    sheet.writerows((f"n{at}@example.org", table.guarded(name)) for at, name in enumerate(names))
    report = load(out.getvalue())
    refused = {one.email: one.why for one in report.rejected}
    assert all("control or line-separator" in why for why in refused.values()), refused
    for at, name in enumerate(names):
        email = f"n{at}@example.org"
        odd = re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", name.strip())
        assert (email in refused) == bool(odd), (at, name)
        if not odd:
            assert Subscriber.objects.get(email=email).name == name.strip()
    first = export()
    Subscriber.objects.all().delete()
    assert load(first, topics=[]).rejected == []
    assert export() == first
