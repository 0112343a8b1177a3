"""The topic's language: every word of ours in each catalogue, mails and pages that speak it."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.test import Client
from django.utils import timezone

from digest.models import Stage, Topic, Update
from digest.rendering import bounded, markup, pipeline
from digest.rendering.language import CATALOGUES, direction, listed, shared, words
from digest.rendering.view import CorrectionView, UpdateLink, View, WelcomeView, canonical
from scripts import catalogues
from subscribers import signup
from subscribers.models import Subscriber
from subscribers.requested import SignupRequest
from subscribers.tokens import Purpose, make
from tests import emails, newsroom
from tests.emails import Page

LANGUAGES = sorted(path.stem for path in CATALOGUES.glob("*.po"))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
ROOT = Path(__file__).parents[1] / "templates"


def catalogue(lang: str) -> Catalog:
    with (CATALOGUES / f"{lang}.po").open("rb") as file:
        return read_po(file, locale=lang)


def key(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


# ---- the catalogues ----------------------------------------------------------------------


def test_german_and_arabic_are_there() -> None:
    assert {"de", "ar"} <= set(LANGUAGES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_catalogue_has_exactly_what_templates_and_code_say(lang: str) -> None:
    said = {key(message) for message in catalogues.said() if message.id}
    known = {key(message) for message in catalogue(lang) if message.id}
    assert len(said) > 100
    assert said - known == set(), "python scripts/catalogues.py adds them"
    assert known - said == set(), "python scripts/catalogues.py drops them"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_is_translated_in_all_its_plurals(lang: str) -> None:
    translated = catalogue(lang)
    for message in translated:
        if message.id:
            plural = isinstance(message.id, tuple)
            assert len(forms(message)) == (translated.num_plurals if plural else 1), message.id
            assert all(forms(message)), message.id
            assert not message.fuzzy, message.id


@pytest.mark.parametrize("lang", LANGUAGES)
def test_translations_have_the_placeholders_and_tags_of_their_text(lang: str) -> None:
    for message in catalogue(lang):
        if not message.id:
            continue
        wanted = set(PLACEHOLDER.findall(key(message)[-1]))
        tags = Counter(re.findall(r"<[^>]+>", key(message)[-1]))
        for form in forms(message):
            found = set(PLACEHOLDER.findall(form))
            # One and two may be words: "a minute", and in Arabic "two minutes".
            assert wanted - {"num"} <= found <= wanted, form
            assert Counter(re.findall(r"<[^>]+>", form)) == tags, form
            assert "%" not in PLACEHOLDER.sub("", form), form
            assert '"' not in re.sub(r"<[^>]+>", "", form), f"may stand in an attribute: {form}"


class Untranslated(HTMLParser):
    """The words of a template that stand there as they are."""

    NO_WORDS = frozenset({"style", "mj-style", "script", "code"})
    SPOKEN = frozenset({"alt", "title", "aria-label", "placeholder"})

    def __init__(self, template: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []
        bare = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
        bare = re.sub(r"\{% block (main_class|html_attributes) %\}.*?\{% endblock %\}", "", bare)
        bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", bare, flags=re.DOTALL)
        self.feed(bare)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        self.found += [
            value for name, value in attrs if name in self.SPOKEN and value and has_words(value)
        ]

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if has_words(data) and not self.NO_WORDS & set(self._inside):
            self.found.append(data.strip())


NAMES = re.compile(r"\b(Digest|Atom|JSON Feed)\b|&#?\w+;")


def has_words(text: str) -> bool:
    return bool(re.search(r"[^\W\d_]{2}", NAMES.sub("", text)))


FOR_STAFF = {
    "Nothing has been published yet",
    "This is where each topic and its updates will be. To begin, add a topic and load a few briefings into it:",  # noqa: E501
    "Then open the desk to arrange them into the first update.",
    "Open the desk",
}
"""On the front page of an empty house, which none but its owner sees."""


def read_by_subscribers() -> list[Path]:
    return sorted([*_templates(), ROOT / "pages" / "base.html"])


def _templates() -> Iterator[Path]:
    for folder, endings in (("emails", ("*.mjml", "*.txt")), ("pages/reader", ("*.html",))):
        for ending in endings:
            yield from (ROOT / folder).rglob(ending)
    yield from (ROOT / "pages" / "archive").rglob("*.html")


@pytest.mark.parametrize("path", read_by_subscribers(), ids=lambda path: path.name)
def test_no_template_that_readers_see_has_words_outside_the_catalogues(path: Path) -> None:
    assert set(Untranslated(path.read_text()).found) - FOR_STAFF == set()


def test_a_word_left_in_a_template_is_found() -> None:
    found = Untranslated('<p title="Oh {{ no }}">{{ yes }} Hello</p>{# Aside #}').found
    assert [word.strip() for word in found] == ["Oh", "Hello"]


# ---- which language ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("de", "Neu"),
        ("DE", "Neu"),
        ("de-AT", "Neu"),
        ("de-Latn-AT", "Neu"),
        ("ar-EG", "جديد"),
        ("en", "New"),
        ("en-GB", "New"),
        ("fr", "New"),
        ("xx", "New"),
        ("", "New"),
        ("../de", "New"),
    ],
)
def test_a_region_has_its_language_and_an_unknown_one_english(lang: str, said: str) -> None:
    assert words(lang).gettext("New") == said


def test_a_singular_is_found_alone_too() -> None:
    assert words("ar").gettext("Correction") == words("ar").ngettext("Correction", "Corrections", 1)


def test_arabic_counts_in_its_own_six_ways() -> None:
    count = words("ar").ngettext
    said = {n: count("%(num)s min", "%(num)s min", n) for n in (1, 2, 5, 11, 100)}
    assert said[1] == "دقيقة واحدة"
    assert said[2] == "دقيقتان"
    assert said[5] == "%(num)s دقائق"
    assert said[11] == said[100] == "%(num)s دقيقة"


def test_several_languages_on_one_page_speak_english() -> None:
    assert shared(["de", "de"]) == "de"
    assert shared(["de", "ar"]) == shared([]) == "en"


def test_lists_are_joined_as_the_language_does() -> None:
    names = ["A", "B", "C"]
    assert [listed(names, lang) for lang in ("en", "de")] == ["A, B and C", "A, B und C"]
    assert listed(names, "ar") == "A وB وC"


# ---- mails --------------------------------------------------------------------------------


def mail(kind: str, lang: str) -> View:
    """One of each kind, in this language; its content is English."""
    spoken = {"lang": lang, "dir": direction(lang)}
    topic = emails.update().topic
    link = UpdateLink(number=2, title="A title", date=dt.date(2026, 5, 17), url=emails.BASE)
    about = {**spoken, "topic": topic, "imprint": emails.IMPRINT, "subject": "S", "preheader": "P"}
    if kind == "confirm":
        return emails.confirmation(**spoken)
    if kind == "welcome":
        when = dt.datetime(2026, 5, 24, 14, tzinfo=dt.UTC)
        return WelcomeView(**about, items=6, minutes=5, next_at=when, latest=link)
    if kind == "correction":
        text = markup.render("Nine, not ten.", "correction")
        day = dt.date(2026, 5, 20)
        return CorrectionView(**about, date=day, update=link, text=text, stories=(emails.lead(),))
    if kind == "letter":
        return emails.letter(**spoken)
    corrections = (emails.story(9, kind="correction"),)
    return emails.update(**spoken, kind=kind, corrections=corrections, missed=(link,))


KINDS = ["update", "confirm", "welcome", "correction", "letter"]
DATES = {"de": "17. Mai 2026", "ar": "17 مايو 2026"}


@cache
def fixed() -> list[str]:
    """Texts of ours that nothing is put into."""
    whole = [key(message)[0] for message in catalogues.said() if message.id]
    return [said for said in whole if "%" not in said]


def english_left(text: str, lang: str) -> set[str]:
    """Texts of ours that stand in this one as the templates have them."""
    plain = [said for said in fixed() if words(lang).gettext(said) != said]
    flat = " ".join(text.split())
    return {said for said in plain if re.search(rf"(?<!\w){re.escape(said)}(?!\w)", flat)}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_speaks_its_language_throughout(kind: str, lang: str) -> None:
    view = mail(kind, lang)
    email, content = pipeline.render(view), english_left(canonical(view), lang)
    page = Page(email.html)
    (html,) = (attrs for tag, attrs in page.tags if tag == "html")
    assert (html["lang"], html["dir"]) == (lang, direction(lang))
    assert english_left(page.text, lang) <= content
    assert english_left(email.text, lang) <= content
    if kind in {"update", "welcome"}:
        assert DATES[lang] in page.text
        assert DATES[lang] in email.text


def test_an_arabic_mail_runs_from_right_to_left() -> None:
    html = pipeline.render(mail("update", "ar")).html
    assert re.search(r'<html[^>]* dir="rtl"', html)
    assert "text-align:right" in html.replace(" ", "")
    for said in ("العدد 2", "لماذا هذا مهم", "إلغاء الاشتراك", "5 دقائق"):
        assert said in html


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_in_an_unknown_language_speaks_english(kind: str) -> None:
    view = mail(kind, "en").model_copy(update={"lang": "xx"})
    unknown, english = pipeline.render(view), pipeline.render(mail(kind, "en"))
    assert unknown.text.replace(unknown.nonce, english.nonce) == english.text


def test_the_renderer_of_its_own_knows_the_languages() -> None:
    view = mail("welcome", "ar")
    assert bounded.render(view) == pipeline.render(view)


# ---- pages --------------------------------------------------------------------------------


@pytest.fixture(params=LANGUAGES)
def spoken(request: pytest.FixtureRequest, pivot: Topic) -> Topic:
    """The topic in each language."""
    pivot.language = request.param
    pivot.save()
    return pivot


@pytest.fixture
def out(spoken: Topic) -> Update:
    """Two updates of one story are out, and a third is not."""
    story = newsroom.briefing(spoken, "Lantern builds", published_at=timezone.now())
    newsroom.update(spoken, 1, story)
    newsroom.update(spoken, 3, story, stage=Stage.APPROVED)
    return newsroom.update(spoken, 2, story)


def speaks(
    client: Client,
    path: str,
    topic: Topic,
    posted: dict[str, str] | None = None,
    status: int = 200,
) -> str:
    """The page at the path, which must be wholly in the topic's language."""
    answer = client.post(path, posted) if posted else client.get(path)
    assert answer.status_code == status
    page = answer.content.decode()
    lang = topic.language
    assert f'<html lang="{lang}" dir="{direction(lang)}"' in page
    parsed = Page(page)
    spoken = [*parsed.all("p", "aria-label"), *parsed.all("nav", "aria-label")]
    assert english_left(f"{parsed.text} {' '.join(spoken)}", lang) == set(), path
    return page


