"""Segment rules: read exactly, refused with the place, and compiled to what they mean."""

import datetime as dt
import hashlib
import itertools
import json
import random
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import Refused
from digest.models import Topic, Update
from subscribers import glance, segments
from subscribers.models import (
    Segment,
    Subscriber,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    Suppression,
    address_hash,
)
from subscribers.rules import LONGEST, OPERATORS, parse, read
from subscribers.selection import reasons, selected

pytestmark = pytest.mark.both_databases

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def person(name: str, **fields: Any) -> Subscriber:
    email = f"{name}@example.org"
    return Subscriber.objects.create(email=email, email_hash=address_hash(email), **fields)


def follow(who: Subscriber, topic: Topic, state: str = "confirmed", **fields: Any) -> Subscription:
    return Subscription.objects.create(subscriber=who, topic=topic, state=state, **fields)


# ---- a plain reading of the rule, to hold the compiled one against ---------------------------


def reads(rule: dict[str, Any], one: dict[str, Any]) -> bool:
    """Whether a rule holds of a person, given as plain data; no library, no query."""
    if "all" in rule:
        return all(reads(part, one) for part in rule["all"])
    if "any" in rule:
        return any(reads(part, one) for part in rule["any"])
    if "not" in rule:
        return not reads(rule["not"], one)
    (operator, value), field = next((k, v) for k, v in rule.items() if k != "field"), rule["field"]
    if field == "joined":
        return joined(operator, value, one["joined"])
    if field.startswith("sample."):
        share = drawn(field.removeprefix("sample."), one["lot"])
        return share < value / 100 if operator == "before" else share >= value / 100
    if field.startswith("attribute."):
        has = [one["attributes"].get(field.removeprefix("attribute."), "")]
    else:
        has = one[field] if isinstance(one[field], list) else [one[field]]
    return any(fits(operator, value, text) for text in has if text)


def drawn(name: str, lot: int) -> float:
    """Where in 0 to 1 a person's lot comes for a sample of this name."""
    said = hashlib.sha256(name.encode()).hexdigest()
    prime = 2**31 - 1
    factor, offset = int(said[:16], 16) % (prime - 1) + 1, int(said[16:32], 16) % prime
    return (factor * lot + offset) % prime / prime


def fits(operator: str, value: Any, text: str) -> bool:
    if operator == "exists":
        return True
    if operator == "contains":
        return value in text
    if operator in {"is", "in"}:
        return text in ([value] if operator == "is" else value)
    if isinstance(value, str):
        return bool(re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) and orders(
            operator, text[:10], value
        )
    number = re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", text)
    return bool(number) and orders(operator, float(text), value)


def orders(operator: str, a: Any, b: Any) -> bool:
    return {"before": a < b, "after": a > b, "at_least": a >= b, "at_most": a <= b}[operator]


def joined(operator: str, value: Any, moment: dt.datetime) -> bool:
    if operator == "exists":
        return True
    if len(value) == 10:
        day = moment.date().isoformat()
        return day == value if operator == "is" else orders(operator, day, value)
    then = dt.datetime.fromisoformat(value)
    return moment == then if operator == "is" else orders(operator, moment, then)


# ---- people and rules to try -------------------------------------------------------------------

TEXTS = ["", "a", "A", "ab", "5", "5.5", "-3", "05", "1e3", " 5", "2026-05-01", "2026-05-01T09:00Z",
         "20260501", "ünï", "%", "_", "a%b", "'", "\\", "🙂", "nan", "inf", "5\n", "٥"]  # fmt: skip
TAGS = ["trade", "Trade", "trial", "ünï", "%"]
NAMES = ["age", "2024", "é", "a b", "a.b", "$", "[0]", "'", "😀", "-1"]
COUNTRIES, LANGUAGES, ZONES = ["GB", "IE", "DE"], ["en", "en-GB", "de"], ["UTC", "Europe/London"]
TOPICS, UPDATES = ["one", "two"], ["one/1", "one/2", "two/1"]
MOMENTS = [NOW, NOW - DAY, dt.datetime(2026, 5, 1, tzinfo=dt.UTC),
           dt.datetime(2026, 5, 1, 23, 59, 59, 999999, tzinfo=dt.UTC),
           dt.datetime(2026, 5, 2, tzinfo=dt.UTC)]  # fmt: skip
STATES = [None, ("confirmed", None), ("pending", None), ("unsubscribed", None), ("paused", None),
          ("paused", NOW - DAY), ("paused", NOW + DAY)]  # fmt: skip


def maybe(values: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(["", *values])


PERSON = st.fixed_dictionaries(
    {
        "country": maybe(COUNTRIES),
        "language": maybe(LANGUAGES),
        "zone": maybe(ZONES),
        "source": st.sampled_from(TEXTS),
        "joined": st.sampled_from(MOMENTS),
        "attributes": st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS), max_size=3),
        "tag": st.lists(st.sampled_from(TAGS), unique=True, max_size=2),
        "standing": st.tuples(st.sampled_from(STATES), st.sampled_from(STATES)),
        "received": st.lists(st.sampled_from(UPDATES), unique=True, max_size=2),
    }
)


