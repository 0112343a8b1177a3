"""The desk's front page: what needs a person first, and where each topic stands."""

import datetime as dt
import html as entities
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from digest.briefings import Briefing
from digest.feeds import Feed
from digest.models import Stage, Topic, Update
from tests import newsroom
from tests.ledgering import mailing
from workers import schedule
from workers.models import MailingState, Slot, SlotResult
from workers.rules import Rule

MANY = 12


def text(answer: HttpResponse) -> str:
    return " ".join(entities.unescape(answer.content.decode()).split())


def needs(page: str) -> str:
    """The part of the page that says what needs a person."""
    return page.partition("Needs you")[2].partition("</section>")[0]


def test_nothing_waits_where_nothing_does(desk: Client, pivot: Topic) -> None:
    assert "Nothing here waits for you" in text(desk.get("/desk/"))


def test_a_draft_needs_a_person_a_day_before_its_time_and_once_it_missed_it(
    desk: Client, draft: Update
) -> None:
    now = timezone.now()
    for ahead, said in [
        (dt.timedelta(days=2), ""),
        (dt.timedelta(hours=20), "the draft goes out only if it is approved"),
        (-dt.timedelta(minutes=1), "nobody had approved the draft, and nothing was sent"),
    ]:
        Update.objects.filter(pk=draft.pk).update(planned_at=now + ahead)
        part = needs(text(desk.get("/desk/")))
        assert (said or "Nothing here waits for you") in part
        assert ("Open it" in part) == bool(said)


def test_whoever_may_approve_is_told_who_asks_and_who_asked_is_not(
    desk: Client, press: Client, pia: User, draft: Update
) -> None:
    draft.requests.create(hash="x", by="edda@example.org")
    asked = "edda@example.org asks for your approval"
    assert asked in needs(text(press.get("/desk/")))
    assert asked not in needs(text(desk.get("/desk/")))
    draft.requests.update(by=pia.username)
    assert "asks for your approval" not in needs(text(press.get("/desk/")))


def test_whoever_asked_is_told_that_a_draft_was_sent_back_and_why(
    desk: Client, press: Client, draft: Update
) -> None:
    said = {"hash": "x", "by": "edda@example.org", "answered_by": "pia@example.org"}
    draft.requests.create(answer="sent back", words="The title is too long.", **said)
    back = "pia@example.org sent the draft back: The title is too long."
    assert back in needs(text(desk.get("/desk/")))
    assert back not in needs(text(press.get("/desk/")))
    draft.requests.create(hash="y", by="edda@example.org")
    assert back not in needs(text(desk.get("/desk/")))


def test_the_most_pressing_comes_first_whatever_its_topic(
    desk: Client, draft: Update, stories: list[Briefing]
) -> None:
    harbour = Topic.objects.create(slug="harbour", name="Harbour News")
    Feed.objects.create(topic=harbour, url="https://feeds.example.com/1", failures=2)
    Briefing.objects.filter(pk=stories[0].pk).update(held_at=timezone.now())
    Update.objects.filter(pk=draft.pk).update(planned_at=timezone.now() + dt.timedelta(hours=1))
    part = needs(text(desk.get("/desk/")))
    assert part.index("goes out only if") < part.index("Harbour News") < part.index("a briefing")


def test_a_draft_says_who_touched_it_last(desk: Client, draft: Update) -> None:
    desk.post("/desk/medias-ai-pivot/draft/words/", {"title": "The lantern"})
    assert "3 items" in text(desk.get("/desk/"))
    assert "by edda@example.org" in text(desk.get("/desk/"))


def test_a_drafts_checks_and_gauges_come_by_themselves(desk: Client, draft: Update) -> None:
    assert 'hx-get="/desk/medias-ai-pivot/draft/standing/"' in text(desk.get("/desk/"))
    fine = text(desk.get("/desk/medias-ai-pivot/draft/standing/"))
    assert "3 items" in fine
    assert "to mend</span></a>" not in fine
    draft.note = "See https://"
    draft.save()
    assert "1 to mend" in text(desk.get("/desk/medias-ai-pivot/draft/standing/"))


