"""Clicks as editors see them, on the update's page and by the command."""

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from django.test import Client

from config.cli import main
from digest.clicks import tally
from digest.clicks.models import Link
from digest.models import Topic, Update
from tests.emails import Page
from tests.test_clicks import PAPER, _from_nothing, approved, counted, counting, follow, one, update

__all__ = ["_from_nothing", "counting", "update"]  # fixtures

pytestmark = pytest.mark.django_db


@pytest.mark.both_databases
def test_the_updates_page_shows_each_link_with_its_share_by_item(
    update: Update, desk: Client
) -> None:
    empty = said(desk, update)
    assert "No link has been followed yet" in empty
    assert "Example Wire" in empty
    now = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    for words, count in [("Paper", 3000), ("The same wire", 900), ("A bank", 0), ("a note", 100)]:
        found = update.links.filter(words=words).first()
        if found and count:
            tally.add({(found.pk, now): count - 1, (found.pk, now + dt.timedelta(hours=1)): 1})
    page = said(desk, update)
    assert "Clicks · 4,000" in page
    order = ["The note", "a note", "Lantern Studio", "A pier", "Paper", "75.0 %", "The same wire"]
    places = [page.index(words, page.index("Clicks · 4,000")) for words in [*order, "22.5 %"]]
    assert places == sorted(places)
    assert "at most 3,997" in page
    assert "Clicks, not readers" in page


def test_the_page_says_why_there_is_nothing_to_see(pivot: Topic, desk: Client) -> None:
    update = approved(pivot)
    assert "Clicks are not counted" in said(desk, update)
    Topic.objects.update(counts_clicks=True)
    assert "approved before counting was turned on" in said(desk, update)


def test_after_it_was_turned_off_the_page_keeps_what_was_counted(
    update: Update, desk: Client
) -> None:
    follow(one(update, "Paper"))
    counted()
    Topic.objects.update(counts_clicks=False)
    page = said(desk, update)
    assert "Counting was turned off" in page
    assert "Clicks · 1" in page


def test_what_a_link_says_is_text_on_the_page(update: Update, desk: Client) -> None:
    Link.objects.filter(words="Paper").update(words="<script>alert(1)</script>")
    assert "<script>alert(1)" not in desk.get("/desk/medias-ai-pivot/1/").content.decode()


def said(desk: Client, update: Update) -> str:
    page = desk.get(f"/desk/{update.topic.slug}/{update.number}/").content.decode()
    return " ".join(Page(page).text.split())


def test_a_topic_counts_clicks_once_somebody_says_so_and_the_command_tells_them(
    pivot: Topic,
) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        return done.output

    assert not pivot.counts_clicks
    run("topic", "set", "medias-ai-pivot", "--clicks")
    pivot.refresh_from_db()
    update = approved(pivot)
    follow(one(update, "Paper"))
    counted()
    told = run("clicks", "medias-ai-pivot/1")
    assert "Update #1 · 1 click\n" in told
    assert PAPER in told
    plain = json.loads(run("clicks", "medias-ai-pivot/1", "--json"))
    assert (plain["counted"], plain["clicks"], len(plain["links"])) == ("counted", 1, 5)
    assert plain["over_time"][0]["clicks"] == 1
