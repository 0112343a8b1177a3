"""A segment's rule as a sentence, and its mistakes where the person who made them looks."""

import json
from html import unescape
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings

from digest.models import Topic
from subscribers import rule_words, rules, segments
from subscribers.models import Segment, Subscriber, SubscriberTag
from subscribers.rule_words import in_words
from tests.rules_to_try import RULE


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"all": [{"field": "tag", "is": "newsroom"}, {"field": "country", "in": ["DE", "AT"]}]},
         "tag is newsroom, and country is one of DE, AT"),
        ({"any": [{"field": "tag", "is": "a"}, {"all": [{"field": "tag", "is": "b"},
                                                        {"field": "zone", "exists": True}]}]},
         "tag is a, or (tag is b, and zone is known)"),
        ({"not": {"field": "country", "in": ["GB", "IE"]}}, "country is none of GB, IE"),
        ({"not": {"any": [{"field": "tag", "is": "a"}, {"field": "tag", "is": "b"}]}},
         "not (tag is a, or tag is b)"),
        ({"not": {"not": {"field": "topic", "exists": True}}}, "has a topic"),
        ({"not": {"field": "tag", "exists": True}}, "has no tag"),
        ({"field": "received", "in": ["one/1", "one/2"]}, "got any of one/1, one/2"),
        ({"not": {"field": "received", "is": "one/2"}}, "didn't get one/2"),
        ({"field": "joined", "at_least": "2026-01-01"}, "joined on or after 2026-01-01"),
        ({"not": {"field": "joined", "before": "2026-01-01T09:00:00+01:00"}},
         "didn't join before 2026-01-01T08:00:00Z"),
        ({"field": "attribute.age", "at_least": 18}, "attribute age is at least 18"),
        ({"field": "attribute.seats", "at_most": 2.5}, "attribute seats is at most 2.5"),
        ({"field": "sample.spring", "before": 50}, "is in half A of the sample spring"),
        ({"field": "sample.spring", "at_least": 95}, "is in the last 5 % of the sample spring"),
        ({"field": "tag", "in": list("abcdefghijk")},
         "tag is one of a, b, c, d, e, f, g, h and 3 more"),
    ],
)  # fmt: skip
def test_a_rule_reads_as_a_sentence(rule: Any, words: str) -> None:
    assert in_words(rule) == words


def test_a_value_that_the_sentence_could_be_mistaken_about_stands_in_quotes() -> None:
    either = {"all": [{"field": "tag", "is": "a"}, {"field": "tag", "is": "b"}]}
    sly = {"field": "tag", "is": "a, and tag is b"}
    assert in_words(sly) == "tag is “a, and tag is b”"
    assert in_words(sly) != in_words(either)
    assert in_words({"field": "source", "is": " x"}) == "source is “ x”"
    assert in_words({"field": "tag", "is": "a\u202eb"}) == "tag is “a\\u202eb”"


@settings(max_examples=200, deadline=None)
@given(rule=RULE)
def test_every_rule_has_a_sentence_that_fits_a_line(rule: Any) -> None:
    words = in_words(rule)
    assert words.strip()
    assert words.isprintable()
    assert words.count("(") >= words.count(", or (")


def test_pages_show_a_rule_in_words_and_as_text(
    ann: Subscriber, pivot: Topic, press: Client
) -> None:
    SubscriberTag.objects.create(subscriber=ann, tag="<b>bold</b>")
    segments.save("bold", {"field": "tag", "is": "<b>bold</b>"})
    for page in (
        "/people/segments/",
        f"/people/segments/choices/?topic={pivot.slug}",
        f"/people/{ann.id}/",
    ):
        shown = press.get(page).content.decode()
        assert "tag is “&lt;b&gt;bold&lt;/b&gt;”" in shown, page
        assert "<b>bold" not in shown, page


