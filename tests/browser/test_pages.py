"""The archive and the desk in a real browser: they can be used, and hostile content can't."""

import json
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from digest import drafting
from digest.briefings import Briefing
from digest.feeds import DAY, Feed
from digest.intake.slugs import slug_from
from digest.models import Stage, Topic, Update
from subscribers.models import Subscriber
from tests import newsroom
from tests.browser.windows import Window

NASTY = Path(__file__).parents[2].parent / "shared" / "data" / "nasty"
SHORT_LIST = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "</textarea></title></style><script>alert(1)</script>",
    "[x](javascript:alert(1)) ![x](https://evil.example.com/pixel.gif)",
    "<style>@import 'https://evil.example.com/a.css';</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.example.com/'>",
    "<base href=https://evil.example.com/>",
    "{{ constructor.constructor('alert(1)')() }}",
]


@pytest.fixture
def newsdesk(pivot: Topic, stories: list[Briefing]) -> Update:
    """Two updates out and a third as a draft; sources in every state, and one briefing held."""
    now = timezone.now()
    held = newsroom.briefing(pivot, "Held for a look")
    Briefing.objects.filter(pk=held.pk).update(held_at=now)
    for name, state in SOURCES.items():
        Feed.objects.create(
            topic=pivot,
            url=f"https://wire.example.org/{name}.xml",
            name=name,
            next_at=now + DAY,
            **{key: now if key.endswith("_at") else value for key, value in state.items()},
        )
    whole = newsroom.whole(pivot)
    newsroom.update(pivot, 1, whole, newsroom.briefing(pivot), newsroom.briefing(pivot, "Third"))
    newsroom.update(pivot, 2, whole, note="We read the **terms**.")
    return drafting.draft(pivot)


SOURCES: dict[str, dict[str, Any]] = {
    "Harbour Wire": {"good_at": True, "came": "3 new, 1 changed", "seen": 240, "created": 31},
    "": {"minutes": 60, "hold": True},
    "Quay Courier": {
        "good_at": True, "fetched_at": True, "failures": 4,
        "trouble": "did not answer in full within 10 seconds",
    },
    "Paper of Record": {"paused_at": True, "good_at": True},
    "Night Desk": {
        "gone_at": True, "failures": 1, "trouble": "is gone for good: its site says so (410)"
    },
}  # fmt: skip
"""A source in each state that there is."""

PAGES = [
    "/",
    "/t/medias-ai-pivot/",
    "/t/medias-ai-pivot/1/",
    "/t/medias-ai-pivot/2/lantern-studio-hires-for-a-model-of-its-own/",
    "/t/medias-ai-pivot/2/since/1/",
    "/t/medias-ai-pivot/parties/animators-guild/",
    "/subscribe/",
    "/subscribe/form/?ask_name=1",
    "/people/form/",
    "/people/",
    "/people/growth/",
    "/people/segments/new/",
    "/people/segments/new/?as=json",
    "/people/suppression/",
    "/desk/",
    "/desk/medias-ai-pivot/schedule/",
    "/desk/medias-ai-pivot/briefings/",
    "/desk/medias-ai-pivot/briefings/lantern-studio-hires-for-a-model-of-its-own/",
    "/desk/medias-ai-pivot/briefings/lantern-studio-hires-for-a-model-of-its-own/versions/",
    "/desk/medias-ai-pivot/write/",
    "/desk/medias-ai-pivot/sources/",
    "/desk/medias-ai-pivot/draft/",
    "/desk/medias-ai-pivot/draft/review/",
    "/desk/medias-ai-pivot/draft/history/",
    "/desk/medias-ai-pivot/settings/",
    "/desk/medias-ai-pivot/updates/",
    "/desk/medias-ai-pivot/2/",
    "/desk/new/",
]


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_page_fits_a_phone_and_has_no_finding_of_axe(
    window: Window, newsdesk: Update, look: str
) -> None:
    for path in PAGES:
        window.open(path, 320, look)
        assert window.page.evaluate("document.documentElement.scrollWidth") <= 320, path
        found = Axe().run(window.page).response["violations"]
        assert not [(one["id"], one["nodes"][0]["target"]) for one in found], path
    assert not window.seen.errors
    assert not window.seen.elsewhere


