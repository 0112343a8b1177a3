"""Segment rules: read exactly, refused with the place, and compiled to what they mean."""

import datetime as dt
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import Refused
from digest.models import Topic, Update
from subscribers import segments
from subscribers.models import (
    Segment,
    Subscriber,
    SubscriberTag,
    SubscriptionState,
)
from subscribers.rules import LONGEST, OPERATORS, parse, read
from tests.rules_to_try import (
    COUNTRIES,
    DAY,
    LANGUAGES,
    MOMENTS,
    NAMES,
    NOW,
    PARTS,
    PERSON,
    RULE,
    STATES,
    TAGS,
    TEXTS,
    TOPICS,
    UPDATES,
    ZONES,
    follow,
    person,
    reads,
)

pytestmark = pytest.mark.both_databases


def keep(number: int, one: dict[str, Any], topics: list[Topic], updates: dict[str, Any]) -> None:
    """Write this person to the database, and complete the plain data with what follows."""
    who = person(
        str(number),
        country=one["country"],
        language=one["language"],
        zone=one["zone"],
        source=one["source"],
        joined_at=one["joined"],
        attributes=one["attributes"],
    )
    SubscriberTag.objects.bulk_create(SubscriberTag(subscriber=who, tag=tag) for tag in one["tag"])
    one["lot"] = int(who.public_id.hex[:5], 16)
    one["topic"], one["status"] = [], ""
    for topic, stands in zip(topics, one["standing"], strict=True):
        if stands:
            follow(who, topic, stands[0], paused_until=stands[1])
            over = stands == ("paused", NOW - DAY)
            now = "confirmed" if over else stands[0]
            one["topic"] += [topic.slug] * (now == "confirmed")
            one["status"] = now if topic.slug == "one" else one["status"]
    for ref in one["received"]:
        updates[ref](who)


@pytest.fixture
def topics(db: None) -> list[Topic]:
    return [Topic.objects.create(slug=slug, name=slug.title()) for slug in TOPICS]


@pytest.fixture
def updates(topics: list[Topic]) -> dict[str, Any]:
    """Update → what delivers it to somebody; another mailing of it bounces at everybody."""
    return {f"{topic.slug}/{n}": delivered(topic, n) for topic in topics for n in (1, 2)}


def delivered(topic: Topic, number: int) -> Any:
    from workers.models import Batch, Delivery, Mailing

    update = Update.objects.create(topic=topic, number=number, since=NOW, until=NOW, stage="sent")
    mailing = Mailing.objects.create(
        update=update, topic=topic, kind="scheduled", state="done", give_up_after=DAY
    )
    batch = Batch.objects.create(mailing=mailing, size=1)

    def deliver(who: Subscriber, state: str = "accepted", outcome: str = "unknown") -> None:
        Delivery.objects.create(
            mailing=mailing, batch=batch, subscriber=who, state=state, outcome=outcome
        )

    return deliver


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    crowd=st.lists(PERSON, min_size=4, max_size=8), tried=st.lists(RULE, min_size=12, max_size=12)
)
def test_a_rule_compiles_to_what_a_plain_reading_of_it_gives(
    topics: list[Topic],
    updates: dict[str, Any],
    crowd: list[dict[str, Any]],
    tried: list[dict[str, Any]],
) -> None:
    from django.db import transaction

    with transaction.atomic():
        for number, one in enumerate(crowd):
            keep(number, one, topics, updates)
        for rule in tried:
            query = Subscriber.objects.filter(segments.compiled(rule, topics[0], NOW))
            got = set(query.values_list("email", flat=True))
            want = {f"{n}@example.org" for n, one in enumerate(crowd) if reads(rule, one)}
            assert got == want, json.dumps(rule)
            if rule in tried[:4]:  # compiled otherwise, for all people at once
                assert segments.count(rule, topics[0], NOW) == len(want), json.dumps(rule)
        transaction.set_rollback(True)


