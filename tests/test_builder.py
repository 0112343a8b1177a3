"""A segment's rule as a form and back, and the pages that keep it."""

import json
import re
from html import unescape
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from config.cli import main
from digest import approval
from digest.audit import AuditEntry
from digest.models import Update
from subscribers import builder, rules, segments
from subscribers.builder import WORDS, Form, Group, Row
from subscribers.models import Segment, Subscriber, SubscriberTag
from tests.rules_to_try import CONDITION

PLAIN = CONDITION.filter(lambda one: " 5" not in json.dumps(one))
TURNED = st.one_of(PLAIN, PLAIN.map(lambda one: {"not": one}))
SEVERAL = st.lists(TURNED, min_size=1, max_size=3)
GROUP = st.one_of(
    SEVERAL.map(lambda parts: {"any": parts}),
    SEVERAL.map(lambda parts: {"all": parts}),
    SEVERAL.map(lambda parts: {"not": {"any": parts}}),
)
SHALLOW = st.one_of(
    TURNED,
    GROUP,
    st.lists(st.one_of(TURNED, GROUP), min_size=1, max_size=4).map(lambda parts: {"all": parts}),
    st.lists(st.one_of(TURNED, GROUP), min_size=1, max_size=4).map(lambda parts: {"any": parts}),
)


def holds(rule: Any, world: dict[str, bool]) -> bool:
    """Whether a rule holds where each condition holds or not as the world says."""
    if "all" in rule:
        return all(holds(part, world) for part in rule["all"])
    if "any" in rule:
        return any(holds(part, world) for part in rule["any"])
    if "not" in rule:
        return not holds(rule["not"], world)
    return world[repr(rules.read(rule))]


def conditions(rule: Any) -> set[str]:
    if "field" in rule:
        return {repr(rules.read(rule))}
    inside = rule.get("all") or rule.get("any") or [rule["not"]]
    return set().union(*(conditions(part) for part in inside))


def plain(text: str) -> str:
    """A condition without its place, which the form may move."""
    return re.sub(r"place='[^']*'", "", text)


@settings(max_examples=60, deadline=None)
@given(rule=SHALLOW, data=st.data())
def test_a_rule_that_the_form_can_say_comes_back_from_it_with_the_same_meaning(
    rule: dict[str, Any], data: st.DataObject
) -> None:
    form = builder.form(rule)
    assert form is not None
    again = builder.rule(builder.typed(sent(form)))
    assert {plain(one) for one in conditions(again)} == {plain(one) for one in conditions(rule)}
    yes = {plain(one): data.draw(st.booleans()) for one in sorted(conditions(rule))}
    worlds = [{one: yes[plain(one)] for one in conditions(told)} for told in (rule, again)]
    assert holds(rule, worlds[0]) == holds(again, worlds[1])


def sent(form: Form) -> dict[str, str]:
    """What a browser sends of it."""
    said = {"top": form.top, "part": form.part, "part_name": form.part_name}
    for g, group in enumerate(form.groups):
        said[f"g{g}-how"] = group.how
        for r, row in enumerate(group.rows):
            said |= {
                f"g{g}-r{r}-field": row.field,
                f"g{g}-r{r}-asks": row.asks,
                f"g{g}-r{r}-value": row.value,
            }
    return said


def test_a_deeper_rule_is_for_json() -> None:
    tag = {"field": "tag", "is": "x"}
    for deep in (
        {"all": [{"any": [{"all": [tag]}]}]},
        {"not": {"all": [tag]}},
        {"any": [{"not": {"not": tag}}]},
        {"field": "tag", "in": ["x", " blanks around "]},
    ):
        assert builder.form(deep) is None