def test_a_kept_rule_that_no_longer_can_be_read_says_so(ann: Subscriber, press: Client) -> None:
    Segment.objects.create(name="old", rule={"field": "colour", "is": "red"})
    shown = unescape(press.get("/people/segments/").content.decode())
    assert "This rule can't be read: field: there is no field 'colour'" in shown


# ---- mistakes -----------------------------------------------------------------------------------

NEW = "/people/segments/new/"


def form(*rows: tuple[str, str, str], **more: str) -> dict[str, str]:
    """The form as a browser sends it, all rows in its first group."""
    said = {"name": "trade", "variant": "short", "top": "all", "g0-how": "all", "do": "save"}
    for r, row in enumerate(rows):
        said |= {f"g0-r{r}-{part}": text
                 for part, text in zip(("field", "asks", "value"), row, strict=True)}  # fmt: skip
    return said | more


GOOD = ("tag", "is", "trade")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("colour", "is", "red"), "There is no field 'colour'."),
        (("tag", "is", ""), "Write what it should be, or choose “is known”."),
        (("joined", "contains", "x"), "joined can be asked: “is”, “is before”, “is after”"),
        (("joined", "is before", "soon"), "'soon' is no time; write 2026-01-31"),
        (("topic", "is not", "onne"), "There is no topic 'onne'. Topics are: medias-ai-pivot."),
        (("country", "is one of", "GB, Ireland"), "'Ireland' is no country"),
        (("tag", "is one of", "a\rb"), "The values of tag can't be read"),
    ],
)
def test_a_mistake_in_the_form_is_told_at_its_row(
    row: tuple[str, str, str], why: str, pivot: Topic, press: Client
) -> None:
    page = press.post(NEW, form(GOOD, ("", "is", ""), row, GOOD))
    shown = unescape(page.content.decode())
    assert page.status_code == 422
    assert f'<p class="error" id="g0-r1-problem">{why}' in shown, "blank rows are gone by then"
    assert shown.count('class="error"') == 1
    assert f"Condition 2: {why}" in shown
    assert "all[" not in shown


def test_every_row_that_is_wrong_is_told_at_once(pivot: Topic, press: Client) -> None:
    sent = form(("colour", "is", "red"), GOOD, part="before 5")
    sent |= {"g1-how": "none", "g1-r0-field": "tag", "g1-r0-asks": "is", "g1-r0-value": ""}
    shown = unescape(press.post(NEW, sent).content.decode())
    assert 'id="g0-r0-problem">There is no field' in shown
    assert 'id="g1-r0-problem">Write what it should be' in shown
    assert 'id="part-problem">Name the sample' in shown
    assert "Group 1, condition 1: Write what" in shown


def test_a_topic_that_does_not_exist_is_told_at_its_row_wherever_that_stands(
    pivot: Topic, press: Client
) -> None:
    sent = form(GOOD) | {"g1-how": "none", "g2-how": "any"}
    for g, value in (("g1", "trade"), ("g2", "onne")):
        field = "tag" if g == "g1" else "topic"
        sent |= {f"{g}-r0-field": field, f"{g}-r0-asks": "is", f"{g}-r0-value": value}
    shown = unescape(press.post(NEW, sent).content.decode())
    assert "id=\"g2-r0-problem\">There is no topic 'onne'" in shown


def test_a_mistake_in_json_is_told_by_its_place_in_words(pivot: Topic, press: Client) -> None:
    rule = json.dumps({"all": [{"field": "tag", "is": "x"}, {"not": {"field": "hue", "is": "x"}}]})
    page = press.post(NEW, {"name": "x", "variant": "short", "do": "save", "rule": rule})
    shown = unescape(page.content.decode())
    assert "2nd part of all, what its not turns round, field: there is no field 'hue'" in shown


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "the rule"),
        ("any[0].field", "1st part of any, field"),
        ("all[10].in[21]", "11th part of all, 22nd value of in"),
    ],
)
def test_a_place_has_words(path: str, words: str) -> None:
    assert rule_words.place(path) == words
    assert rules.Mistake(path, "x").place == path
