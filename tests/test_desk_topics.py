"""A topic's pages on the desk: what stands above them, its updates, and its settings."""

import datetime as dt
import html as entities
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from digest import approval, drafting
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.desk import topic_form
from digest.feeds import Feed
from digest.models import Stage, Topic, Update
from digest.pictures import Picture
from tests import newsroom
from tests.ledgering import mailing
from tests.test_pictures import png
from workers.models import MailingState

T = "/desk/medias-ai-pivot"
PAGES = ("draft", "briefings", "updates", "sources", "schedule", "settings")


def text(answer: HttpResponse) -> str:
    return entities.unescape(answer.content.decode())


# ---- above all of a topic's pages -------------------------------------------------------------


@pytest.mark.parametrize("here", PAGES)
def test_each_page_of_a_topic_leads_to_the_others_and_says_where_one_is(
    desk: Client, draft: Update, here: str
) -> None:
    page = text(desk.get(f"{T}/{here}/"))
    for place in PAGES:
        current = ' aria-current="page"' if place == here else ""
        assert f'<a href="{T}/{place}/"{current}>' in page


def test_the_places_say_how_much_stands_there(
    desk: Client, draft: Update, stories: list[Briefing]
) -> None:
    Feed.objects.create(topic=draft.topic, url="https://feeds.example.com/1")
    newsroom.update(draft.topic, 1, newsroom.briefing(draft.topic, "Sent story"))
    Briefing.objects.filter(pk=stories[2].pk).update(withdrawn_at=timezone.now())
    page = text(desk.get(f"{T}/sources/"))
    for place, count in [("Draft", 3), ("Briefings", 3), ("Updates", 1), ("Sources", 1)]:
        assert f'{place} <span class="count">{count}</span>' in page


def test_other_topics_are_reached_at_the_same_page(desk: Client, pivot: Topic) -> None:
    assert "switch" not in text(desk.get(f"{T}/sources/"))
    Topic.objects.create(slug="harbour", name="Harbour News")
    page = text(desk.get(f"{T}/sources/"))
    assert '<a href="/desk/harbour/sources/">Harbour News</a>' in page
    assert f'<a href="{T}/sources/" aria-current="true">' in page


# ---- the list of updates ----------------------------------------------------------------------


def test_a_topic_without_updates_is_told_how_one_comes_about(desk: Client, pivot: Topic) -> None:
    assert "No updates yet" in text(desk.get(f"{T}/updates/"))


def test_updates_are_listed_the_newest_first_and_found_by_title_headline_and_number(
    desk: Client, pivot: Topic
) -> None:
    newsroom.update(pivot, 1, newsroom.briefing(pivot, "A pier reopens"), title="The pier")
    newsroom.update(pivot, 2, stage=Stage.APPROVED, title="The lantern")
    newsroom.update(pivot, None, stage=Stage.DRAFT, title="Not yet")
    page = text(desk.get(f"{T}/updates/"))
    assert page.index("#2 · The lantern") < page.index("#1 · The pier")
    assert "Not yet" not in page
    for q, found, left in [("LANTERN", "#2 ·", "#1 ·"), ("reopens", "#1 ·", "#2 ·"),
                           ("#2", "#2 ·", "#1 ·")]:  # fmt: skip
        page = text(desk.get(f"{T}/updates/", {"q": q}))
        assert found in page, q
        assert left not in page, q
    assert "Nothing found" in text(desk.get(f"{T}/updates/", {"q": "zebra"}))