@pytest.mark.django_db
def test_the_archive_speaks_the_topics_language(client: Client, spoken: Topic, out: Update) -> None:
    home = f"/t/{spoken.slug}/"
    for path in (
        "/",
        home,
        f"{home}?before=1",
        f"{home}2/",
        f"{home}2/{out.items.get().briefing.slug}/",
    ):
        page = speaks(client, path, spoken)
    assert words(spoken.language).gettext("First reported in") in page
    feed = client.get(f"{home}feed.xml").content.decode()
    assert words(spoken.language).gettext("Update #%(number)s") % {"number": 2} in feed


@pytest.mark.django_db
def test_the_readers_pages_speak_the_topics_language(
    client: Client, spoken: Topic, ann: Subscriber
) -> None:
    token = (ann.id, spoken.id, ann.token_version)
    leave = f"/unsubscribe/{make(Purpose.UNSUBSCRIBE, *token)}/"
    choose = f"/preferences/{make(Purpose.PREFERENCES, *token)}/"
    speaks(client, "/subscribe/", spoken)
    speaks(client, choose, spoken)
    speaks(client, choose, spoken, {"topic": spoken.slug})
    ann.subscriptions.update(state="paused", paused_until=timezone.now() + dt.timedelta(days=9))
    speaks(client, choose, spoken)
    speaks(client, leave, spoken)
    speaks(client, leave, spoken, {"why": "enough"})
    speaks(client, leave, spoken, {"undo": "1"})
    ann.subscriptions.update(state="pending", asked_at=timezone.now(), consent="")
    confirm = f"/confirm/{make(Purpose.CONFIRM, *token)}/"
    speaks(client, confirm, spoken)
    speaks(client, confirm, spoken, {"topic": spoken.slug})


