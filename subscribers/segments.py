"""Segments: saved rules over subscribers, compiled to a query each time they are used.

Every condition compiles to SQL that is true or false and never NULL, so that ``not`` means
what it says. No text of a rule becomes SQL: fields and operators come from the tables in
``rules``, values are bound.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    FloatField,
    Func,
    Model,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, StrIndex, Substr
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
    Regex,
)
from django.utils import timezone

from digest.errors import Refused
from digest.models import Topic, Update
from subscribers import planner, rules, samples
from subscribers.models import (
    Segment,
    Subscriber,
    SubscriberState,
    SubscriberTag,
    Subscription,
    SubscriptionState,
    standing,
)
from subscribers.rules import Condition, Every, Node, Not, Some

# \A and \Z mean the ends of the text to both databases; $ doesn't.
_NUMBER = r"\A-?[0-9]{1,15}(\.[0-9]{1,15})?\Z"
_DAY = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ORDER = {
    "before": LessThan,
    "after": GreaterThan,
    "at_least": GreaterThanOrEqual,
    "at_most": LessThanOrEqual,
}


@dataclass(frozen=True)
class Context:
    """What a rule is read in: the mailing's topic, for ``status``, and the time.

    ``hashed``: relations are asked as ``IN``, which PostgreSQL answers from a table of hashes that
    it makes once. Inside ``any`` it would otherwise ask row by row, a million times where all are
    counted; where a few thousand people are looked at, that is right.
    """

    topic: Topic | None
    now: dt.datetime
    hashed: bool = False


def compiled(rule: Any, topic: Topic | None = None, now: dt.datetime | None = None) -> Q:
    """The rule as a condition on Subscriber.

    Raises Refused with the place of the mistake (``all[1].field: …``) for anything that is
    not in the language of ``rules``, and for ``status`` without a topic.
    """
    return _q(rules.read(rule), Context(topic, now or timezone.now()))


def people(rule: Any, topic: Topic | None = None) -> QuerySet[Subscriber]:
    """The active subscribers whom the rule matches, whether or not a mailing may reach them."""
    return Subscriber.objects.filter(compiled(rule, topic), state=SubscriberState.ACTIVE)


def count(rule: Any, topic: Topic | None = None, now: dt.datetime | None = None) -> int:
    """How many people the rule matches: all of them are looked at."""
    with planner.counting():
        return _all_at_once(rule, Context(topic, now or timezone.now())).count()


def some(rule: Any, many: int) -> list[int]:
    """Ids of so many of them, whichever are found first."""
    with planner.counting():
        found = _all_at_once(rule, Context(None, timezone.now()))
        return list(found.values_list("id", flat=True)[:many])


def _all_at_once(rule: Any, context: Context) -> QuerySet[Subscriber]:
    return Subscriber.objects.filter(
        _whole(rules.read(rule), context), state=SubscriberState.ACTIVE
    )


def _whole(node: Node, context: Context) -> Q:
    """A condition for all people at once: see Context.hashed."""
    match node:
        case Every(parts):
            return Q(*(_whole(part, context) for part in parts))
        case Some():
            return _q(node, replace(context, hashed=True))
    return _q(node, context)


def save(name: str, rule: Any, variant: str | None = None) -> bool:
    """Keep the rule under this name; True when the name is new.

    ``variant`` is how its readers get an update; None leaves that as it is.

    Raises Refused for a rule that can't be read or that names a topic which doesn't exist.
    """
    name = fit_name(name)
    check(rule)
    said = {"rule": rule} | ({"variant": variant} if variant else {})
    return Segment.objects.update_or_create(name=name, defaults=said)[1]


def fit_name(name: str) -> str:
    """The name without blanks around it; Refused where a segment can't have it."""
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable() or "," in name:
        raise Refused(
            "A segment's name has 1 to 100 printable characters and no comma, for names are "
            "listed with commas; nothing was changed."
        )
    return name


def check(rule: Any) -> None:
    """A Mistake for what is no rule, or names a topic which doesn't exist."""
    known = set(Topic.objects.values_list("slug", flat=True))
    for slug, place in _topics(rules.read(rule)):
        if slug not in known:
            raise rules.Mistake(
                place,
                f"there is no topic {slug!r}. Topics are: {', '.join(sorted(known)[:10])}.",
            )


def _topics(node: Node) -> Iterator[tuple[str, str]]:
    """The slugs that a rule speaks of, each with its place."""
    match node:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from _topics(part)
        case Not(part):
            yield from _topics(part)
        case Condition("topic", "in", slugs):
            yield from ((slug, node.place) for slug in slugs)
        case Condition("received", "in", updates):
            yield from ((slug, node.place) for slug, _ in updates)


def _q(node: Node, context: Context) -> Q:
    match node:
        case Every(parts):
            return Q(*(_q(part, context) for part in parts))
        case Some(parts):
            return Q(*(_q(part, context) for part in parts), _connector=Q.OR)
        case Not(part):
            return ~_q(part, context)
    return _CONDITIONS[node.field](node, context)


def _topic(condition: Condition, context: Context) -> Q:
    theirs = Subscription.objects.filter(standing(SubscriptionState.CONFIRMED, context.now))
    if condition.operator == "in":
        theirs = theirs.filter(topic_id__in=_ids(Topic.objects.filter(slug__in=condition.value)))
    return _has(theirs, context)


def _tag(condition: Condition, context: Context) -> Q:
    theirs = SubscriberTag.objects.all()
    if condition.operator == "in":
        theirs = theirs.filter(tag__in=condition.value)
    elif condition.operator == "contains":
        theirs = theirs.filter(_contains(F("tag"), condition.value))
    return _has(theirs, context)


