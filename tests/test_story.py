"""From an update's rows to the view: what each depth shows, and what readers had before."""

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from config.cli import main
from digest.depths import Depth, Depths
from digest.intake.outcomes import Accepted
from digest.intake.saved_page import read_page
from digest.models import Item, Kind, Stage, Topic, Update
from digest.parts import Perspective
from digest.rendering import pipeline
from digest.rendering.story import email_view, first_sentence, story_view
from digest.rendering.view import EmailView, StoryView, content_hash
from tests import newsroom
from tests.emails import BASE, IMPRINT, Page

SEED = Path(__file__).parents[1].parent / "shared" / "seed" / "briefing-page.txt"
SHARED = {"party": "Labels", "text": "Want a say."}


def seen(update: Update, number: int = 2, **how: object) -> EmailView:
    return email_view(update, IMPRINT, number=number, **how)  # type: ignore[arg-type]


def at_depth(topic: Topic, depth: Depth, **parts: object) -> StoryView:
    data = newsroom.data(topic, **(newsroom.WHOLE | parts))
    return story_view(data, depth, anchor="s1", url=f"{BASE}/x/")


# ---- depth --------------------------------------------------------------------------------


def test_a_lead_shows_its_picture_where_the_topic_wants_pictures(pivot: Topic) -> None:
    crane = {"url": "https://pictures.example.org/crane.png", "alt": "A crane"}
    stories = [newsroom.briefing(pivot, f"Pier {at}", image=crane) for at in (1, 2)]
    update = newsroom.update(pivot, 1, *stories)
    update.items.filter(position=2).update(depth=Depth.STANDARD)
    assert [story.image for story in seen(update).stories] == [None, None]
    topic_set = ["topic", "set", pivot.slug, "--pictures"]
    assert CliRunner().invoke(main, topic_set).exit_code == 0
    lead, standard = seen(Update.objects.get()).stories
    assert lead.image
    assert lead.image.model_dump() == crane
    assert standard.image is None


def test_a_lead_shows_everything(pivot: Topic) -> None:
    story = at_depth(pivot, Depth.LEAD)
    assert story.body
    assert len(story.body.notes) == 2
    assert story.analysis.root_causes
    assert [one.party for one in story.perspectives] == ["Animators’ Guild", "Harbour Films"]
    assert [one.name for one in story.sources] == ["Example Wire", "Paper of Record"]
    assert (story.minutes, story.read_minutes) == (4, 4)


def test_a_standard_story_shows_summary_takeaway_and_sources(pivot: Topic) -> None:
    story = at_depth(pivot, Depth.STANDARD)
    assert (story.summary, story.key_takeaway) == (
        newsroom.WHOLE["summary"],
        newsroom.WHOLE["key_takeaway"],
    )
    assert len(story.sources) == 2
    assert story.body is None
    assert not story.analysis
    assert not story.perspectives
    assert (story.minutes, story.read_minutes) == (1, 4)


def test_a_brief_shows_one_sentence(pivot: Topic) -> None:
    story = at_depth(pivot, Depth.BRIEF)
    assert story.summary == "Lantern Studio is building a model in-house."
    assert (story.key_takeaway, story.sources) == ("", ())


def test_without_a_summary_the_body_opens_the_story(pivot: Topic) -> None:
    story = at_depth(pivot, Depth.STANDARD, summary="", key_takeaway="")
    assert story.summary == "The unit surfaced in job adverts."
    assert at_depth(pivot, Depth.LEAD, summary="").summary == ""


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("It grew by 2.5 per cent. Good", "It grew by 2.5 per cent."),
        ("He said “no.” Then left.", "He said “no."),
        ("一つ目。二つ目。", "一つ目。"),
        ("No end", "No end"),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_where_a_reader_would_end_it(text: str, first: str) -> None:
    assert first_sentence(text) == first


# ---- the update ------------------------------------------------------------------------------


