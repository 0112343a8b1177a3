"""Lists of people out, and in again: what went out comes back as it was."""

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.models import Topic
from subscribers.models import (
    Consent,
    Segment,
    Subscriber,
    SubscriberTag,
    Subscription,
    Suppression,
    address_hash,
)
from tests.lists import HEADER, counts, export, export_json, load

pytestmark = pytest.mark.both_databases


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
