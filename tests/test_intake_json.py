"""Briefing JSON and JSON lines: the contract's rules, and what a mistake is told as."""

import datetime as dt
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest

from digest.intake.fields import briefing_from, reading_minutes
from digest.intake.outcomes import Accepted, Outcome, Rejected, Unfit
from digest.intake.reading import read_stream
from digest.intake.slugs import slug_from
from digest.parts import BriefingData


def story(number: int = 1, **parts: Any) -> dict[str, Any]:
    return {
        "headline": f"Ferry firm buys paper {number}",
        "published_at": "2026-05-15T09:00:00Z",
        "summary": "A ferry firm bought a newspaper.",
        **parts,
    }


def made(**parts: Any) -> BriefingData:
    return briefing_from(story(**parts), "harbour")[0]


def refused(**parts: Any) -> str:
    with pytest.raises(Unfit) as caught:
        briefing_from(story(**parts), "harbour")
    return caught.value.why


def read(data: bytes | str) -> list[Outcome]:
    given = data.encode() if isinstance(data, str) else data
    return list(read_stream(BytesIO(given), "in", "harbour"))


def kept(outcomes: Iterable[Outcome]) -> list[str]:
    return [one.briefing.slug for one in outcomes if isinstance(one, Accepted)]


def rejected(outcomes: Iterable[Outcome]) -> list[tuple[int | None, str]]:
    return [(one.line, one.why) for one in outcomes if isinstance(one, Rejected)]


# ---- the rules of a briefing --------------------------------------------------------------


def test_every_part_of_the_contract_is_kept() -> None:
    given = {
        "slug": "ferry-firm-buys-paper",
        "topic": "harbour",
        "headline": "Ferry firm buys paper",
        "short_headline": "Ferry firm buys",
        "published_at": "2026-05-15T11:00:00+02:00",
        "updated_at": "2026-05-27T15:20:00.123456Z",
        "read_minutes": 4,
        "tag": "Industry",
        "status": "Developing",
        "first_reported_in": {"update": 2, "title": "Night desk", "date": "2026-05-17"},
        "summary": "S",
        "key_takeaway": "K",
        "body": "B [^1]\n\n[^1]: note",
        "sources": [{"name": "Quay", "date": "2026-05-17", "url": "https://example.com/a"}],
        "analysis": {
            "plain_english": "P",
            "root_causes": "R",
            "next": [{"kind": "Meaning", "text": "N"}],
        },
        "perspectives": [{"party": "Guild", "text": "V"}],
        "image": {"url": "https://example.com/i.png", "alt": "A ferry"},
        "importance": 3,
        "url": "https://example.com/b",
    }
    briefing, warnings = briefing_from(given)
    said = briefing.model_dump(mode="json", exclude={"extra"})
    assert said == given | {"published_at": "2026-05-15T09:00:00Z"}
    assert warnings == ()


def test_the_slug_comes_from_the_headline_where_none_is_given() -> None:
    assert made(headline="Netflix confirms INKubator, no vendor named").slug == (
        "netflix-confirms-inkubator-no-vendor-named"
    )


def test_a_slug_alone_makes_the_headline_with_a_warning() -> None:
    given = story(slug="ferry-firm-buys")
    del given["headline"]
    briefing, warnings = briefing_from(given, "harbour")
    assert briefing.headline == "Ferry firm buys"
    assert warnings == ("no headline: made from the slug",)


def test_reading_time_is_counted_over_all_parts_where_absent() -> None:
    assert made().read_minutes == 1
    assert made(body="word " * 238 * 3).read_minutes == 3
    assert made(analysis={"plain_english": "word " * 476}).read_minutes == 2
    assert made(body="word " * 5000, read_minutes=2).read_minutes == 2
    assert reading_minutes({"body": "新" * 238 * 4}) == 2


def test_unknown_keys_are_kept_under_extra_and_named() -> None:
    briefing, warnings = briefing_from(
        story(byline="A", sources=[{"name": "Quay", "author": "B"}, {"name": "Post"}]), "harbour"
    )
    assert briefing.extra == {"byline": "A", "sources.0.author": "B"}
    assert [one.name for one in briefing.sources] == ["Quay", "Post"]
    assert warnings == (
        "unknown key “byline”: kept under extra",
        "unknown key “sources.author”: kept under extra",
    )


def test_null_is_the_same_as_absent() -> None:
    assert made(tag=None, image=None, analysis={"next": None}) == made()


def test_the_asked_for_topic_wins_and_says_so() -> None:
    briefing, warnings = briefing_from(story(topic="elsewhere"), "harbour")
    assert briefing.topic == "harbour"
    assert warnings == ("topic “elsewhere” in the input, loaded into harbour as asked",)


