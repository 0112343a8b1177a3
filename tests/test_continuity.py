"""Stories from update to update: timelines, what changed since, what is open, who said what."""

import re

import pytest
from django.test import Client

from digest import continuity
from digest.briefings import Briefing
from digest.models import Stage, Topic, Update
from tests import newsroom

pytestmark = pytest.mark.django_db


def page(path: str) -> str:
    answer = Client().get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def resay(story: Briefing, **parts: object) -> None:
    for name, value in parts.items():
        setattr(story, name, value)
    story.save()


@pytest.fixture
def run(pivot: Topic) -> dict[str, Briefing]:
    """Four updates: a story that goes on and closes, one that goes quiet, one that comes late."""
    pier = newsroom.briefing(pivot, "A pier reopens", status="Developing")
    ferry = newsroom.briefing(pivot, "A ferry is late", status="Developing")
    newsroom.update(pivot, 1, pier, ferry)
    tram = newsroom.briefing(pivot, "A tram is early")
    newsroom.update(pivot, 2, pier, tram)
    resay(pier, status="Resolved")
    newsroom.update(pivot, 3, pier)
    newsroom.update(pivot, 4, tram, stage=Stage.APPROVED)
    return {"pier": pier, "ferry": ferry, "tram": tram}


def slugs(told: list[continuity.Told]) -> list[str]:
    return [one.item.briefing.slug for one in told]


def between(topic: Topic, later: int, earlier: int) -> dict[str, list[str]]:
    updates = {one.number: one for one in Update.objects.filter(topic=topic)}
    made = continuity.compare(updates[later], updates[earlier])
    return {name: slugs(getattr(made, name)) for name in ("new", "changed", "closed", "quiet")}


def test_two_updates_are_compared_by_what_is_new_changed_closed_and_quiet(
    pivot: Topic, run: dict[str, Briefing]
) -> None:
    assert between(pivot, 2, 1) == {
        "new": ["a-tram-is-early"],
        "changed": ["a-pier-reopens"],
        "closed": [],
        "quiet": ["a-ferry-is-late"],
    }
    assert between(pivot, 3, 2) == {
        "new": [],
        "changed": [],
        "closed": ["a-pier-reopens"],
        "quiet": ["a-tram-is-early"],
    }
    assert between(pivot, 3, 1) == {
        "new": ["a-tram-is-early"],
        "changed": [],
        "closed": ["a-pier-reopens"],
        "quiet": ["a-ferry-is-late"],
    }


def test_an_update_says_what_changed_since_the_one_before(
    pivot: Topic, run: dict[str, Briefing]
) -> None:
    said = text(page("/t/medias-ai-pivot/2/")).partition("What changed since Update #1")[2]
    assert "New: 1 · Changed: 1 · Nothing new of: 1" in said
    assert "Nothing new of A ferry is late Developing" in said
    assert "What changed since" not in page("/t/medias-ai-pivot/1/")


def test_a_page_compares_an_update_with_any_earlier_one(
    pivot: Topic, run: dict[str, Briefing]
) -> None:
    said = page("/t/medias-ai-pivot/3/since/1/")
    assert "Closed A pier reopens Resolved Update #2: The roles are filled." in text(said)
    assert 'href="/t/medias-ai-pivot/3/since/2/"' in said
    for wrong in ("1/since/3", "3/since/3", "4/since/1", "3/since/9", "9/since/1"):
        assert Client().get(f"/t/medias-ai-pivot/{wrong}/").status_code == 404, wrong


def test_a_briefing_has_a_timeline_of_its_updates_with_what_changed_and_its_status_then(
    pivot: Topic, run: dict[str, Briefing]
) -> None:
    for number in (1, 2, 3):
        html = page(f"/t/medias-ai-pivot/{number}/a-pier-reopens/")
        line = html[html.index('id="timeline"') : html.index("</ol>", html.index('id="timeline"'))]
        said = text(line)
        assert re.search(r"Update #1 · .* Developing First reported here\.", said)
        assert re.search(r"Update #2 · .* Developing The roles are filled\. Update #3", said)
        assert re.search(r"Update #3 · .* Resolved The roles are filled\.", said)
        assert re.search(rf'{number}/a-pier-reopens/" aria-current="page"', line)


def test_what_is_approved_but_not_out_is_in_no_timeline_but_the_desks(
    pivot: Topic, run: dict[str, Briefing], desk: Client
) -> None:
    assert "Timeline" not in page("/t/medias-ai-pivot/2/a-tram-is-early/")
    html = desk.get("/desk/medias-ai-pivot/briefings/a-tram-is-early/").content.decode()
    assert re.search(r"In updates Update #2 .* First reported here\. Update #4 ", text(html))


