"""Where items stand in a draft: their order, and the sections that an editor gives it."""

import pytest
from django.utils import timezone

from digest import arranging, drafting, ordering, sections
from digest.audit import AuditEntry
from digest.errors import NotFound, Refused
from digest.models import Topic, Update
from tests import newsroom

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
BY = "edda@example.org"


@pytest.fixture
def five(pivot: Topic) -> Update:
    """A draft of five, a lead and two sections by their tags."""
    Topic.objects.update(sections=True)
    pivot.refresh_from_db()
    for weight, (name, tag) in enumerate(
        [("lead", "Law"), ("m1", "Money"), ("m2", "Money"), ("a1", "Arts"), ("a2", "Arts")]
    ):
        newsroom.briefing(pivot, name, tag=tag, published_at=timezone.now(), importance=9 - weight)
    return drafting.draft(pivot, by=BY)


def told(update: Update) -> str:
    """The draft in a line: "lead | Money: m1 m2 | Arts: a1 a2"."""
    items = list(update.items.select_related("briefing"))
    said, above = "", ""
    for item, section in zip(items, sections.standing(update, items), strict=True):
        said += f" | {section}:" if section != above else ""
        said += f" {item.briefing.slug}"
        above = section
    return said.strip(" |")


def looked_at(update: Update) -> str:
    return ordering.seen(update, list(update.items.select_related("briefing")))


def place(update: Update, slug: str, index: int, section: str | None = None) -> None:
    seen = looked_at(update)
    ordering.place_at(update, slug, index, BY, section=section, looked_at=seen)


def test_an_item_is_put_at_a_place_and_stays_there_when_assembled_again(five: Update) -> None:
    five.topic.sections = False
    five.topic.save()
    place(five, "a2", 1)
    assert told(drafting.draft(five.topic)).split() == ["lead", "a2", "m1", "m2", "a1"]
    assert AuditEntry.objects.filter(detail__did__startswith="placed “", who=BY).exists()


@pytest.mark.parametrize(("index", "there"), [(-3, 0), (0, 0), (4, 4), (99, 4)])
def test_a_place_beyond_the_ends_is_the_end(five: Update, index: int, there: int) -> None:
    five.topic.sections = False
    five.topic.save()
    place(five, "m2", index)
    assert told(five).split().index("m2") == there


def test_an_order_that_changed_meanwhile_is_told_and_not_overwritten(five: Update) -> None:
    mine = looked_at(five)
    ordering.move(five, "a2", -1, "pia@example.org")
    theirs = told(five)
    with pytest.raises(Refused, match="Somebody else has changed the order meanwhile; “m2”"):
        ordering.place_at(five, "m2", 0, BY, looked_at=mine)
    assert told(five) == theirs


def test_under_the_rule_items_move_within_their_section(five: Update) -> None:
    ordering.move(five, "m2", -1, BY)
    assert told(five) == "lead | Money: m2 m1 | Arts: a1 a2"
    assert not five.sectioned


def test_a_step_past_a_heading_takes_an_item_into_the_section_there(five: Update) -> None:
    ordering.move(five, "a1", -1, BY)
    assert told(five) == "lead | Money: m1 m2 a1 | Arts: a2"
    ordering.move(five, "a1", 1, BY)
    assert told(five) == "lead | Money: m1 m2 | Arts: a1 a2"
    ordering.move(five, "m1", -1, BY)
    assert told(five) == "lead m1 | Money: m2 | Arts: a1 a2"
    ordering.move(five, "a2", 5, BY)
    assert told(five) == "lead m1 | Money: m2 | Arts: a1 a2"


def test_an_item_is_dragged_under_another_heading(five: Update) -> None:
    place(five, "a2", 2, "Money")
    assert told(five) == "lead | Money: m1 a2 m2 | Arts: a1"


def test_a_section_of_a_new_name_begins_below_the_items_own(five: Update) -> None:
    ordering.to_section(five, "m1", "  Harbour  funds ", BY)
    assert told(five) == "lead | Money: m2 | Harbour funds: m1 | Arts: a1 a2"
    ordering.to_section(five, "lead", "Arts", BY)
    assert told(five) == "Money: m2 | Harbour funds: m1 | Arts: a1 a2 lead"
    ordering.to_section(five, "m2", "", BY)
    assert told(five) == "m2 | Harbour funds: m1 | Arts: a1 a2 lead"
    ordering.to_section(five, "m1", "Funds", BY)
    assert told(five) == "m2 | Funds: m1 | Arts: a1 a2 lead"


def test_a_section_is_renamed_and_without_a_name_joins_the_one_above(five: Update) -> None:
    ordering.rename_section(five, "Arts", "Stage", BY)
    assert told(five) == "lead | Money: m1 m2 | Stage: a1 a2"
    ordering.rename_section(five, "Stage", "", BY)
    assert told(five) == "lead | Money: m1 m2 a1 a2"
    ordering.rename_section(five, "Money", "", BY)
    assert told(five) == "lead m1 m2 a1 a2"
    with pytest.raises(NotFound, match="no section “Money” any more"):
        ordering.rename_section(five, "Money", "x", BY)


def test_a_name_that_no_column_holds_is_refused(five: Update) -> None:
    with pytest.raises(Refused, match="121 characters"):
        ordering.to_section(five, "m1", "x" * 121, BY)


def test_newcomers_stand_in_their_tags_section_or_below_the_last(five: Update) -> None:
    ordering.to_section(five, "m1", "Money", BY)
    ordering.rename_section(five, "Arts", "Stage", BY)
    for name, tag in [("m3", "Money"), ("l2", "Law")]:
        one = newsroom.briefing(five.topic, name, tag=tag)
        arranging.include(five, one.slug, BY)
    assert told(five) == "lead | Money: m2 m1 m3 | Stage: a1 a2 l2"
    Topic.objects.update(items_budget=9)
    newsroom.briefing(five.topic, "m4", tag="Money", published_at=timezone.now())
    again = drafting.draft(Topic.objects.get())
    assert told(again) == "lead | Money: m2 m1 m3 m4 | Stage: a1 a2 l2"