def test_a_part_is_a_sample_of_whom_the_rest_selects() -> None:
    rows = [
        Row("tag", "is one of", 'trade, "a, b"'),
        Row(),
        Row("attribute.age", "is at least", "5"),
    ]
    form = Form("any", [Group("any", rows)], "at_least 50", "spring test")
    said = builder.rule(form)
    assert said == {
        "all": [
            {"any": [{"field": "tag", "in": ["trade", "a, b"]},
                     {"field": "attribute.age", "at_least": 5}]},
            {"field": "sample.spring test", "at_least": 50},
        ]
    }  # fmt: skip
    back = builder.form(said)
    assert back is not None
    assert (back.top, back.part, back.part_name) == ("any", "at_least 50", "spring test")


def test_every_operator_of_the_language_has_a_word_in_the_form() -> None:
    assert {operator for operator, _ in WORDS.values()} == set().union(*rules.OPERATORS.values())


# ---- the pages ----------------------------------------------------------------------------------

NEW = "/people/segments/new/"
TRADE = {"name": "trade", "variant": "short", "top": "all", "g0-how": "all",
         "g0-r0-field": "tag", "g0-r0-asks": "is", "g0-r0-value": "trade"}  # fmt: skip


@pytest.fixture
def traders(ann: Subscriber) -> Subscriber:
    SubscriberTag.objects.create(subscriber=ann, tag="trade")
    return ann


def text(answer: Any) -> str:
    return unescape(answer.content.decode())


def test_a_segment_is_made_changed_renamed_and_deleted_on_its_page(
    traders: Subscriber, press: Client
) -> None:
    assert "New segment" in text(press.get(NEW))
    assert press.post(NEW, TRADE | {"do": "save"}).status_code == 302
    one = Segment.objects.get()
    assert (one.name, one.variant) == ("trade", "short")
    assert one.rule == {"all": [{"field": "tag", "is": "trade"}]}
    page = f"/people/segments/{one.id}/"
    assert 'value="trade"' in text(press.get(page))
    press.post(page, TRADE | {"do": "save", "name": "traders", "g0-r0-asks": "is not"})
    one.refresh_from_db()
    assert one.name == "traders"
    assert one.rule == {"all": [{"not": {"field": "tag", "is": "trade"}}]}
    assert "traders" in text(press.get("/people/segments/"))
    press.post(f"{page}delete/")
    assert not Segment.objects.exists()
    done = AuditEntry.objects.filter(who="pia@example.org").order_by("id")
    assert list(done.values_list("what", flat=True)) == [
        "added segment", "changed segment", "deleted segment",
    ]  # fmt: skip


def test_the_count_button_counts_and_keeps_nothing(traders: Subscriber, press: Client) -> None:
    page = text(press.post(NEW, TRADE | {"do": "count"}))
    assert "1 person" in page
    assert "ann@example.org" in page
    assert 'value="trade"' in page
    assert not Segment.objects.exists()