def test_a_long_list_turns_its_pages_by_number(
    desk: Client, pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    for number in range(1, 61):
        newsroom.update(pivot, number, title=f"Title {number}.")
    with django_assert_max_num_queries(7):
        first = text(desk.get(f"{T}/updates/"))
    assert "Title 11." in first
    assert "Title 10." not in first
    second = text(desk.get(f"{T}/updates/", {"before": "11"}))
    assert "Title 10." in second
    assert "Older updates" not in second


def test_the_queue_adds_what_became_of_each_mailing(desk: Client, pivot: Topic) -> None:
    for number in (1, 2):
        update = newsroom.update(pivot, number)
        mailing(pivot, update=update, state=MailingState.DONE, candidates=10, accepted=9, failed=1)
    page = text(desk.get("/queue/desk/medias-ai-pivot/", {"from": "2", "to": "9"}))
    assert 'id="sent-2" hx-swap-oob="true"' in page
    assert "10 readers" in page
    assert "1 failed" in page
    assert 'id="sent-1"' not in page


# ---- a new topic ------------------------------------------------------------------------------


def test_a_publisher_makes_a_topic_whose_address_is_made_of_its_name(press: Client) -> None:
    made = {"name": "Harbour News", "slug": "", "language": "de", "zone": "Europe/Berlin"}
    answer = press.post("/desk/new/", made)
    assert answer["Location"] == "/desk/harbour-news/settings/"
    topic = Topic.objects.get()
    assert (topic.slug, topic.language, topic.zone) == ("harbour-news", "de", "Europe/Berlin")
    assert AuditEntry.objects.get(what="added topic").who == "pia@example.org"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "A topic's name is one line"),
        ({"slug": "Harbour!"}, "can't be a slug"),
        ({"slug": "new"}, "can't be a slug"),
        ({"slug": "medias-ai-pivot"}, "There is a topic"),
        ({"zone": "Mars/X"}, "is no time zone"),
        ({"language": "Deutsch!"}, "is no language"),
    ],
)
def test_what_no_topic_can_have_is_said_at_its_field_and_what_was_typed_stays(
    press: Client, pivot: Topic, typed: dict[str, str], said: str
) -> None:
    whole = {"name": "Harbour", "slug": "", "language": "en", "zone": "UTC", "description": "Kept."}
    answer = press.post("/desk/new/", whole | typed)
    assert answer.status_code == 422
    page = text(answer)
    assert said in page
    assert "Kept." in page
    assert Topic.objects.count() == 1


# ---- settings ---------------------------------------------------------------------------------


def filled(press: Client, **typed: str) -> dict[str, str]:
    """The form as it stands, with this typed over it."""
    page = press.get(f"{T}/settings/").content.decode()
    stands = {
        "name": "Media's AI Pivot", "description": "", "language": "en", "zone": "UTC",
        "accent": "#a8321f", "from_address": "", "postal_address": "", "logo": "",
        "items_budget": "6", "minutes_budget": "6", "words_budget": "0", "minimum": "1",
        "depth": "arranged", "closing": "", "colleagues": "", "undo_seconds": "60",
    }  # fmt: skip
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    return stands | {"seen": seen} | typed


def test_a_publisher_changes_a_topic_and_what_differs_is_audited(
    press: Client, pivot: Topic
) -> None:
    typed = filled(
        press, name="The Pivot", accent="#1D4F8F", items_budget="9", closing="Settled, Filed",
        postal_address="Pivot House\r\n2 Example Road", sections="on",
    )  # fmt: skip
    answer = press.post(f"{T}/settings/save/", typed)
    assert answer["Location"] == f"{T}/settings/"
    pivot.refresh_from_db()
    assert (pivot.slug, pivot.name, pivot.accent) == ("medias-ai-pivot", "The Pivot", "#1d4f8f")
    assert (pivot.items_budget, pivot.closing, pivot.sections) == (9, ["Settled", "Filed"], True)
    assert pivot.postal_address == "Pivot House, 2 Example Road"
    entry = AuditEntry.objects.get(what="changed topic")
    assert entry.who == "pia@example.org"
    assert set(entry.detail) == {
        "name", "accent", "items_budget", "closing", "postal_address", "sections",
    }  # fmt: skip


def test_whoever_changes_the_look_is_told_which_approval_that_voids(
    press: Client, draft: Update
) -> None:
    approval.approve(draft, by="pia@example.org", at=timezone.now() + dt.timedelta(days=1))
    unread = press.post(f"{T}/settings/save/", filled(press, minimum="2"), follow=True)
    assert "Saved: minimum." in text(unread)
    assert "again" not in text(unread).partition("Saved: minimum.")[2].partition("</p>")[0]
    page = text(
        press.post(f"{T}/settings/save/", filled(press, minimum="2", accent="#1d4f8f"), follow=True)
    )
    assert "Saved: accent." in page
    assert "Update #1 of Media's AI Pivot was approved and waited: it is a draft again" in page


