"""The partner block: beside the stories, marked as such wherever it stands, frozen with them."""

import html as entities
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from digest import approval, editions, partnering
from digest.briefings import Briefing
from digest.checks import Level
from digest.errors import Refused
from digest.models import PartnerBlock, Topic, Update
from digest.partnering import Partner
from digest.rendering import pipeline
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView
from tests import newsroom
from tests.emails import Page
from tests.test_desk import text

T = "/desk/medias-ai-pivot/draft"
SAID: dict[str, Any] = {
    "label": "Partner",
    "name": "Harbour Films",
    "text": "We rent our tools, and [sleep well](https://films.example.org/sleep).",
    "url": "https://www.films.example.org/offer",
}


def given(draft: Update, **parts: Any) -> EmailView:
    """What readers would get of the draft with this block."""
    partnering.set_partner(draft, Partner(**SAID | parts), "edda@example.org")
    return editions.view_of(draft)


def mail(draft: Update, **parts: Any) -> tuple[str, str]:
    """The words of its HTML, and its text."""
    email = pipeline.render(given(draft, **parts))
    return " ".join(Page(email.html).text.split()), email.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("place", "order"),
    [
        ("first", ["First story. More", "Partner", "Second story. More", "Third story. More"]),
        ("last", ["First story. More", "Second story. More", "Third story. More", "Partner"]),
    ],
)
def test_it_stands_where_it_is_put_and_says_what_it_is(
    draft: Update, place: str, order: list[str]
) -> None:
    for part in mail(draft, place=place):
        found = [part.index(one) for one in order]
        assert found == sorted(found)
        assert "Harbour Films" in part
        assert "sleep well" in part
    assert "https://www.films.example.org/offer" in mail(draft)[1]


@pytest.mark.django_db
def test_it_is_neither_an_item_nor_counted_as_reading(draft: Update) -> None:
    before = editions.view_of(draft)
    after = given(draft, text="A word or more. " * 120)
    assert after.reading_minutes == before.reading_minutes
    assert after.stories == before.stories
    assert (after.title, after.subject, after.preheader) == (
        before.title,
        before.subject,
        before.preheader,
    )


