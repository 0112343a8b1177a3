"""What a reader chooses at their own link, and what a stranger who was passed it may see."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from digest.models import Topic, Update
from subscribers import preferences
from subscribers.models import Subscriber, Subscription, Suppression
from subscribers.requested import LetterRequest
from subscribers.tokens import Purpose, make

pytestmark = pytest.mark.both_databases

DAY = dt.timedelta(days=1)


@pytest.fixture
def link(ann: Subscriber, pivot: Topic) -> str:
    return f"/preferences/{make(Purpose.PREFERENCES, ann.id, pivot.id, 0)}/"


@pytest.fixture
def retail(ann: Subscriber) -> Subscription:
    """Another topic that Ann has."""
    topic = Topic.objects.create(slug="retail", name="Retail", description="Shops and more.")
    return Subscription.objects.create(
        subscriber=ann, topic=topic, state="confirmed", confirmed_at=timezone.now()
    )


def states(person: Subscriber) -> dict[str, str]:
    return dict(person.subscriptions.values_list("topic__slug", "state"))


def choose(client: Client, link: str, *topics: str) -> Any:
    return client.post(link, {"topics": "1", "topic": list(topics)})


# ---- topics --------------------------------------------------------------------------------------


def test_the_page_shows_each_topic_and_changes_nothing_when_opened(
    client: Client, ann: Subscriber, retail: Subscription, link: str, pivot: Topic
) -> None:
    noon = dt.datetime(2026, 5, 17, 12, tzinfo=dt.UTC)
    Update.objects.create(
        topic=pivot, number=1, stage="sent", since=noon - DAY, until=noon, due_at=noon
    )
    before = list(ann.subscriptions.values())
    page = client.get(link).content.decode()
    for ask in (client.head, client.options, client.put):
        ask(link)
    assert 'value="retail" checked' in page
    assert "Shops and more." in page
    assert re.search(r"Last update: <time[^>]*>17 May 2026</time>", page)
    assert "No update yet" in page
    assert list(ann.subscriptions.values()) == before


def test_what_is_ticked_is_had_and_what_is_not_is_left(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    Topic.objects.create(slug="third", name="Third")
    choose(client, link, "third", "medias-ai-pivot", "\0")
    had = {"medias-ai-pivot": "confirmed", "retail": "unsubscribed", "third": "confirmed"}
    assert states(ann) == had


def test_saving_what_one_has_changes_nothing(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    ann.subscriptions.filter(id=retail.id).update(state="paused")
    before = list(ann.subscriptions.values())
    choose(client, link, "medias-ai-pivot", "retail")
    assert list(ann.subscriptions.values()) == before


def test_a_topic_that_waits_for_confirmation_goes_on_waiting(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    ann.subscriptions.filter(id=retail.id).update(state="pending")
    choose(client, link, "medias-ai-pivot")
    assert states(ann)["retail"] == "pending"


def test_every_topic_can_be_left_and_taken_again(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    client.post(link, {"all": "1", "topic": ["retail"]})
    assert set(states(ann).values()) == {"unsubscribed"}
    choose(client, link, "retail")
    assert states(ann)["retail"] == "confirmed"


@pytest.mark.parametrize("posted", [{}, {"topic": "retail"}, {"x": "1", "state": "confirmed"}])
def test_a_post_that_none_of_the_buttons_makes_changes_nothing(
    client: Client, ann: Subscriber, retail: Subscription, link: str, posted: dict[str, str]
) -> None:
    before = [list(ann.subscriptions.values()), list(Subscriber.objects.values())]
    assert "Your choice is saved" not in client.post(link, posted).content.decode()
    assert [list(ann.subscriptions.values()), list(Subscriber.objects.values())] == before


# ---- pauses --------------------------------------------------------------------------------------

NOW = dt.datetime(2026, 12, 20, 23, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("asked", "zone", "ends"),
    [
        (("two_weeks", ""), "UTC", "2027-01-03T00:00:00+00:00"),
        (("two_weeks", ""), "Europe/Berlin", "2027-01-04T00:00:00+01:00"),  # it is the 21st there
        (("month", ""), "UTC", "2027-01-19T00:00:00+00:00"),
        (("until", "2027-01-03"), "America/New_York", "2027-01-03T00:00:00-05:00"),
        (("until", "2027-07-01"), "Europe/London", "2027-07-01T00:00:00+01:00"),
        (("month", "2027-03-01"), "UTC", "2027-03-01T00:00:00+00:00"),  # who types a day means it
    ],
)
def test_a_pause_ends_when_a_day_begins_where_the_reader_is(
    asked: tuple[str, str], zone: str, ends: str
) -> None:
    assert preferences.pause_end(*asked, zone, NOW).isoformat() == ends


def test_a_refused_day_that_still_stands_there_does_not_keep_them_from_choosing_a_month(
    client: Client, ann: Subscriber, link: str
) -> None:
    sent = {"pause": "1", "for": "until", "day": "2020-01-01"}
    assert 'name="again"' in client.post(link, sent).content.decode()
    assert (
        "Choose a day"
        not in client.post(link, sent | {"for": "month", "again": "1"}).content.decode()
    )
    assert ann.subscriptions.get().paused_until


@pytest.mark.parametrize("day", ["", "tomorrow", "2020-01-01", "9999-12-31", "2026-02-30", "\0"])
def test_a_day_that_can_not_be_is_refused_beside_its_field_and_nothing_changes(
    client: Client, ann: Subscriber, link: str, day: str
) -> None:
    page = client.post(link, {"pause": "1", "for": "until", "day": day}).content.decode()
    assert "Choose a day after today" in page
    assert "Your choice is saved" not in page
    assert states(ann) == {"medias-ai-pivot": "confirmed"}


def test_all_topics_are_paused_until_a_day_and_then_go_on_by_themselves(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    day = (timezone.now() + 20 * DAY).date()
    page = client.post(link, {"pause": "1", "for": "until", "day": day.isoformat()})
    assert page.content.decode().count("then it goes on by itself") == 2
    assert set(states(ann).values()) == {"paused"}
    one = ann.subscriptions.all()[0]
    assert one.stands(timezone.now()) == "paused"
    assert one.stands(dt.datetime.combine(day, dt.time(), dt.UTC)) == "confirmed"


def test_one_topic_is_paused_and_resumed_at_once(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    client.post(link, {"pause": "1", "for": "month", "of": "retail"})
    assert states(ann) == {"medias-ai-pivot": "confirmed", "retail": "paused"}
    assert 'name="resume" value="retail"' in client.get(link).content.decode()
    client.post(link, {"resume": "retail"})
    assert states(ann)["retail"] == "confirmed"
    assert ann.subscriptions.get(topic__slug="retail").paused_until is None


def test_pausing_brings_back_nothing_that_was_left_and_confirms_nothing(
    client: Client, ann: Subscriber, retail: Subscription, link: str
) -> None:
    ann.subscriptions.filter(id=retail.id).update(state="pending")
    ann.subscriptions.exclude(id=retail.id).update(state="unsubscribed")
    client.post(link, {"pause": "1", "for": "month"})
    client.post(link, {"resume": ""})
    assert states(ann) == {"medias-ai-pivot": "unsubscribed", "retail": "pending"}


def test_a_pause_that_is_over_is_not_shown(client: Client, ann: Subscriber, link: str) -> None:
    ann.subscriptions.update(state="paused", paused_until=timezone.now() - DAY)
    page = client.get(link).content.decode()
    assert "Paused" not in page
    assert "checked" in page


# ---- how it comes --------------------------------------------------------------------------------


def test_a_reader_chooses_full_or_short_and_the_language_of_their_pages(
    client: Client, ann: Subscriber, link: str
) -> None:
    page = client.post(link, {"reading": "1", "depth": "short", "language": "ar"})
    assert '<html lang="ar" dir="rtl"' in page.content.decode()
    ann.refresh_from_db()
    assert (ann.depth, ann.language) == ("short", "ar")
    client.post(link, {"reading": "1", "depth": "", "language": ""})
    ann.refresh_from_db()
    assert (ann.depth, ann.language) == ("", "")


def test_what_is_not_offered_is_not_kept(client: Client, ann: Subscriber, link: str) -> None:
    client.post(link, {"reading": "1", "depth": "endless", "language": "tlh", "zone": "UTC"})
    ann.refresh_from_db()
    assert (ann.depth, ann.language, ann.zone) == ("", "", "")


@pytest.mark.parametrize(("own", "posted"), [("fr", ""), ("de-AT", "de"), ("en-GB", "en")])
def test_saving_the_depth_leaves_a_language_that_segments_ask_for(
    client: Client, ann: Subscriber, link: str, own: str, posted: str
) -> None:
    Subscriber.objects.filter(id=ann.id).update(language=own)
    page = client.get(link).content.decode()
    assert (f'<option value="{posted}" lang="{posted}" selected>' in page) == bool(posted)
    client.post(link, {"reading": "1", "depth": "full", "language": posted})
    ann.refresh_from_db()
    assert (ann.depth, ann.language) == ("full", own)


# ---- strangers -----------------------------------------------------------------------------------


def test_a_mail_passed_on_does_not_give_its_reader_away(
    client: Client, ann: Subscriber, link: str
) -> None:
    Subscriber.objects.filter(id=ann.id).update(
        zone="Europe/Vienna", country="AT", attributes={"plan": "gold"}, source="fair"
    )
    ann.tags.create(tag="vip")
    page = client.get(link).content.decode()
    assert "a•••@example.org" in page
    for own in ("ann@", "Ann", "Lee", "Vienna", "gold", "fair", "vip"):
        assert own not in page


def test_what_is_the_reader_s_alone_wants_a_letter_to_them(
    client: Client, ann: Subscriber, link: str
) -> None:
    for _ in range(5):
        page = client.post(link, {"account": "1"}).content.decode()
        assert "/account/" not in page
        assert "a•••@example.org" in page
    asked = LetterRequest.objects.get()
    assert (asked.letter, asked.address) == ("links", "ann@example.org")


def test_no_letter_goes_to_an_address_that_must_not_be_mailed(
    client: Client, ann: Subscriber, link: str
) -> None:
    Suppression.objects.create(email_hash=ann.email_hash, reason="complaint")
    assert "on its way" in client.post(link, {"account": "1"}).content.decode()
    assert not LetterRequest.objects.exists()


def test_whoever_is_not_mailed_any_more_is_told_so_and_whom_to_ask(
    client: Client, ann: Subscriber, link: str
) -> None:
    told = "Nothing is sent to this address at present"
    assert told not in client.get(link).content.decode()
    Suppression.objects.create(email_hash=ann.email_hash, reason="hard_bounce")
    page = client.get(link).content.decode()
    assert told in page
    assert 'href="mailto:digest@example.org"' in page


def test_the_page_needs_no_script_and_weighs_little_with_its_style(
    client: Client, ann: Subscriber, link: str
) -> None:
    page = client.get(link).content
    style = b"".join(client.get("/static/digest/house.css").streaming_content)  # type: ignore[attr-defined]
    assert b"<script" not in page
    assert len(page) + len(style) < 50_000
