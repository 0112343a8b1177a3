"""What counts as a change of a story, and how it is told."""

from digest import changes
from digest.parts import BriefingData

BODY = "The studio has named nobody. It has seven open roles.[^1]\n\n[^1]: A job board."


def briefing(**said: object) -> BriefingData:
    said = {
        "slug": "a",
        "topic": "t",
        "headline": "H",
        "published_at": "2026-05-15T09:00:00Z",
        "status": "Developing",
        "key_takeaway": "It builds, it does not buy.",
        "body": BODY,
        **said,
    }
    return BriefingData.model_validate(said)


def test_a_comma_or_a_typo_is_no_material_change() -> None:
    polished = briefing(
        body=BODY.replace("It has seven", "It has, seven"), key_takeaway="it builds it does not buy"
    )
    assert not changes.is_material(briefing(), polished)
    assert changes.sentence(briefing(), polished) == ""


def test_another_status_is_material_and_told() -> None:
    assert changes.is_material(briefing(), briefing(status="Confirmed"))
    told = changes.sentence(briefing(), briefing(status="Confirmed"))
    assert told == "Now confirmed (was developing)."


def test_a_new_paragraph_is_material_and_its_first_sentence_told() -> None:
    added = "A union has asked for a seat on the board that will oversee the work. It waits.\n\n"
    moved = briefing(body=added + BODY)
    assert changes.is_material(briefing(), moved)
    assert changes.sentence(briefing(), moved) == (
        "A union has asked for a seat on the board that will oversee the work."
    )


def test_another_takeaway_is_material() -> None:
    assert changes.is_material(briefing(), briefing(key_takeaway="It buys after all."))


def test_the_content_hash_sees_every_part_and_nothing_else() -> None:
    assert changes.content_hash(briefing()) == changes.content_hash(briefing())
    assert changes.content_hash(briefing()) != changes.content_hash(briefing(tag="Rights"))
