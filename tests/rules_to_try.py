"""Rules and people to try them on, and a plain reading to hold the compiled one against."""

import datetime as dt
import hashlib
import re
import uuid
from typing import Any

from hypothesis import strategies as st

from digest.models import Topic
from subscribers import segments
from subscribers.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    address_hash,
)

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