def test_each_field_and_operator_compiles_to_what_it_means_at_every_edge(
    topics: list[Topic], updates: dict[str, Any]
) -> None:
    plain = {"country": "", "language": "", "zone": "", "source": "", "joined": NOW,
             "attributes": {}, "tag": [], "standing": (None, None), "received": []}  # fmt: skip
    crowd = [
        {**plain, **one}
        for one in [
            *({"country": country} for country in COUNTRIES),
            *({"language": language} for language in LANGUAGES),
            *({"zone": zone} for zone in ZONES),
            *({"source": text, "attributes": {"2024": text}} for text in TEXTS),
            *({"attributes": {name: name}} for name in NAMES),
            *({"joined": moment} for moment in MOMENTS),
            *({"tag": [tag, "trade"][: i + 1]} for i, tag in enumerate(TAGS[1:3])),
            *({"standing": (state, None)} for state in STATES),
            *({"standing": (None, state)} for state in STATES),
            *({"received": refs} for refs in (UPDATES[:1], UPDATES[1:], UPDATES)),
        ]
    ]
    for number, one in enumerate(crowd):
        keep(number, one, topics, updates)
    for rule in every_condition():
        query = Subscriber.objects.filter(segments.compiled(rule, topics[0], NOW))
        got = set(query.values_list("email", flat=True))
        assert got == {f"{n}@example.org" for n, one in enumerate(crowd) if reads(rule, one)}, rule


def every_condition() -> Iterator[dict[str, Any]]:
    """Each field with each of its operators and each value worth trying."""
    values = {"topic": TOPICS, "tag": TAGS, "country": COUNTRIES, "language": LANGUAGES,
              "zone": ZONES, "source": TEXTS, "status": SubscriptionState.values,
              "received": UPDATES, "attribute.2024": TEXTS}  # fmt: skip
    values |= {f"attribute.{name}": [name] for name in NAMES if name != "2024"}
    for field, tried in values.items():
        fit = [value for value in tried if value and value.isprintable()]
        yield from ({"field": field, "is": value} for value in fit)
        yield from ({"field": field, "in": list(pair)} for pair in itertools.pairwise(fit))
        yield {"field": field, "exists": True}
        if "contains" in OPERATORS[field.partition(".")[0]]:
            yield from ({"field": field, "contains": part} for part in PARTS)
    days = ["2026-05-01", "2026-05-02", "2026-06-01"]
    for operator in ("before", "after", "at_least", "at_most"):
        yield from ({"field": "joined", operator: day} for day in days)
        yield from ({"field": "joined", operator: moment.isoformat()} for moment in MOMENTS)
        yield from ({"field": "attribute.2024", operator: day} for day in days)
    yield from ({"field": "joined", "is": day} for day in days)
    for number in (5, 5.5, -3, 0, 1000, 1e300):
        yield {"field": "attribute.2024", "at_least": number}
        yield {"field": "attribute.2024", "at_most": number}
    for name, percent in itertools.product(["spring test", "é"], [0, 5, 12.5, 50, 100]):
        yield {"field": f"sample.{name}", "before": percent}
        yield {"field": f"sample.{name}", "at_least": percent}