def test_the_same_instant_is_the_same_in_any_offset() -> None:
    assert made(published_at="2026-05-15T11:00:00+02:00") == made()
    assert made().published_at.tzinfo is dt.UTC


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"published_at": None}, "no published_at: add when it was published, e.g. 2026-05-15T09"),
        ({"published_at": "2026-05-15"}, "no date with time and offset"),
        ({"published_at": "2026-05-15T09:00:00"}, "has no offset; write for example 2026-05-15T09"),
        ({"published_at": 1778835600}, "no date with time and offset"),
        ({"published_at": "0001-01-01T00:00:00+14:00"}, "is in the year 0001"),
        ({"published_at": "2026-02-31T00:00:00Z"}, "day is out of range"),
        ({"headline": None}, "no headline and no slug: add one of them"),
        ({"summary": " "}, "no summary and no body: add one of them"),
        ({"headline": "x" * 5_000_000}, "headline has 5,000,000 characters, at most 500 may be"),
        ({"headline": "two\nlines"}, "headline has a line break or control character"),
        ({"headline": "two\u2028lines"}, "headline has a line break or control character"),
        ({"headline": "red \x1b[31m"}, "headline has a line break or control character"),
        ({"summary": "a\x07bell"}, "summary has a line break or control character"),
        ({"body": "half \ud800"}, "holds a NUL or half a character"),
        ({"extra": {"a": "\0"}}, "holds a NUL or half a character"),
        ({"extra": {"a": float("inf")}}, "a number is too large"),
        ({"slug": "Not A Slug"}, "slug “Not A Slug” may have only a–z"),
        ({"url": "javascript:alert(1)"}, "url “javascript:alert(1)” is no http(s) address"),
        ({"sources": [{"name": "Q", "url": "file:///etc/passwd"}]}, "is no http(s) address"),
        ({"sources": [{"url": "https://example.com"}]}, "no sources.0.name"),
        ({"sources": [{"name": "Q", "date": "17 May 2026"}]}, "is no day; write it as 2026-05-17"),
        ({"sources": "Quay"}, "sources: expected a list, not “Quay”"),
        ({"perspectives": ["x"]}, "perspectives.0: expected an object"),
        ({"read_minutes": 0}, "read_minutes is “0”, at least 1 is needed"),
        ({"read_minutes": "long"}, "read_minutes: expected a whole number, not “long”"),
        ({"importance": 1000}, "importance is “1000”, at most 100 may be"),
        ({"image": {"alt": "A ferry"}}, "no image.url"),
    ],
)
def test_a_mistake_is_told_in_the_readers_words(parts: dict[str, Any], why: str) -> None:
    assert why in refused(**parts)


def test_no_topic_at_all_is_told_with_both_ways_to_name_it() -> None:
    with pytest.raises(Unfit, match="no topic: name it with --topic"):
        briefing_from(story())


def test_several_mistakes_are_told_at_once() -> None:
    assert refused(published_at=None, tag=7).count(";") == 1


def test_deep_nesting_is_refused_whether_parsed_or_not() -> None:
    nested: Any = "x"
    for _ in range(30):
        nested = [nested]
    assert refused(extra={"a": nested}) == "nested more than 20 levels deep"
    (told,) = read('{"a": ' * 100_000)
    assert isinstance(told, Rejected)
    assert told.why == "nested too deep"


# ---- slugs ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headline", "slug"),
    [
        ("Media's AI Pivot", "medias-ai-pivot"),
        ("News Corp names $1.5bn settlement", "news-corp-names-15bn-settlement"),
        ("Łódź: café – déjà vu/Straße", "lodz-cafe-deja-vu-strasse"),
    ],
)
def test_slugs_are_plain(headline: str, slug: str) -> None:
    assert slug_from(headline) == slug


def test_headlines_without_latin_letters_get_stable_slugs_of_their_own() -> None:
    slugs = {
        slug_from(headline) for headline in ("شركة تشتري صحيفة", "شركة تبيع صحيفة", "新闻", "!!")
    }
    assert len(slugs) == 4
    assert all(slug.isascii() and slug.startswith("story-") for slug in slugs)
    assert slug_from("新闻") == slug_from("新闻")
    assert slug_from("AI 新闻").startswith("ai-")


def test_long_headlines_that_begin_alike_get_different_slugs() -> None:
    one, two = slug_from("word " * 60 + "one"), slug_from("word " * 60 + "two")
    assert one != two
    assert len(one) <= 120