def _status(condition: Condition, context: Context) -> Q:
    if context.topic is None:
        raise rules.Mistake(
            condition.place,
            "status is how people stand to the mailing's topic, and can be asked once there is "
            "one (in commands by --topic).",
        )
    theirs = Subscription.objects.filter(topic=context.topic)
    if condition.operator == "in":
        stands = (standing(state, context.now) for state in condition.value)
        theirs = theirs.filter(Q(*stands, _connector=Q.OR))
    return _has(theirs, context)


def _received(condition: Condition, context: Context) -> Q:
    # Deliveries and mailings stand in a higher room; their relations are followed by name.
    updates = Update.objects.filter(mailings__isnull=False)
    if condition.operator == "in":
        updates = updates.filter(id__in=_named(condition.value))
    theirs = _related(Subscriber, "deliveries").filter(
        mailing_id__in=_ids(updates, "mailings"),
        state="accepted",
        outcome__in=["unknown", "delivered", "complained"],
    )
    return _has(theirs, context)


def _named(updates: Iterable[tuple[str, int]]) -> list[int]:
    """Ids of the updates that are listed as (slug, number).

    Not an OR of each: SQLite takes an expression of at most a thousand.
    """
    wanted = set(updates)
    slugs, numbers = {slug for slug, _ in wanted}, {number for _, number in wanted}
    found = Update.objects.filter(topic__slug__in=slugs, number__in=numbers)
    rows = found.values_list("id", "topic__slug", "number")
    return [key for key, slug, number in rows if (slug, number) in wanted]


def _related(model: type[Model], name: str) -> QuerySet[Any]:
    """All rows at the other end of a relation."""
    related = model._meta.get_field(name).related_model  # noqa: SLF001  # Django's own way
    assert isinstance(related, type)
    return related._default_manager.all()  # noqa: SLF001


def _ids(rows: QuerySet[Any], column: str = "id") -> list[int]:
    """Looked up first: joined in, the planner could not tell how many people have which topic."""
    return list(rows.order_by(column).values_list(column, flat=True).distinct())


def _column(condition: Condition, _: Context) -> Q:
    column = condition.field
    if condition.operator == "in":
        return Q((f"{column}__in", condition.value))
    if condition.operator == "contains":
        return _contains(F(column), condition.value)
    return ~Q((column, ""))


def _joined(condition: Condition, _: Context) -> Q:
    if condition.operator == "exists":
        return Q(joined_at__isnull=False)
    first, last = condition.value.first, condition.value.last
    return {
        "is": Q(joined_at__gte=first, joined_at__lte=last),
        "before": Q(joined_at__lt=first),
        "after": Q(joined_at__gt=last),
        "at_least": Q(joined_at__gte=first),
        "at_most": Q(joined_at__lte=last),
    }[condition.operator]


def _attribute(condition: Condition, _: Context) -> Q:
    text = Coalesce(_attribute_text(condition.name), Value(""), output_field=TextField())
    value = condition.value
    match condition.operator:
        case "in":
            return Q(In(text, list(value)))
        case "contains":
            return _contains(text, value)
        case "exists":
            return ~Q(Exact(text, ""))
    compare = _ORDER[condition.operator]
    if isinstance(value, dt.date):
        return Q(Regex(text, _DAY)) & Q(compare(Substr(text, 1, 10), value.isoformat()))
    # Only what is written like a number is cast: PostgreSQL would stop at anything else.
    number = Case(
        When(Regex(text, _NUMBER), then=Cast(text, FloatField())), output_field=FloatField()
    )
    return Q(Regex(text, _NUMBER)) & Q(compare(number, value))


def _sample(condition: Condition, _: Context) -> Q:
    drawn = samples.drawn(condition.name)
    bound = samples.bound(condition.value)
    compare = LessThan if condition.operator == "before" else GreaterThanOrEqual
    # A bigint, for in PostgreSQL a column and a small number multiply to an integer.
    lot = Cast(F("lot"), BigIntegerField())
    return Q(compare((lot * drawn.factor + drawn.offset) % samples.PRIME, bound))


def _has(theirs: QuerySet[Any], context: Context) -> Q:
    if context.hashed:
        return Q(pk__in=theirs.filter(subscriber__isnull=False).values("subscriber_id"))
    return Q(Exists(theirs.filter(subscriber=OuterRef("pk"))))


def _contains(text: Any, part: str) -> Q:
    # Not LIKE: SQLite's takes capitals and small letters for the same, PostgreSQL's doesn't.
    return Q(GreaterThan(StrIndex(text, Value(part)), 0))


def _attribute_text(name: str) -> Func:
    """One of a subscriber's attributes, NULL without it.

    Django's own look-up of a JSON key takes a name such as "2024" for a place in a list.
    """
    function, key = "jsonb_extract_path_text", name
    if connection.vendor == "sqlite":
        # Spelt as json.dumps spells keys, for SQLite before 3.45 compares the spellings.
        function, key = "JSON_EXTRACT", f"$.{json.dumps(name)}"
    return Func(F("attributes"), Value(key), function=function, output_field=TextField())


_CONDITIONS: dict[str, Callable[[Condition, Context], Q]] = {
    "topic": _topic,
    "tag": _tag,
    "country": _column,
    "language": _column,
    "zone": _column,
    "source": _column,
    "joined": _joined,
    "status": _status,
    "received": _received,
    "attribute": _attribute,
    "sample": _sample,
}