def texts(values: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    fit = [value for value in values if value and value.isprintable()]
    return st.one_of(
        st.fixed_dictionaries({"is": st.sampled_from(fit)}),
        st.fixed_dictionaries({"in": st.lists(st.sampled_from(fit), min_size=1, max_size=3)}),
    )


PARTS = ["a", "A", "5", "%", "_", "\\", "ü"]
CONTAINS = st.fixed_dictionaries({"contains": st.sampled_from(PARTS)})
EXISTS = st.just({"exists": True})
DAYS = st.sampled_from(["2026-05-01", "2026-05-02", "2026-06-01"])
ORDER = st.sampled_from(["before", "after", "at_least", "at_most"])


SAMPLE = st.builds(
    lambda name, operator, percent: {"field": f"sample.{name}", operator: percent},
    st.sampled_from(["spring test", "é", "1"]),
    st.sampled_from(["before", "at_least"]),
    st.sampled_from([0, 5, 33.3, 50, 99.99, 100]),
)


def about(field: str, *asked: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Any]:
    return st.one_of(*asked, EXISTS).map(lambda operator: {"field": field, **operator})


CONDITION = st.one_of(
    SAMPLE,
    about("topic", texts(TOPICS)),
    about("tag", texts(TAGS), CONTAINS),
    about("country", texts(COUNTRIES)),
    about("language", texts(LANGUAGES), CONTAINS),
    about("zone", texts(ZONES), CONTAINS),
    about("source", texts(TEXTS), CONTAINS),
    about("status", texts(SubscriptionState.values)),
    about("received", texts(UPDATES)),
    about(
        "joined",
        st.tuples(st.one_of(ORDER, st.just("is")), DAYS).map(lambda pair: dict([pair])),
        st.tuples(ORDER, st.sampled_from(MOMENTS).map(dt.datetime.isoformat)).map(
            lambda pair: dict([pair])
        ),
    ),
    st.sampled_from(NAMES).flatmap(
        lambda name: about(
            f"attribute.{name}",
            texts(TEXTS),
            CONTAINS,
            st.tuples(ORDER, DAYS).map(lambda pair: dict([pair])),
            st.tuples(
                st.sampled_from(["at_least", "at_most"]), st.sampled_from([5, 5.5, -3, 1000, 0])
            ).map(lambda pair: dict([pair])),
        )
    ),
)
RULE = st.recursive(
    CONDITION,
    lambda rule: st.one_of(
        st.lists(rule, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(rule, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        rule.map(lambda part: {"not": part}),
    ),
    max_leaves=5,
)


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
        ({"field": "clicked", "is": "one/1"}, "field: clicks are not kept"),
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


def lots(n: int) -> list[Subscriber]:
    """So many people whose lots lie evenly apart."""
    return Subscriber.objects.bulk_create(
        Subscriber(
            email=f"p{i}@example.org",
            email_hash=str(i),
            public_id=uuid.UUID(f"{i * 2**20 // n:05x}" + "0" * 27),
        )
        for i in range(n)
    )


def sampled(name: str, **asked: float) -> set[int]:
    rule = {"field": f"sample.{name}", **asked}
    return set(segments.people(rule).values_list("id", flat=True))


def test_the_halves_of_a_sample_are_apart_complete_and_as_large_as_they_say(db: None) -> None:
    everybody = {one.id for one in lots(2000)}
    for name in ("spring test", "autumn test"):
        a, b = sampled(name, before=50), sampled(name, at_least=50)
        assert a | b == everybody
        assert not a & b
        assert abs(len(a) - 1000) < 50
    assert abs(len(sampled("spring test", before=5)) - 100) < 25
    assert sampled("spring test", before=5) < sampled("spring test", before=50)
    assert sampled("spring test", before=100) == everybody
    assert not sampled("spring test", before=0)


def test_another_name_draws_another_sample(db: None) -> None:
    lots(2000)
    both = sampled("spring test", before=50) & sampled("autumn test", before=50)
    assert abs(len(both) - 500) < 100


def test_a_person_stays_in_a_sample_whatever_becomes_of_their_address(ann: Subscriber) -> None:
    before = sampled("spring test", before=50)
    for n in range(20):
        email = f"ann{n}@example.org"
        Subscriber.objects.filter(id=ann.id).update(email=email, email_hash=address_hash(email))
        assert sampled("spring test", before=50) == before


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


def test_few_people_are_counted_and_many_are_told_as_about_so_many(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"field": "sample.spring test", "before": 50}
    assert glance.quick(rule) == glance.Glance(0, 0, [])
    lots(2000)
    counted = glance.quick(rule)
    assert counted.is_exact
    assert counted.count == len(sampled("spring test", before=50))
    monkeypatch.setattr(glance, "SMALL", 100)
    monkeypatch.setattr(glance, "_LENGTH", 10)
    about = glance.quick(rule)
    assert not about.is_exact
    assert abs(about.count - counted.count) <= about.margin < 300
    assert glance.quick(rule) == about, "it doesn't waver"
    assert len(set(about.people)) == 20
    assert set(about.people) <= set(segments.people(rule))
    assert glance.exact(rule).count == counted.count
    source = {"field": "source", "is": "a list that nobody met"}
    assert glance.quick(source).most == 150, "of 2,000, three fortieths may be a list of their own"


_BELOW = [bytes(byte < bound for byte in range(256)) for bound in range(257)]


def _listed(chance: random.Random, span: int) -> bytes:
    """One byte a person, 1 where a made-up rule selects them: people of one list are alike."""
    made, sizes = bytearray(), chance.choice([[50], [100, 2000], [500, 5000, 20_000]])
    share = chance.choice([0.05, 0.3, 1])
    while len(made) < span:
        bound = round(256 * chance.random()) if chance.random() < share else 0
        made += chance.randbytes(chance.choice(sizes)).translate(_BELOW[bound])
    return bytes(made[:span])


@pytest.mark.parametrize("span", [60_000, 150_000])
def test_19_times_in_20_as_many_as_said_fit_also_where_neighbours_are_alike(span: int) -> None:
    chance, tried, right = random.Random(5), 100, 0
    starts = glance._starts(0, span)
    for _ in range(tried):
        fits = _listed(chance, span)
        hits = [fits.count(1, start, start + glance._LENGTH) for start in starts]
        count, margin = glance.estimate(hits, span)
        right += abs(count - fits.count(1)) <= margin
    assert right >= 0.93 * tried


def test_the_margin_tells_how_far_the_blocks_differ() -> None:
    alike, apart = [250] * 40, [500, 0] * 20
    assert glance.estimate(alike, 1_000_000) == (500_000, 7121), "as if drawn one by one"
    assert glance.estimate(apart, 1_000_000) == (500_000, 160_342)
    assert glance.estimate([0] * 40, 1_000_000) == (0, 75_000)
    assert glance.estimate([500] * 40, 1_000_000) == (1_000_000, 75_000)


# ---- who is selected, and who must be left out after all ----------------------------------------


def test_selected_are_the_distinct_confirmed_people_whom_any_rule_matches(
    topics: list[Topic],
) -> None:
    now = timezone.now()
    for name, state, until in [
        ("confirmed", "confirmed", None),
        ("back", "paused", now - DAY),
        ("paused", "paused", now + DAY),
        ("resting", "paused", None),
        ("pending", "pending", None),
        ("left", "unsubscribed", None),
    ]:
        one = person(name)
        follow(one, topics[0], state, paused_until=until)
        follow(one, topics[1])
    elsewhere = person("elsewhere")
    follow(elsewhere, topics[1])
    both = person("both")
    follow(both, topics[0])
    for tag in ("trade", "trial"):
        SubscriberTag.objects.create(subscriber=both, tag=tag)
    Suppression.objects.create(email_hash=both.email_hash, reason="manual")

    def names(rules: list[Any]) -> list[str]:
        return [str(one).partition("@")[0] for one in selected(topics[0], rules).order_by("id")]

    assert names([]) == ["confirmed", "back", "both"]
    two = [{"field": "tag", "is": "trade"}, {"field": "tag", "is": "trial"}]
    assert names(two) == ["both"]
    assert names([{"field": "tag", "is": "none"}]) == []


def test_reasons_tell_in_two_queries_who_may_not_be_mailed_and_why(
    topics: list[Topic], django_assert_num_queries: Any
) -> None:
    now = timezone.now()
    people = {}
    for name, state, until in [
        ("fine", "confirmed", None),
        ("back", "paused", now - DAY),
        ("paused", "paused", now + DAY),
        ("resting", "paused", None),
        ("pending", "pending", None),
        ("left", "unsubscribed", None),
        ("erased", "confirmed", None),
        ("bounced", "confirmed", None),
        ("asked", "pending", None),
    ]:
        people[name] = person(name)
        follow(people[name], topics[0], state, paused_until=until)
        follow(people[name], topics[1])
    people["stranger"] = person("stranger")
    for name in ("bounced", "asked"):
        Suppression.objects.create(email_hash=people[name].email_hash, reason="hard_bounce")
    Subscriber.objects.filter(id=people["erased"].id).update(state="erased", email=None)
    ids = [one.id for one in people.values()]
    with django_assert_num_queries(2):  # the second is for suppressed domains
        found = reasons(topics[0].id, [*ids, *range(10**6, 10**6 + 2000)])
    assert {name: found.get(one.id) for name, one in people.items()} == {
        "fine": None,
        "back": None,
        "paused": "paused",
        "resting": "paused",
        "pending": "unsubscribed",
        "left": "unsubscribed",
        "erased": "erased",
        "bounced": "suppressed",
        "asked": "suppressed",
        "stranger": "unsubscribed",
    }


def test_the_reasons_are_those_that_the_ledger_knows() -> None:
    from workers.models import Exclusion

    assert {"unsubscribed", "paused", "erased", "suppressed"} <= set(Exclusion.values)