def test_a_change_since_an_update_that_is_not_out_is_told_on_the_desk_alone(pivot: Topic) -> None:
    story = newsroom.briefing(pivot)
    newsroom.update(pivot, 1, story)
    newsroom.update(pivot, 2, story, stage=Stage.APPROVED)
    newsroom.update(pivot, 3, story)
    assert [one.change for one in continuity.timeline(story.pk)] == ["", ""]
    assert continuity.timeline(story.pk, unsent=True)[2].change == "The roles are filled."


def test_the_topic_shows_its_open_stories_and_the_closed_ones(
    pivot: Topic, run: dict[str, Briefing]
) -> None:
    said = text(page("/t/medias-ai-pivot/"))
    opened, _, closed = said.partition("Open stories")[2].partition("Closed stories")
    assert re.search(r"A tram is early Update #2 .* A ferry is late Developing Update #1", opened)
    assert re.search(r"A pier reopens Resolved Update #3", closed)


def test_a_story_that_is_closed_says_so_and_its_pill_is_calm(
    pivot: Topic, run: dict[str, Briefing]
) -> None:
    for path in ("/t/medias-ai-pivot/3/", "/t/medias-ai-pivot/3/a-pier-reopens/"):
        assert "This story is closed." in page(path)
        assert '<span class="pill ok">Resolved</span>' in page(path)
    assert "This story is closed." not in page("/t/medias-ai-pivot/2/")


@pytest.mark.parametrize(("lang", "said"), [("de", "Offene Meldungen"), ("ar", "القصص المفتوحة")])
def test_these_pages_speak_the_topics_language(
    pivot: Topic, run: dict[str, Briefing], lang: str, said: str
) -> None:
    pivot.language = lang
    pivot.save()
    assert said in page("/t/medias-ai-pivot/")
    html = page("/t/medias-ai-pivot/3/since/1/")
    assert "What changed" not in html
    assert f'<html lang="{lang}"' in html


# ---- parties ------------------------------------------------------------------------------


def views(*said: tuple[str, str]) -> list[dict[str, str]]:
    return [{"party": party, "text": words} for party, words in said]


@pytest.fixture
def quoted(pivot: Topic) -> None:
    first = newsroom.briefing(
        pivot, "A pier reopens", perspectives=views(("ITV", "We rent."), ("Guild", "Nobody asked."))
    )
    newsroom.update(pivot, 1, first)
    second = newsroom.briefing(
        pivot, "A tram is early", perspectives=views(("ITV / Ann Lee", "We buy now."))
    )
    newsroom.update(pivot, 2, first, second)
    third = newsroom.briefing(pivot, "Not out", perspectives=views(("ITV", "Embargoed.")))
    newsroom.update(pivot, 3, third, stage=Stage.APPROVED)


def test_a_partys_page_has_everything_it_said_in_sent_updates_the_newest_first_and_once(
    quoted: None,
) -> None:
    html = page("/t/medias-ai-pivot/parties/itv/")
    assert '<h1 class="headline">ITV</h1>' in html
    said = text(html)
    assert re.search(
        r"We buy now\. ITV / Ann Lee · A tram is early · Update #2 .* "
        r"We rent\. A pier reopens · Update #1 ",
        said,
    )
    assert said.count("We rent.") == 1
    assert "Embargoed" not in said
    assert "Nobody asked" not in said


@pytest.mark.parametrize("path", ["2/", "2/a-tram-is-early/", "1/a-pier-reopens/"])
def test_whoever_is_quoted_in_the_archive_leads_to_that_page(quoted: None, path: str) -> None:
    assert 'href="/t/medias-ai-pivot/parties/itv/"' in page(f"/t/medias-ai-pivot/{path}")


def test_a_party_that_said_nothing_has_no_page(quoted: None) -> None:
    assert Client().get("/t/medias-ai-pivot/parties/bbc/").status_code == 404


def test_a_long_list_is_turned_page_by_page(pivot: Topic) -> None:
    many = views(*[("Guild", f"Statement {at}.") for at in range(1, 54)])
    newsroom.update(pivot, 1, newsroom.briefing(pivot, perspectives=many))
    first = page("/t/medias-ai-pivot/parties/guild/")
    older = re.search(r'href="(\?before=\d+)"', first)
    assert older is not None
    rest = page(f"/t/medias-ai-pivot/parties/guild/{older[1]}")
    found = re.findall(r"Statement \d+\.", first + rest)
    assert len(found) == len(set(found)) == 53