def test_the_rule_of_the_contract_selects_whom_it_says(topics: list[Topic]) -> None:
    rule = {
        "all": [
            {"field": "topic", "is": "one"},
            {"field": "country", "in": ["GB", "IE"]},
            {"not": {"field": "tag", "is": "trial"}},
            {"field": "joined", "before": "2026-01-01"},
        ]
    }
    old = dt.datetime(2025, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    for name, country, joined_at in [
        ("fits", "GB", old),
        ("trial", "IE", old),
        ("abroad", "FR", old),
        ("new", "GB", old + dt.timedelta(seconds=1)),
        ("pending", "GB", old),
    ]:
        one = person(name, country=country, joined_at=joined_at)
        follow(one, topics[0], "pending" if name == "pending" else "confirmed")
        if name == "trial":
            SubscriberTag.objects.create(subscriber=one, tag="trial")
    assert [str(one) for one in segments.people(rule)] == ["fits@example.org"]


def test_only_an_accepted_delivery_that_did_not_bounce_counts_as_received(
    updates: dict[str, Any],
) -> None:
    for name, state, outcome in [
        ("got", "accepted", "delivered"),
        ("bounced", "accepted", "bounced"),
        ("failed", "failed", "unknown"),
    ]:
        updates["one/1"](person(name), state, outcome)
    found = segments.people({"field": "received", "is": "one/1"})
    assert [str(one) for one in found] == ["got@example.org"]
    assert not segments.people({"field": "received", "is": "two/1"}).exists()


def test_as_many_updates_as_a_list_may_hold_are_asked_for_at_once(updates: dict[str, Any]) -> None:
    updates["one/1"](person("got"), "accepted", "delivered")
    updates["two/1"](person("other"), "accepted", "delivered")
    listed = ["one/1", *(f"two/{number}" for number in range(2, LONGEST + 1))]
    found = segments.people({"field": "received", "in": listed})
    assert [str(one) for one in found] == ["got@example.org"]


NESTED: Any = {"field": "tag", "is": "x"}

for _ in range(25):
    NESTED = {"not": NESTED}


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({}, "rule: found nothing"),
        ([], "rule: this is no object"),
        ("tag", "rule: this is no object"),
        (None, "rule: this is no object"),
        ({"all": []}, "all: "),
        ({"any": {"field": "tag", "is": "x"}}, "any: "),
        ({"all": [{"field": "tag", "is": "x"}], "any": []}, "rule: found 'all', 'any'"),
        (
            {"all": [{"field": "tag", "is": "x"}, {"field": "colour", "is": "red"}]},
            "all[1].field: ",
        ),
        ({"any": [{"not": {"all": [{"field": "tag"}]}}]}, "any[0].not.all[0]: "),
        ({"not": {"field": "country", "in": ["GB", "Ireland"]}}, "not.in[1]: "),
        ({"field": "country", "contains": "G"}, "contains: country takes is, in, exists"),
        (
            {"field": "tag", "is": "x", "in": ["y"]},
            "rule: write the field and one operator; found 'is', 'in'",
        ),
        ({"field": "tag", "like": "x"}, "like: "),
        ({"field": "tag", "is": ""}, "is: "),
        ({"field": "tag", "is": 5}, "is: "),
        ({"field": "tag", "is": "a\0b"}, "is: "),
        ({"field": "tag", "is": "\ud800"}, "is: "),
        ({"field": "tag", "in": []}, "in: "),
        ({"field": "tag", "in": ["x"] * 1001}, "in: "),
        ({"field": "tag", "exists": False}, 'exists: write true; for the contrary {"not"'),
        ({"field": "topic", "is": "One Topic"}, "is: "),
        ({"field": "status", "is": "gone"}, "is: there is no status 'gone'"),
        ({"field": "language", "is": "English, please"}, "is: "),
        ({"field": "zone", "is": "Mars/Olympus"}, "is: "),
        ({"field": "joined", "before": "2026-02-30"}, "before: "),
        (
            {"field": "joined", "before": "2026-02-03T10:00:00"},
            "before: '2026-02-03T10:00:00' has no",
        ),
        ({"field": "joined", "after": "0001-01-01T00:00:00+14:00"}, "after: "),
        ({"field": "joined", "at_least": 5}, "at_least: "),
        ({"field": "received", "is": "one/0"}, "is: "),
        ({"field": "clicked", "is": "one/1"}, "field: clicks are counted by link"),
        ({"field": "attribute.", "is": "x"}, "field: "),
        ({"field": 'attribute.a"b', "is": "x"}, "field: "),
        ({"field": "attribute", "is": "x"}, "field: "),
        ({"field": "attribute.age", "at_least": True}, "at_least: "),
        ({"field": "attribute.age", "at_least": float("inf")}, "at_least: "),
        ({"field": "attribute.age", "at_most": 10**400}, "at_most: "),
        ({"field": "attribute.age", "before": 5}, "before: "),
        ({"field": ["tag"], "is": "x"}, "field: "),
        ({"field": "tag.x", "is": "x"}, "field: there is no field 'tag.x'"),
        ({"field": "sample", "before": 5}, "field: "),
        ({"field": "sample.", "before": 5}, "field: '' can't name a sample"),
        ({"field": "sample.x", "is": 5}, "is: sample takes before, at_least"),
        ({"field": "sample.x", "exists": True}, "exists: sample takes before, at_least"),
        ({"field": "sample.x", "before": 101}, "before: write a number from 0 to 100"),
        ({"field": "sample.x", "before": float("nan")}, "before: write a number from 0 to 100"),
        ({"field": "sample.x", "before": True}, "before: write a number from 0 to 100"),
        ({"field": "sample.x", "at_least": "5"}, "at_least: write a number from 0 to 100"),
        ({"field": "subscriptions__topic", "is": "x"}, "field: "),
        ({"any": [{"field": "tag", "is": "x"}] * 201}, "any[200]: "),
        (NESTED, "not." * 19 + "not: the rule is nested deeper"),
    ],
)
def test_anything_else_is_refused_with_the_place_of_the_mistake(rule: Any, place: str) -> None:
    with pytest.raises(Refused, match=f"^{re.escape(place)}"):
        read(rule)