def test_people_are_counted_while_one_types(traders: Subscriber, press: Client) -> None:
    count = "/people/segments/count/"
    assert "1 person" in text(press.post(count, TRADE))
    assert "1 person" in text(press.post(f"{count}?exact", TRADE))
    assert "0 people" in text(press.post(count, TRADE | {"g0-r0-value": "retail"}))
    typing = text(press.post(count, TRADE | {"g0-r0-field": "colour"}))
    assert "There is no field 'colour'" in typing
    assert "no condition yet" in text(press.post(count, {"g0-how": "all", "g0-r0-field": ""}))


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"g0-r0-field": "colour"}, "There is no field 'colour'"),
        ({"g0-r0-value": ""}, "Write what it should be"),
        ({"name": "a, b"}, "no comma"),
        ({"variant": "huge"}, "no depth 'huge'"),
        ({"g0-r0-field": "topic", "g0-r0-value": "onne"}, "There is no topic 'onne'"),
        ({"part": "before 5"}, "Name the sample"),
        ({"rule": '{"all": ['}, "The rule is no JSON"),
        (
            {"rule": '{"all": [{"field": "tag"}]}'},
            "1st part of all: write the field and one operator",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_typed_stays(
    typed: dict[str, str], why: str, traders: Subscriber, press: Client
) -> None:
    answer = press.post(NEW, TRADE | {"do": "save"} | typed)
    assert answer.status_code == 422
    assert why in text(answer)
    assert next(iter(typed.values())) in text(answer)
    assert not Segment.objects.exists()


@pytest.mark.parametrize("value", ["a\rb", "x" * 200_000])
def test_values_that_are_no_list_are_refused_in_words(press: Client, value: str) -> None:
    row = {"g0-how": "all", "g0-r0-field": "tag", "g0-r0-asks": "is one of", "g0-r0-value": value}
    answer = press.post(NEW, {"name": "x", "variant": "arranged", "do": "save", **row})
    assert answer.status_code == 422
    assert "The values of tag can&#x27;t be read" in answer.content.decode()


def test_a_deeper_rule_is_shown_and_kept_as_json(press: Client, traders: Subscriber) -> None:
    deep = '{"any": [{"all": [{"any": [{"field": "tag", "is": "trade"}]}]}]}'
    press.post(NEW, {"name": "deep", "variant": "arranged", "rule": deep, "do": "save"})
    page = text(press.get(f"/people/segments/{Segment.objects.get().id}/"))
    assert "nested deeper than the form" in page
    assert '"field": "tag"' in page


def test_more_rows_and_groups_come_by_a_button(press: Client, traders: Subscriber) -> None:
    page = text(press.post(NEW, TRADE | {"do": "row"}))
    assert 'name="g0-r1-field"' in page
    page = text(press.post(NEW, TRADE | {"do": "group"}))
    assert 'name="g1-r0-field"' in page


def test_the_page_tells_who_is_in_other_segments_too(traders: Subscriber, press: Client) -> None:
    segments.save("trade", {"field": "tag", "is": "trade"})
    segments.save("all", {"field": "joined", "exists": True})
    one = Segment.objects.get(name="trade")
    shown = text(press.get(f"/people/segments/{one.id}/overlap/"))
    assert "all" in shown
    assert "1 person" in shown


def test_a_segment_that_an_approved_update_waits_for_stays(
    draft: Update, traders: Subscriber, press: Client
) -> None:
    segments.save("trade", {"field": "tag", "is": "trade"})
    approval.approve(draft, by="pia@example.org", segments=["trade"])
    one = Segment.objects.get()
    answer = press.post(f"/people/segments/{one.id}/delete/", follow=True)
    assert "medias-ai-pivot/1 is approved and goes to trade; nothing was changed" in text(answer)
    renamed = press.post(f"/people/segments/{one.id}/", TRADE | {"name": "traders", "do": "save"})
    assert "is approved and goes to trade" in text(renamed)
    assert Segment.objects.get().name == "trade"
    changed = press.post(f"/people/segments/{one.id}/", TRADE | {"do": "save"})
    assert changed.status_code == 302, "its rule may change: it is looked up when it sets out"


def test_segments_are_renamed_and_deleted_by_command(traders: Subscriber) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(main, ["segment", *words])

    segments.save("trade", {"field": "tag", "is": "trade"})
    segments.save("all", {"field": "joined", "exists": True})
    assert run("rename", "trade", "all").exit_code == 2
    assert "is called traders now" in run("rename", "trade", "traders").stdout
    assert run("delete", "trade").exit_code == 2
    assert "Deleted segment traders" in run("delete", "traders").stdout
    assert [one.name for one in Segment.objects.all()] == ["all"]


def test_ops_look_at_segments_and_only_publishers_change_them(
    otto: User, traders: Subscriber, signed_in: Any
) -> None:
    segments.save("trade", {"field": "tag", "is": "trade"})
    browser = signed_in(otto)
    assert "trade" in text(browser.get("/people/segments/"))
    assert browser.get(NEW).status_code == 403