@pytest.mark.django_db
def test_signing_up_speaks_the_topics_language_and_keeps_consent_in_it(
    client: Client, spoken: Topic
) -> None:
    form = speaks(client, "/subscribe/", spoken)
    assert signup.wording(spoken.language) in form
    posted = {"address": "nobody", "lang": spoken.language}
    assert "no @" not in speaks(client, "/subscribe/", spoken, posted, status=400)
    speaks(client, "/subscribe/", spoken, posted | {"address": "bea@example.org"})
    assert SignupRequest.objects.get().wording == signup.wording(spoken.language)


@pytest.mark.django_db
def test_a_page_of_topics_in_several_languages_is_english_until_one_is_chosen(
    client: Client, pivot: Topic
) -> None:
    Topic.objects.create(slug="handel", name="Handel", language="de")
    assert '<html lang="en" dir="ltr"' in client.get("/subscribe/").content.decode()
    assert '<html lang="de" dir="ltr"' in client.get("/subscribe/?topic=handel").content.decode()
    home = client.get("/").content.decode()
    assert '<html lang="en" dir="ltr"' in home
    assert '<section class="topic" lang="de" dir="ltr"' in home
    assert "Die erste Ausgabe entsteht gerade" in home
    posted = {"address": "bea@example.org", "topic": "handel", "lang": "en"}
    assert '<html lang="en"' in client.post("/subscribe/", posted).content.decode()
    assert SignupRequest.objects.get().wording == signup.WORDING