def test_an_update_becomes_a_mail_in_five_queries(
    pivot: Topic, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    one, two = newsroom.whole(pivot), newsroom.briefing(pivot, headline="A pier reopens")
    update = newsroom.update(pivot, 2, one, two, stage=Stage.DRAFT, note="Read *this*.")
    update = Update.objects.select_related("topic").get(pk=update.pk)
    with django_assert_num_queries(5):
        view = seen(update)
    assert (view.number, view.topic.name, view.lang, view.dir) == (2, pivot.name, "en", "ltr")
    assert view.web_url == f"{BASE}/t/medias-ai-pivot/2/"
    assert [story.url for story in view.stories] == [
        f"{view.web_url}{slug}/" for slug in (one.slug, two.slug)
    ]
    assert view.note
    assert "<em>this</em>" in view.note.html
    assert view.subject == view.title == update.title
    assert view.preheader == "Lantern Studio is building a model in-house."


def test_the_day_is_when_it_is_due_in_the_topics_zone(pivot: Topic) -> None:
    pivot.zone = "Asia/Tokyo"
    pivot.save()
    update = newsroom.update(pivot, 2, newsroom.whole(pivot), stage=Stage.DRAFT)
    update.due_at = dt.datetime(2026, 5, 17, 20, 0, tzinfo=dt.UTC)
    assert seen(update).date == dt.date(2026, 5, 18)
    update.due_at = None
    assert seen(update).date == update.until.date()
    assert seen(update, on=dt.date(2026, 1, 2)).date == dt.date(2026, 1, 2)


def test_what_was_frozen_is_shown_whatever_the_briefing_says_now(pivot: Topic) -> None:
    briefing = newsroom.whole(pivot)
    update = newsroom.update(pivot, 2, briefing)
    before = content_hash(seen(update))
    briefing.headline = "Changed since"
    briefing.save()
    assert content_hash(seen(update)) == before


def test_an_items_own_wording_wins(pivot: Topic) -> None:
    update = newsroom.update(pivot, 2, newsroom.whole(pivot), stage=Stage.DRAFT)
    update.items.update(headline="Our own words", summary="And a summary. Of ours.")
    (story,) = seen(update).stories
    assert (story.headline, story.summary) == ("Our own words", "And a summary. Of ours.")


def test_a_carried_story_names_the_first_update_and_the_last(pivot: Topic) -> None:
    briefing = newsroom.whole(pivot)
    newsroom.update(pivot, 1, briefing, title="Where it began")
    newsroom.update(pivot, 2, briefing)
    third = newsroom.update(pivot, 3, briefing, stage=Stage.DRAFT)
    (story,) = seen(third, number=3).stories
    assert story.kind == "continuing"
    assert story.changed_since
    assert (story.changed_since.number, story.changed_since.sentence) == (
        2,
        "The roles are filled.",
    )
    assert story.first_reported
    assert (story.first_reported.number, story.first_reported.title) == (1, "Where it began")
    assert story.first_reported.url == f"{BASE}/t/medias-ai-pivot/1/{briefing.slug}/"


def test_the_sources_first_report_counts_until_one_of_ours_carried_it(pivot: Topic) -> None:
    update = newsroom.update(pivot, 1, newsroom.whole(pivot), stage=Stage.DRAFT)
    first = seen(update, number=1).stories[0].first_reported
    assert first
    assert (first.number, first.title, first.url) == (2, "Tabloid sold for its archive", "")
    assert seen(update, number=2).stories[0].first_reported is None


def test_a_view_that_stories_share_is_shown_once_at_the_end(pivot: Topic) -> None:
    own = {"party": "Guild", "text": "Nobody asked us."}
    one = newsroom.whole(pivot, perspectives=[own, SHARED])
    other = newsroom.whole(
        pivot, headline="A pier reopens", perspectives=[{**SHARED, "party": " labels "}]
    )
    view = seen(newsroom.update(pivot, 2, one, other))
    assert view.perspectives == (Perspective(**SHARED),)
    assert [one.party for one in view.stories[0].perspectives] == ["Guild"]
    assert view.stories[1].perspectives == ()
    email = pipeline.render(view)
    assert email.html.count("Want a say.") == email.text.count("Want a say.") == 1


def test_corrections_stand_apart(pivot: Topic) -> None:
    update = newsroom.update(
        pivot, 2, newsroom.whole(pivot), newsroom.briefing(pivot, headline="We erred")
    )
    Item.objects.filter(update=update, position=2).update(kind=Kind.CORRECTION)
    view = seen(update)
    assert [story.headline for story in view.corrections] == ["We erred"]
    assert len(view.stories) == 1


@pytest.mark.parametrize(
    ("variant", "depth"),
    [(Depths.FULL, "lead"), (Depths.SHORT, "brief"), (Depths.ARRANGED, "standard")],
)
def test_a_variant_shows_all_at_its_depth(pivot: Topic, variant: str, depth: str) -> None:
    update = newsroom.update(pivot, 2, newsroom.whole(pivot), depth=Depth.STANDARD)
    assert {story.depth for story in seen(update, variant=variant).stories} == {depth}


def test_arabic_runs_from_right_to_left(pivot: Topic) -> None:
    pivot.language = "ar"
    view = seen(newsroom.update(pivot, 2, newsroom.whole(pivot)))
    assert (view.lang, view.dir) == ("ar", "rtl")


def test_the_reading_time_counts_leads_in_full_and_the_rest_as_shown(pivot: Topic) -> None:
    lead = newsroom.whole(pivot)
    rest = [newsroom.briefing(pivot, headline=f"Story {at}") for at in range(3)]
    update = newsroom.update(pivot, 2, lead, *rest, depth=Depth.STANDARD)
    assert seen(update).reading_minutes == 1
    update.items.filter(position=1).update(depth=Depth.LEAD)
    assert seen(update).reading_minutes == 4


# ---- a real page -------------------------------------------------------------------------------


@pytest.mark.skipif(not SEED.is_file(), reason="the shared seed page is not here")
def test_every_part_of_the_seeds_page_is_in_both_parts_of_the_mail(pivot: Topic) -> None:
    (outcome,) = read_page(SEED.read_text("utf-8"), "page", pivot.slug)
    assert isinstance(outcome, Accepted)
    data = outcome.briefing
    briefing = newsroom.briefing(pivot, **data.model_dump(exclude={"topic"}))
    email = pipeline.render(seen(newsroom.update(pivot, 1, briefing), number=1))
    first = data.first_reported_in
    assert first
    wanted = [
        *(data.headline, data.tag, data.status, "4 min read", data.summary, data.key_takeaway),
        *("In plain English", data.analysis.plain_english, "Root causes", "Meaning"),
        *(part.text for part in data.analysis.next),
        *(f"Update #{first.update}", first.title, "Bloomberg", "17 May"),
        *(one.party for one in data.perspectives),
        *(one.text for one in data.perspectives),
    ]
    html = " ".join(Page(email.html).text.split())
    for said in wanted:
        assert " ".join(said.split()) in html, said
        assert " ".join(said.split()) in " ".join(email.text.split()), said
    assert "<sup" in email.html
    assert "[1]" in email.text


def test_sections_have_headings_in_mail_text_and_archive(pivot: Topic, client: Client) -> None:
    pivot.sections = True
    pivot.save()
    tags = ["Law", "Money", "Money", "Arts", "Arts"]
    told = [newsroom.briefing(pivot, f"Story {n}", tag=tag) for n, tag in enumerate(tags)]
    update = newsroom.update(pivot, 1, *told, depth=Depth.STANDARD)
    view = seen(update)
    assert [story.section for story in view.stories] == ["", "Money", "", "Arts", ""]
    email = pipeline.render(view)
    assert email.html.count(">Money</h2>") == 1
    assert "\nMoney\n=====\n" in email.text
    assert '<p class="kicker">Arts</p>' in client.get("/t/medias-ai-pivot/1/").content.decode()


def test_sections_that_an_editor_set_stand_in_mail_text_and_archive(
    pivot: Topic, client: Client
) -> None:
    told = [newsroom.briefing(pivot, f"Story {n}", tag="Law") for n in range(4)]
    update = newsroom.update(pivot, 1, *told, depth=Depth.STANDARD, sectioned=True)
    for item, section in zip(
        update.items.all(), ["", "Harbours", "Harbours", "Piers"], strict=True
    ):
        item.section = section
        item.save()
    view = seen(update)
    assert [story.section for story in view.stories] == ["", "Harbours", "", "Piers"]
    email = pipeline.render(view)
    assert email.html.count(">Harbours</h2>") == 1
    assert "\nPiers\n=====\n" in email.text
    assert '<p class="kicker">Piers</p>' in client.get("/t/medias-ai-pivot/1/").content.decode()


def test_sections_of_one_story_each_have_no_headings(pivot: Topic) -> None:
    pivot.sections = True
    pivot.save()
    told = [newsroom.briefing(pivot, f"Story {n}", tag=f"Tag {n}") for n in range(4)]
    view = seen(newsroom.update(pivot, 1, *told))
    assert not any(story.section for story in view.stories)