@pytest.mark.parametrize("look", ["light", "dark"])
def test_what_is_told_twice_fits_a_phone_is_folded_and_split(
    window: Window, pivot: Topic, look: str
) -> None:
    bridge = "The council of Port Aldwyn closed the Orsin bridge after cracks in two cables."
    for house, headline, summary in [
        ("Courier", "Cracks close Orsin bridge", bridge),
        ("Ferry Post", "Orsin bridge closed by cracks", bridge),
        ("Slow Weekly", "Where buses turn round", "No bus crosses Orsin bridge, said Port Aldwyn."),
    ]:
        newsroom.briefing(
            pivot, headline, summary=summary, published_at=timezone.now(),
            sources=[{"name": house, "url": f"https://{slug_from(house)}.example.com/a"}],
        )  # fmt: skip
    drafting.draft(pivot)
    page = window.page
    window.open("/desk/medias-ai-pivot/draft/", 320, look)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    found = Axe().run(page).response["violations"]
    assert not [(one["id"], one["nodes"][0]["target"]) for one in found]
    page.get_by_role("button", name="Fold into one: Where buses turn round").click()
    page.get_by_text("Folded in: Where buses turn round").wait_for()
    page.get_by_role("button", name="Split off: Where buses turn round").click()
    page.locator("#item-where-buses-turn-round").wait_for()
    assert not window.seen.errors


def test_items_move_without_the_page_being_loaded_anew(window: Window, newsdesk: Update) -> None:
    window.open("/desk/medias-ai-pivot/draft/")
    page = window.page
    page.evaluate("window.mark = 1")
    page.click("#up-second-story")
    page.locator("#item-second-story:first-child").wait_for()
    assert page.evaluate("[window.mark, document.activeElement.id]") == [1, "up-second-story"]
    assert newsdesk.items.order_by("position")[0].briefing.slug == "second-story"


def test_words_are_saved_on_leaving_the_field_and_the_preview_follows(
    window: Window, newsdesk: Update
) -> None:
    window.open("/desk/medias-ai-pivot/draft/")
    page = window.page
    page.fill("#note", "A note of **two** words.")
    page.locator("#note").blur()
    page.frame_locator(".frame iframe:not(.coming)").get_by_text("A note of two words.").wait_for()
    assert Update.objects.get(pk=newsdesk.pk).note == "A note of **two** words."


def test_a_segment_s_people_are_counted_while_its_rule_is_typed(
    window: Window, ann: Subscriber
) -> None:
    window.open(f"/people/{ann.id}/")
    assert Axe().run(window.page).response["violations"] == []
    window.open("/people/segments/new/")
    window.page.fill("[name=g0-r0-field]", "joined")
    window.page.select_option("[name=g0-r0-asks]", "is known")
    window.page.wait_for_selector("#count >> text=ann@example.org")
    window.page.select_option("[name=g0-r0-asks]", "isn't known")
    window.page.wait_for_selector("#count >> text=Nobody fits now")
    assert window.seen.errors == []


def test_a_lost_session_costs_nothing_that_was_typed(window: Window, newsdesk: Update) -> None:
    window.open("/desk/medias-ai-pivot/draft/")
    window.client.logout()
    window.page.fill("#note", "Typed before the session was lost")
    window.page.locator("#note").blur()
    window.page.get_by_text("you are signed out").wait_for()
    assert window.page.input_value("#note") == "Typed before the session was lost"


def nasty() -> list[str]:
    """Vectors of the public lists where they are present, and a short list of our own."""
    found = list(SHORT_LIST)
    if NASTY.is_dir():
        found += json.loads((NASTY / "blns.json").read_text("utf-8"))
        for file in sorted(NASTY.glob("*.txt")):
            found += file.read_text("utf-8", "replace").splitlines()
    return ["".join(mark for mark in text if mark.isprintable()) for text in found if text.strip()]


