"""Parties: who speaks for whom, and what each has said, once."""

import pytest

from digest import approval, drafting, parties
from digest.models import Stage, Topic
from digest.parties import Statement
from tests.briefings import keep_briefing


@pytest.mark.parametrize(
    ("party", "name"),
    [
        ("ITV", "ITV"),
        ("ITV / Carolyn McCall", "ITV"),
        ("ITV (a spokesman)", "ITV"),
        ("Culture, Media and Sport Committee", "Culture, Media and Sport Committee"),
        ("24/7 Wall St.", "24/7 Wall St."),
        ("(anonymous)", "(anonymous)"),
        ("هيئة البث / المدير", "هيئة البث"),
    ],
)
def test_a_party_is_who_stands_before_the_slash_or_the_bracket(party: str, name: str) -> None:
    assert parties.name_of(party) == name


def test_all_who_speak_for_a_party_share_its_page() -> None:
    assert parties.slug_of("ITV / Carolyn McCall") == parties.slug_of("itv") == "itv"
    assert parties.slug_of("هيئة البث / المدير") == parties.slug_of("هيئة البث")
    assert parties.slug_of("هيئة البث") != parties.slug_of("هيئة الإذاعة")


def views(*said: tuple[str, str]) -> list[dict[str, str]]:
    return [{"party": party, "text": text} for party, text in said]


@pytest.mark.django_db
@pytest.mark.both_databases
def test_what_a_party_said_is_written_down_at_approval_and_once(pivot: Topic) -> None:
    keep_briefing(
        pivot, "story", perspectives=views(("ITV", "We rent."), ("Guild", "Nobody asked."))
    )
    draft = drafting.draft(pivot)
    assert not Statement.objects.exists()
    approval.approve(draft, by="pia@example.org")
    pivot.updates.update(stage=Stage.SENT)
    keep_briefing(
        pivot,
        "story",
        status="Confirmed",
        perspectives=views(("ITV", "We rent."), ("ITV / Ann Lee", "We buy.")),
    )
    update = approval.approve(drafting.draft(pivot), by="pia@example.org")
    said = Statement.objects.filter(slug="itv").order_by("id")
    assert [(one.party, one.text, one.item.update.number) for one in said] == [
        ("ITV", "We rent.", 1),
        ("ITV / Ann Lee", "We buy.", 2),
    ]
    approval.unapprove(update, by="pia@example.org")
    assert [one.text for one in said.all()] == ["We rent."]
