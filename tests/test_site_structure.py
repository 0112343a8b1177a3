"""Five updates carried as the site carried them that the briefings come from.

Of the site stand here facts of structure alone: which story stood under which update, when, and
where it was first reported. Every text is ours.
"""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from django.utils import timezone

from digest import approval, continuity, drafting
from digest.archive import published
from digest.models import Kind, Topic
from tests.briefings import BODY, keep_briefing

STRUCTURE = Path(__file__).parents[1].parent / "shared" / "seed" / "site-structure.json"

UPDATES = {
    1: dt.datetime(2026, 5, 10, 16, 44, tzinfo=dt.UTC),
    2: dt.datetime(2026, 5, 17, 14, 38, tzinfo=dt.UTC),
    3: dt.datetime(2026, 5, 27, 15, 20, tzinfo=dt.UTC),
    4: dt.datetime(2026, 6, 3, 8, 55, tzinfo=dt.UTC),
    5: dt.datetime(2026, 6, 10, 10, 6, tzinfo=dt.UTC),
}
"""When each went out."""


class Story(NamedTuple):
    """A story of the site: the updates that it stood under, and which its page calls the first."""

    slug: str
    headline: str
    under: tuple[int, ...]
    first: int | None = None


STORIES = [
    Story(
        "netflix-confirms-inkubator-no-vendor-named",
        "Netflix confirms INKubator, no vendor named",
        (2, 3, 4, 5),
        2,
    ),
    Story(
        "spotify-adopts-ddex-to-label-ai-tracks",
        "Spotify adopts DDEX to label AI tracks",
        (3, 4),
        3,
    ),
    Story(
        "dazn-livestreams-serie-a-free-on-tiktok", "DAZN livestreams Serie A free on TikTok", (1,)
    ),
    Story(
        "nine-newsrooms-back-smart-stories-open-standard",
        "Nine newsrooms back SMART STORIES open standard",
        (1, 3, 5),
    ),
    Story(
        "avid-embeds-google-gemini-in-media-composer",
        "Avid embeds Google Gemini in Media Composer",
        (1, 3, 4, 5),
    ),
    Story(
        "news-corp-names-15bn-anthropic-settlement",
        "News Corp names $1.5bn Anthropic settlement",
        (1, 4),
    ),
]

Clock = Callable[[dt.datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return lambda at: monkeypatch.setattr(timezone, "now", lambda: at)


@pytest.fixture
def carried(pivot: Topic, clock: Clock) -> Topic:
    """The five updates, each with what was new or had moved on by then."""
    pivot.items_budget, pivot.minutes_budget = 12, 0
    pivot.save()
    for number, at in UPDATES.items():
        clock(at - dt.timedelta(hours=2))
        for story in STORIES:
            tell(pivot, story, number)
        clock(at)
        update = approval.approve(drafting.draft(pivot), by="pia@example.org")
        approval.mark_sent(update)
    return pivot


def tell(topic: Topic, story: Story, number: int) -> None:
    """A new takeaway where the site carried the story on; a few words where it didn't."""
    if number == story.under[0]:
        first = {"update": story.first} if story.first else None
        keep_briefing(topic, story.slug, headline=story.headline, first_reported_in=first)
    elif number in story.under:
        takeaway = f"What matters about it by week {number} is something else."
        keep_briefing(topic, story.slug, key_takeaway=takeaway, body=BODY)
    elif number > story.under[0]:
        keep_briefing(topic, story.slug, body=f"{BODY}\n\nA word more, {number}.")


@pytest.mark.skipif(not STRUCTURE.exists(), reason="needs ../shared/seed/site-structure.json")
def test_the_table_is_what_the_site_shows() -> None:
    seen = json.loads(STRUCTURE.read_text())["briefings_seen"]
    assert [
        Story(
            one["slug"],
            one["headline"],
            tuple(one["seen_under_updates"]),
            one.get("first_reported_in"),
        )
        for one in seen
    ] == STORIES


@pytest.mark.django_db
def test_each_update_carries_the_stories_that_the_site_carried_and_no_other(
    carried: Topic,
) -> None:
    assert [one.number for one in carried.updates.order_by("number")] == list(UPDATES)
    for update in carried.updates.all():
        kinds = dict(update.items.values_list("briefing__slug", "kind"))
        assert kinds == {
            story.slug: Kind.NEW if story.under[0] == update.number else Kind.CONTINUING
            for story in STORIES
            if update.number in story.under
        }
        assert published.went_out(update) == UPDATES[update.number or 0]


@pytest.mark.django_db
def test_each_story_names_the_update_that_the_site_says_reported_it_first(carried: Topic) -> None:
    for update in carried.updates.all():
        stories = {one.slug: one for one in published.issue(update).stories}
        for story in STORIES:
            if story.slug not in stories:
                continue
            told, first = stories[story.slug].first_reported, story.first or story.under[0]
            assert (told.number if told else update.number) == first
            assert (told is None) == (update.number == first)


@pytest.mark.django_db
def test_each_storys_timeline_is_the_sites_and_every_later_stop_says_what_changed(
    carried: Topic,
) -> None:
    for story in STORIES:
        places = continuity.timeline(carried.briefings.get(slug=story.slug).pk)
        assert tuple(place.item.update.number for place in places) == story.under
        for place, before in zip(places[1:], story.under, strict=False):
            assert "is something else" in place.change
            assert place.item.changed_since is not None
            assert place.item.changed_since.number == before


@pytest.mark.django_db
def test_what_changed_between_two_updates_is_what_the_site_carried_between(carried: Topic) -> None:
    updates = {one.number: one for one in carried.updates.all()}
    for later in range(2, 6):
        for earlier in range(1, later):
            made = continuity.compare(updates[later], updates[earlier])
            span = {
                story.slug: story.under
                for story in STORIES
                if any(earlier < number <= later for number in story.under)
            }
            assert {one.item.briefing.slug for one in made.new} == {
                slug for slug, under in span.items() if under[0] > earlier
            }
            assert {one.item.briefing.slug for one in made.changed} == {
                slug for slug, under in span.items() if under[0] <= earlier
            }
            assert {one.item.briefing.slug for one in made.quiet} == {
                story.slug for story in STORIES if earlier in story.under and story.slug not in span
            }