# What is escaped needs no policy to be harmless; with one, a slip would go unseen here.
@pytest.mark.parametrize("window", [{"bypass_csp": True}], ids=["no policy"], indirect=True)
def test_hostile_content_opens_nothing_asks_for_nothing_and_breaks_nothing(
    window: Window, pivot: Topic
) -> None:
    vectors = nasty()
    now = timezone.now()
    each = 400
    for at in range(0, len(vectors), each):
        part = vectors[at : at + each]
        newsroom.briefing(
            pivot,
            part[0][:400],
            slug=f"nasty-{at}",
            published_at=now,
            tag=part[1 % len(part)][:400],
            status=part[2 % len(part)][:400],
            summary="\n\n".join(part),
            body="\n\n".join(part),
            key_takeaway=part[3 % len(part)],
            analysis={
                "plain_english": "\n".join(part),
                "next": [{"kind": part[0][:400], "text": part[0]}],
            },
            perspectives=[{"party": text[:400], "text": text} for text in part[:20]],
            sources=[{"name": text[:400]} for text in part[:20]],
            image={"url": "https://evil.example.com/a.png", "alt": part[0][:400]},
        )
    briefings = list(pivot.briefings.all())
    newsroom.update(pivot, 1, *briefings, title=vectors[0], note="\n\n".join(vectors[:50]))
    Briefing.objects.update(moved_on=True)
    Topic.objects.update(name=vectors[2][:200], description=vectors[1], items_budget=3)
    draft = drafting.draft(Topic.objects.get())
    draft.note = draft.preheader = SHORT_LIST[0]
    draft.save()
    root = "medias-ai-pivot"
    slugs = [one.slug for one in briefings]
    paths = ["/", f"/t/{root}/", f"/t/{root}/1/", "/desk/", f"/desk/{root}/briefings/"]
    paths += [f"/desk/{root}/draft/", f"/desk/{root}/draft/?show=text", f"/desk/{root}/1/"]
    paths += [f"/t/{root}/1/{slug}/" for slug in slugs]
    paths += [f"/desk/{root}/briefings/{slug}/" for slug in slugs]
    for path in paths:
        window.open(path)
        window.page.wait_for_load_state("networkidle")
        assert not window.seen.dialogs, path
        assert not window.seen.errors, path
        assert window.page.url == window.site + path
    pictures = {"https://evil.example.com/a.png"}  # a briefing's own picture, on its own page
    assert set(window.seen.elsewhere) <= pictures
    assert Update.objects.get(pk=draft.pk).stage == Stage.DRAFT


@pytest.mark.parametrize("window", [{"timezone_id": "Asia/Tokyo"}], indirect=True)
def test_the_next_runs_change_while_a_rule_is_typed_and_are_told_in_the_viewers_own_time(
    window: Window, newsdesk: Update
) -> None:
    window.open("/desk/medias-ai-pivot/schedule/")
    page = window.page
    page.get_by_text("Sundays 15:00").click()
    page.get_by_text("At 15:00 on Sunday, UTC time").wait_for()
    own = page.locator("[data-here] time").first
    assert own.inner_text().endswith("00:00 Tokyo")
    page.get_by_label("Days without an update").fill("01-01..12-30")
    page.get_by_text("skipped: blackout day").first.wait_for()
    page.get_by_role("textbox", name="Rule").fill("61 * * * *")
    page.get_by_text("is no cron rule").wait_for()
    page.get_by_role("textbox", name="Rule").fill("0 15 * * 0")
    page.get_by_label("Days without an update").fill("")
    page.get_by_role("button", name="Set the schedule").click()
    page.get_by_text("goes out at 15:00 on sunday").wait_for()
    assert not window.seen.errors


@pytest.mark.parametrize("window", [{"timezone_id": "UTC"}], indirect=True)
def test_a_time_is_not_told_twice_to_who_lives_by_the_same_clock(
    window: Window, newsdesk: Update
) -> None:
    window.open("/desk/medias-ai-pivot/schedule/")
    own = window.page.locator("[data-here]", has_text="UTC").first
    own.wait_for(state="attached")
    assert own.is_hidden()


TOO_SMALL = """() =>
  [...document.querySelectorAll("button, summary, select, label.choice, .tabs a")]
  .filter((one) => one.offsetParent && !one.closest(".visually-hidden"))
  .filter((one) => one.getBoundingClientRect().height < 44)
  .map((one) => one.outerHTML.slice(0, 120))"""
"""What a finger would miss, on the page that is open."""


@pytest.mark.parametrize("window", [{"has_touch": True, "is_mobile": True}], indirect=True)
@pytest.mark.parametrize("path", ["", "medias-ai-pivot/draft/", "medias-ai-pivot/draft/review/"])
def test_a_finger_hits_what_it_means(window: Window, newsdesk: Update, path: str) -> None:
    window.open(f"/desk/{path}", 375)
    assert window.page.evaluate("matchMedia('(pointer: coarse)').matches")
    assert not window.page.evaluate(TOO_SMALL)