def test_json_that_is_broken_or_says_a_key_twice_is_refused() -> None:
    long = '{"field": "attribute.age", "at_least": ' + "9" * 5_000 + "}"
    # Compared each with each, so many keys would take minutes.
    many = json.dumps(dict.fromkeys(map(str, range(200_000)), 1))
    for text in [
        '{"field"', "", "[" * 100_000, '{"all": [], "all": []}', "{'field': 'tag'}", long, many,
    ]:  # fmt: skip
        with pytest.raises(Refused):
            read(parse(text))
    assert parse('{"field": "tag", "is": "x"}') == {"field": "tag", "is": "x"}


def test_every_field_that_can_be_read_can_be_compiled() -> None:
    assert set(segments._CONDITIONS) == set(OPERATORS)


def test_status_without_a_mailing_is_refused_with_its_place() -> None:
    with pytest.raises(Refused, match=r"all\[0\].is: status is"):
        segments.compiled({"all": [{"field": "status", "is": "paused"}]})


def test_naughty_texts_in_a_rule_are_only_ever_values(db: None) -> None:
    naughty = ["'; DROP TABLE subscribers_subscriber; --", '"', "%s", "%(a)s", "{}", "$1", "\\'"]
    for text in naughty:
        one = person(f"n{naughty.index(text)}", source=text, attributes={"note": text})
        SubscriberTag.objects.create(subscriber=one, tag=text)
        for field in ("source", "tag", "attribute.note"):
            for operator in ("is", "contains"):
                assert one in segments.people({"field": field, operator: text})


def test_a_segment_is_kept_once_and_a_mistyped_topic_is_named(topics: list[Topic]) -> None:
    assert segments.save("trade", {"field": "tag", "is": "trade"})
    assert not segments.save("trade", {"field": "tag", "is": "retail"})
    assert Segment.objects.get().rule == {"field": "tag", "is": "retail"}
    with pytest.raises(Refused, match=r"any\[0\].in: there is no topic 'onne'"):
        segments.save("x", {"any": [{"field": "topic", "in": ["one", "onne"]}]})
    with pytest.raises(Refused):
        segments.save("", {"field": "tag", "is": "trade"})
    assert Segment.objects.count() == 1
