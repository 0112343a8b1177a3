"""Lists of people in: the right people in the right state, or the row refused."""

import re

import pytest

from digest.audit import AuditEntry
from digest.errors import NotFound, Refused
from digest.models import Topic
from subscribers.models import Subscriber, SubscriberTag, Subscription, Suppression, address_hash
from subscribers.requested import ConfirmationRequest
from tests.lists import counts, export, export_json, load, states

pytestmark = pytest.mark.both_databases


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


def test_a_list_of_those_who_left_elsewhere_keeps_them_out_whatever_its_rows_say(
    pivot: Topic, ann: Subscriber
) -> None:
    """As listmonk exports who left one list: they are *enabled* still, and consent is no answer."""
    header = "uuid,email,name,attributes,status,created_at,updated_at\n"
    rows = (
        "1,ann@example.org,Ann,{},enabled,2024-01-09,\n2,b@example.org,B,{},enabled,2024-01-09,\n"
    )
    report = load(header + rows, stands="unsubscribed", consent="double opt-in")
    assert counts(report) == {"read": 2, "created": 1, "updated": 1}
    assert states() == {"ann": "unsubscribed", "b": "unsubscribed"}
    refused = "email,Blacklisted,status\nc@example.org,Unsubscribed,permanent-failure\n"
    assert load(refused).rejected
    for how, reason in [("bounced", "hard_bounce"), ("complained", "complaint")]:
        text = refused.replace("c@", f"{how}@")
        assert counts(load(text, stands=how)) == {"read": 1, "suppressed": 1}
        key = address_hash(f"{how}@example.org")
        assert Suppression.objects.get(email_hash=key).reason == reason
    with pytest.raises(Refused, match="Its rows say how each stands"):
        load(export_json(), stands="unsubscribed")
    with pytest.raises(Refused, match="Nobody can stand as 'confirmed'"):
        load(rows, stands="confirmed")


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