@pytest.mark.django_db
def test_its_text_knows_paragraphs_and_links_alone(draft: Update) -> None:
    said = "# Now\n\n<script>alert(1)</script> **bold** [x](javascript:alert(1)) ![p](https://x.example/p.gif)"
    view = given(draft, text=said)
    assert view.partner
    assert "<h" not in view.partner.text.html
    assert "<script" not in view.partner.text.html
    assert "**bold**" in view.partner.text.html
    assert "<img" not in view.partner.text.html
    assert 'href="javascript' not in view.partner.text.html


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"label": " "}, "has no label"),
        ({"name": ""}, "has no name"),
        ({"text": ""}, "has no text"),
        ({"url": ""}, "has no link"),
        ({"url": "films.example.org"}, "no whole address"),
        ({"url": "https://"}, "no whole address"),
        ({"url": "javascript:alert(1)"}, "no whole address"),
        ({"url": "https://[films.example.org"}, "no whole address"),
        ({"label": "x" * 61}, "61 characters, and 60 are the most"),
        ({"alt": "x" * 501}, "501 characters, and 500 are the most"),
        ({"text": "x" * 2001}, "2,001 characters, and 2,000 are the most"),
        ({"place": "everywhere"}, "where the partner block stands"),
    ],
)
def test_one_that_lacks_a_part_is_refused_and_changes_nothing(
    draft: Update, wrong: dict[str, str], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        given(draft, **wrong)
    assert not PartnerBlock.objects.exists()


@pytest.mark.django_db
def test_an_approved_update_keeps_the_one_it_has(draft: Update) -> None:
    given(draft)
    update = approval.approve(draft, by="pia@example.org", despite="a test")
    with pytest.raises(Refused, match="unapprove"):
        partnering.set_partner(update, Partner(**SAID | {"name": "Another"}), "edda@example.org")
    with pytest.raises(Refused, match="unapprove"):
        partnering.remove_partner(update, "edda@example.org")
    assert "Harbour Films" in update.editions.get(variant="arranged").text


@pytest.mark.django_db
def test_an_approval_is_bound_to_it(draft: Update) -> None:
    seen = approval.content_hash(given(draft))
    given(draft, name="Another")
    with pytest.raises(Refused, match="has changed"):
        approval.approve(draft, by="pia@example.org", seen_hash=seen)


@pytest.mark.django_db
def test_a_version_of_the_draft_has_it(draft: Update) -> None:
    given(draft)
    (block,) = draft.versions.latest("pk").state["partner"]
    assert {name: block[name] for name in SAID} == SAID


# ---- the checks ------------------------------------------------------------------------------


def about_it(view: EmailView, email: RenderedEmail, draft: Update, name: str) -> list[str]:
    findings = editions.checked(draft, view, email).findings
    return [f"{one.level}: {one.message}" for one in findings if one.name == name]


@pytest.mark.django_db
def test_a_good_one_passes(draft: Update) -> None:
    view = given(draft)
    email = pipeline.render(view)
    assert all("ok" in one for one in about_it(view, email, draft, "partner"))
    assert all("ok" in one for one in about_it(view, email, draft, "links"))


@pytest.mark.django_db
def test_one_that_does_not_say_what_it_is_blocks(draft: Update) -> None:
    view = given(draft)
    PartnerBlock.objects.update(label="")
    view = editions.view_of(draft)
    (said,) = about_it(view, pipeline.render(view), draft, "partner")
    assert said.startswith(f"{Level.BLOCK}: Nothing tells readers")


@pytest.mark.django_db
def test_one_that_is_longer_than_a_story_is_worth_a_look(draft: Update) -> None:
    view = given(draft, text="A word or more. " * 40)
    (said,) = about_it(view, pipeline.render(view), draft, "partner")
    assert said.startswith(f"{Level.WARN}: The partner block has 160 words")


@pytest.mark.django_db
def test_a_link_of_it_that_leads_nowhere_blocks(draft: Update) -> None:
    view = given(draft, text="[Look](https://) at it.")
    assert any("block" in one for one in about_it(view, pipeline.render(view), draft, "links"))


# ---- the archive -----------------------------------------------------------------------------


@pytest.fixture
def sent(pivot: Topic, stories: list[Briefing]) -> Update:
    update = newsroom.update(pivot, 1, *stories)
    PartnerBlock.objects.create(update=update, **SAID, place="last")
    return update


@pytest.mark.django_db
def test_the_archive_marks_it_and_its_links(sent: Update, client: Client) -> None:
    page = entities.unescape(client.get(sent.get_absolute_url()).content.decode())
    assert '<aside class="story partner" aria-label="Partner">' in page
    for url in ("https://films.example.org/sleep", SAID["url"]):
        (tag,) = [tag for tag in page.split("<a ") if f'href="{url}"' in tag]
        assert 'rel="sponsored"' in tag.partition(">")[0]
    assert page.index("Third story. More") < page.index("Harbour Films")


@pytest.mark.django_db
def test_feeds_carry_news_alone(sent: Update, client: Client) -> None:
    assert (
        "Harbour Films"
        not in client.get(f"{sent.topic.get_absolute_url()}feed.xml").content.decode()
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lang", "label"), [("en", "Partner"), ("de", "Anzeige"), ("ar", "إعلان شريك")]
)
def test_its_usual_label_is_in_the_readers_language(draft: Update, lang: str, label: str) -> None:
    Topic.objects.update(language=lang)
    draft.topic.refresh_from_db()
    assert partnering.labels(lang)[0] == label
    for part in mail(draft, label=label):
        assert label in part


# ---- the desk --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_editor_writes_changes_and_removes_it(draft: Update, desk: Client) -> None:
    desk.post(f"{T}/partner/", SAID | {"place": "last"})
    assert PartnerBlock.objects.get(update=draft).place == "last"
    assert "Harbour Films" in text(desk.get(f"{T}/"))
    desk.post(f"{T}/partner/", SAID | {"place": "last", "name": "Quay Films"})
    assert PartnerBlock.objects.get(update=draft).name == "Quay Films"
    desk.post(f"{T}/partner/", {"do": "remove"})
    assert not PartnerBlock.objects.exists()


@pytest.mark.django_db
def test_of_two_who_write_it_the_second_is_told_and_loses_no_word(
    draft: Update, desk: Client, press: Client
) -> None:
    def was(client: Client) -> str:
        return text(client.get(f"{T}/")).partition('name="was" value="')[2].partition('"')[0]

    mine, theirs = ({"place": "last", "was": was(one)} for one in (desk, press))
    press.post(f"{T}/partner/", SAID | theirs | {"name": "Their partner"})
    desk.post(f"{T}/partner/", SAID | mine | {"name": "My partner"})
    assert PartnerBlock.objects.get().name == "Their partner"
    page = text(desk.get(f"{T}/"))
    assert "Somebody else has changed the partner block since you opened it" in page
    assert 'value="My partner"' in page
    assert 'value="Their partner"' in text(press.get(f"{T}/"))
    desk.post(f"{T}/partner/", SAID | {"place": "last", "was": was(desk), "name": "My partner"})
    assert PartnerBlock.objects.get().name == "My partner"


@pytest.mark.django_db
def test_words_that_were_refused_stay_in_its_form_until_they_are_let_go(
    draft: Update, desk: Client
) -> None:
    desk.post(f"{T}/partner/", SAID | {"place": "last", "url": "films.example.org"})
    assert not PartnerBlock.objects.exists()
    assert 'value="Harbour Films"' in text(desk.get(f"{T}/"))
    desk.post(f"{T}/partner/", {"do": "forget"})
    assert 'value="Harbour Films"' not in text(desk.get(f"{T}/"))


@pytest.mark.django_db
def test_its_picture_stays_until_it_is_taken_away(draft: Update, desk: Client) -> None:
    desk.post(f"{T}/partner/", SAID | {"place": "first", "picture": png(), "alt": "A quay"})
    block = PartnerBlock.objects.get()
    assert block.picture
    view = editions.view_of(draft)
    assert view.partner
    assert view.partner.picture
    assert view.partner.picture.url.endswith(block.picture.get_absolute_url())
    desk.post(f"{T}/partner/", SAID | {"place": "first", "alt": "A quay at night"})
    assert PartnerBlock.objects.get().picture
    desk.post(f"{T}/partner/", SAID | {"place": "first", "without": "on"})
    assert PartnerBlock.objects.get().picture is None


@pytest.mark.django_db
def test_what_is_no_picture_costs_nothing_of_what_was_typed(draft: Update, desk: Client) -> None:
    wrong = SimpleUploadedFile("quay.gif", b"GIF89a")
    answer = desk.post(f"{T}/partner/", SAID | {"place": "first", "picture": wrong}, follow=True)
    assert "Without the picture: “quay.gif”" in text(answer)
    assert PartnerBlock.objects.get().name == "Harbour Films"


def png() -> SimpleUploadedFile:
    logo = Path(__file__).parent / "data" / "logo.png"
    return SimpleUploadedFile("logo.png", logo.read_bytes(), "image/png")