def test_colleagues_who_get_tests_are_kept_each_once(press: Client, pivot: Topic) -> None:
    typed = "cara@example.org\r\ndan@example.org, cara@example.org\r\n"
    press.post(f"{T}/settings/save/", filled(press, colleagues=typed))
    pivot.refresh_from_db()
    assert pivot.colleagues == ["cara@example.org", "dan@example.org"]
    assert "cara@example.org\ndan@example.org</textarea>" in text(press.get(f"{T}/settings/"))


def test_an_editor_reads_the_settings_and_changes_nothing(desk: Client, pivot: Topic) -> None:
    page = text(desk.get(f"{T}/settings/"))
    assert "A publisher changes these" in page
    assert '<fieldset class="stack" disabled>' in page
    assert desk.post(f"{T}/settings/save/", {"name": "Mine"}).status_code == 403


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("accent", "#ffcc00", "contrast of"),
        ("accent", "red", "is no colour"),
        ("zone", "Mars/X", "is no time zone"),
        ("items_budget", "0", "a number from 1 to 200"),
        ("items_budget", "many", "a number from 1 to 200"),
        ("from_address", "nobody", "is no sender"),
        ("postal_address", "a\nb\nc\nd\ne\nf\ng", "at most 6 lines"),
        ("depth", "silly", "Choose one of these"),
        ("name", " ", "one line"),
        ("colleagues", "cara@example.org\nnobody", "'nobody' is no e-mail address"),
        ("colleagues", ",".join(f"c{n}@example.org" for n in range(21)), "at most 20 addresses"),
    ],
)
def test_a_mistake_is_said_at_its_field_and_nothing_is_saved(
    press: Client, pivot: Topic, field: str, value: str, said: str
) -> None:
    answer = press.post(f"{T}/settings/save/", filled(press, description="Kept.", **{field: value}))
    assert answer.status_code == 422
    page = text(answer)
    assert said in page
    assert "nothing was changed" not in page
    assert "Kept." in page
    assert not AuditEntry.objects.filter(what="changed topic").exists()


def test_a_new_sender_wants_the_password_again(press: Client, pia: User, pivot: Topic) -> None:
    pia.set_password("a lamp on the pier")
    pia.save()
    press.force_login(pia)
    typed = filled(press, from_address="Pivot <news@example.org>")
    answer = press.post(f"{T}/settings/save/", typed)
    assert answer.status_code == 422
    assert "That isn't your password" in text(answer)
    pivot.refresh_from_db()
    assert pivot.from_address == ""
    press.post(f"{T}/settings/save/", typed | {"password": "a lamp on the pier"})
    pivot.refresh_from_db()
    assert pivot.from_address == "Pivot <news@example.org>"


def test_the_second_person_is_taken_away_by_an_admin_alone(
    press: Client, ada: User, signed_in: type[Client], pivot: Topic
) -> None:
    press.post(f"{T}/settings/save/", filled(press, two_people="on"))
    answer = press.post(f"{T}/settings/save/", filled(press))
    assert "Only an admin can take the second person away" in text(answer)
    pivot.refresh_from_db()
    assert pivot.two_people
    admin = signed_in(ada)  # type: ignore[call-arg]  # SignedIn of conftest
    admin.post(f"{T}/settings/save/", filled(admin))
    pivot.refresh_from_db()
    assert not pivot.two_people


def test_of_two_who_change_the_settings_the_later_is_told_and_loses_no_word(
    press: Client, pivot: Topic
) -> None:
    mine = filled(press, description="My words.")
    press.post(f"{T}/settings/save/", filled(press, description="Their words."))
    answer = press.post(f"{T}/settings/save/", mine)
    assert answer.status_code == 422
    page = text(answer)
    assert "Somebody else has changed these settings" in page
    assert "My words." in page
    pivot.refresh_from_db()
    assert pivot.description == "Their words."


