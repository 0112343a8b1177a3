"""Whom a mailing goes to, and who must be left out after all."""

from typing import Any

import pytest
from django.utils import timezone

from digest.models import Topic
from subscribers.models import Subscriber, SubscriberTag, Suppression
from subscribers.selection import reasons, selected
from tests.rules_to_try import DAY, follow, person

pytestmark = pytest.mark.both_databases


@pytest.fixture
def topics(db: None) -> list[Topic]:
    return [Topic.objects.create(slug=slug, name=slug.title()) for slug in ("one", "two")]


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