def test_a_draft_with_a_check_to_mend_needs_a_person_once(desk: Client, draft: Update) -> None:
    place, words = 'id="mend-of-medias-ai-pivot"', "the draft can’t be approved, 1 check blocks it"
    standing = "/desk/medias-ai-pivot/draft/standing/"
    assert place in needs(text(desk.get("/desk/")))
    assert place not in text(desk.get(standing))
    Update.objects.filter(pk=draft.pk).update(note="See https://")
    assert place in (said := text(desk.get(standing)))
    assert words in said
    Update.objects.filter(pk=draft.pk).update(planned_at=timezone.now())
    assert place not in needs(text(desk.get("/desk/")))


def test_a_topic_without_a_draft_has_nothing_to_measure(desk: Client, pivot: Topic) -> None:
    assert desk.get("/desk/medias-ai-pivot/draft/standing/").content.strip() == b""


# ---- what the queue adds ----------------------------------------------------------------------


def test_the_queue_adds_when_a_topic_goes_out_next_and_its_last_mailings(
    desk: Client, pivot: Topic
) -> None:
    for number, readers in [(1, 100), (2, 50)]:
        update = newsroom.update(pivot, number)
        done = MailingState.DONE
        mailing(pivot, update=update, state=done, candidates=readers, accepted=readers)
    assert "Set a schedule" in text(desk.get("/queue/desk/"))
    later = timezone.now().astimezone(ZoneInfo("Europe/London")) + dt.timedelta(hours=3)
    rule = Rule(f"0 {later.hour} * * *", "Europe/London")
    schedule.set_schedule(pivot, rule, auto=False, by="test")
    page = text(desk.get("/queue/desk/"))
    assert 'id="slot-medias-ai-pivot" hx-swap-oob="true"' in page
    assert f"{later:%H}:00 London</time></a>, in " in page
    assert 'id="last-medias-ai-pivot" hx-swap-oob="true"' in page
    assert "= 50 candidates ✓ balances" in page
    assert "Readers of the last 2 updates: #1 100, #2 50" in page


def test_the_queue_adds_what_waits_for_a_person(desk: Client, pivot: Topic) -> None:
    assert "No mailing waits for a person" in text(desk.get("/queue/desk/"))
    for number, said in enumerate(
        [
            {"state": MailingState.PAUSED, "paused_from": MailingState.SENDING},
            {"state": MailingState.HELD, "why": "Three in a hundred bounced."},
            {"state": MailingState.DONE, "candidates": 3, "accepted": 1, "uncertain": 2},
            {"state": MailingState.DONE, "candidates": 3, "accepted": 3},
        ],
        1,
    ):
        mailing(pivot, update=newsroom.update(pivot, number), **said)
    page = text(desk.get("/queue/desk/"))
    waiting = page.partition('id="slot-')[0]
    assert "Update #1: <span" in waiting
    assert "Three in a hundred bounced." in waiting
    assert "Settle them" in waiting
    assert "Update #4" not in waiting


# ---- many topics ------------------------------------------------------------------------------


@pytest.fixture
def many(db: None) -> None:
    """Topics with a draft, one that is approved, one sent, and a slot each."""
    now = timezone.now()
    for n in range(MANY):
        topic = Topic.objects.create(slug=f"topic-{n}", name=f"Topic {n}")
        story = newsroom.briefing(topic, published_at=now)
        sent = newsroom.update(topic, 1, story)
        newsroom.update(topic, None, newsroom.briefing(topic, "Another"), stage=Stage.DRAFT)
        Feed.objects.create(topic=topic, url="https://feeds.example.com/1", failures=1)
        mailing(topic, update=sent, state=MailingState.DONE, candidates=5, accepted=5)
        schedule.set_schedule(topic, Rule("0 7 * * *", "UTC"), auto=False, by="test")
        Slot.objects.create(topic=topic, due_at=now, result=SlotResult.HELD, why="Late.")


@pytest.mark.both_databases
def test_many_topics_take_the_queries_of_one(
    desk: Client, many: None, django_assert_max_num_queries: Any
) -> None:
    for url, queries in [("/desk/", 12), ("/queue/desk/", 9)]:
        desk.get(url)
        with django_assert_max_num_queries(queries):
            assert desk.get(url).status_code == 200