def test_a_logo_is_taken_in_looked_at_and_taken_away(press: Client, pivot: Topic) -> None:
    file = SimpleUploadedFile("logo.png", png(120, 40), "image/png")
    answer = press.post(f"{T}/settings/logo/", {**filled(press), "logo_file": file})
    kept, mark = Picture.objects.get(), carried(answer)
    pivot.refresh_from_db()
    assert pivot.logo is None
    press.post(f"{T}/settings/save/", filled(press, logo=mark))
    pivot.refresh_from_db()
    assert pivot.logo == kept
    press.post(f"{T}/settings/save/", filled(press, logo=mark, no_logo="on"))
    pivot.refresh_from_db()
    assert pivot.logo is None
    bad = SimpleUploadedFile("logo.svg", b"<svg onload=alert(1)>", "image/svg+xml")
    answer = press.post(f"{T}/settings/save/", {**filled(press), "logo_file": bad})
    assert "is no whole PNG" in text(answer)


def carried(answer: HttpResponse) -> str:
    """What the form carries of a logo that was taken in."""
    return text(answer).partition('name="logo" value="')[2].partition('"')[0]


def test_no_picture_but_one_taken_in_as_this_topic_s_logo_becomes_it(
    press: Client, pivot: Topic
) -> None:
    file = SimpleUploadedFile("logo.png", png(120, 40), "image/png")
    mark = carried(press.post(f"{T}/settings/logo/", {**filled(press), "logo_file": file}))
    press.post(f"{T}/settings/save/", filled(press, logo=mark))
    own = Picture.objects.get()
    other = Topic.objects.create(slug="harbour", name="Harbour News")
    theirs = topic_form.logo_mark(other, own)
    drawing = Picture.objects.create(hash="d" * 64, content=b"", width=1200, height=1600)
    for typed in (drawing.hash, f"{drawing.hash}:{mark.partition(':')[2]}", theirs, "x"):
        press.post(f"{T}/settings/save/", filled(press, logo=typed, accent="#1d4f8f"))
        pivot.refresh_from_db()
        assert pivot.logo == own, typed


def test_the_look_is_told_of_what_is_typed_and_nothing_is_kept(press: Client, pivot: Topic) -> None:
    page = text(press.get(f"{T}/settings/look/", filled(press, accent="#1d4f8f")))
    assert "accent=%231d4f8f" in page
    assert ": 1 on dark" in page
    page = text(press.get(f"{T}/settings/look/", filled(press, accent="#ffcc00")))
    assert "Choose a darker one" in page
    pivot.refresh_from_db()
    assert pivot.accent == "#a8321f"


def test_a_wrong_sender_and_a_missing_address_are_said_while_they_are_typed(
    press: Client, pivot: Topic, settings: Any
) -> None:
    settings.RELAY_ON_LOOPBACK, settings.POSTAL_ADDRESS = False, ""
    settings.DKIM_DOMAIN = "press.example.com"
    page = text(press.get(f"{T}/settings/look/", filled(press, from_address="a@news.test")))
    assert "The foot has no postal address" in page
    assert "the two are not aligned" in page
    typed = filled(press, from_address="a@press.example.com", postal_address="1 Example Street")
    page = text(press.get(f"{T}/settings/look/", typed))
    assert "The foot has no postal address" not in page
    assert "the two are aligned" in page


def test_the_mail_is_that_of_the_newest_update_else_a_sample(
    press: Client, pivot: Topic, stories: list[Briefing]
) -> None:
    answer = press.get(f"{T}/settings/mail/", filled(press, name="A <b>name</b>"))
    page = answer.content.decode()
    assert "The pier reopens" in page
    assert "A &lt;b&gt;name&lt;/b&gt;" in page
    assert "sandbox" in answer["Content-Security-Policy"]
    drafting.draft(pivot)
    typed = filled(press, accent="#1d4f8f", postal_address="2 Example Road")
    page = press.get(f"{T}/settings/mail/", typed).content.decode()
    assert "First story" in page
    assert "#1d4f8f" in page
    assert "2 Example Road" in page
