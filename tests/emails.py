"""Sample views for the tests of rendering and of the checks: our own words, plainly fictional."""

import datetime as dt
from html.parser import HTMLParser
from typing import Any

from digest.parts import Analysis, Consequence, Perspective, Source
from digest.rendering import markup
from digest.rendering.view import (
    Change,
    ConfirmView,
    EmailView,
    Imprint,
    LetterView,
    StoryView,
    TopicView,
    UpdateLink,
)

BASE = "https://news.example.org"
IMPRINT = Imprint(
    from_name="Example Press",
    postal_address="1 Example Street, London",
    base_url=BASE,
)
BODY = """\
The unit surfaced through job postings rather than a press release, the same order in which
last year's hires became public.[^1] It starts with shorts of five to twelve minutes.

Seven roles are open. The **head of technology** is one of them, and [the listing](https://jobs.example.org/7)
names no vendor at all; a spokesman pointed to the shorts and said nothing more.[^2]

[^1]: The careers page, read on 16 May.
[^2]: By telephone, 17 May. Notes at <https://notes.example.org/17-may>.
"""


def story(at: int = 1, **parts: Any) -> StoryView:
    """A standard story; ``parts`` replace what it says."""
    said: dict[str, Any] = {
        "slug": f"story-{at}",
        "anchor": f"s{at}",
        "kind": "new",
        "depth": "standard",
        "headline": "Nine newsrooms back an open standard for bylines",
        "url": f"{BASE}/t/medias-ai-pivot/2/story-{at}/",
        "read_minutes": 3,
        "minutes": 1,
        "tag": "Industry",
        "status": "Developing",
        "summary": "Nine regional newsrooms agreed to mark who wrote, edited or generated each "
        "paragraph, and to publish the marks. The format is plain and free; two wire services "
        "said they would read it by the autumn.",
        "key_takeaway": "A mark that travels with the text is worth more than a policy page that "
        "nobody opens.",
        "sources": (
            Source(
                name="Example Wire", date=dt.date(2026, 5, 16), url="https://wire.example.org/9"
            ),
            Source(name="Paper of Record", date=dt.date(2025, 12, 30)),
        ),
    }
    return StoryView(**{**said, **parts})


def lead(at: int = 1, **parts: Any) -> StoryView:
    """A story with everything."""
    said: dict[str, Any] = {
        "depth": "lead",
        "headline": "Streamer builds its own studio, no vendor named",
        "minutes": 4,
        "read_minutes": 4,
        "summary": "A streaming company is running an animation studio built on generative tools "
        "inside its existing division. Seven open roles, not one naming an outside vendor.",
        "key_takeaway": "Build, not buy, is now the posture. Vendors who pitch have to sell "
        "layers, not logos.",
        "body": markup.render(BODY, f"s{at}"),
        "analysis": Analysis(
            plain_english="The company wants to make animation for less, with tools that it owns.",
            root_causes="Rights come first: what a foreign model touched has an unclear owner.\n\n"
            "Cost comes second, and is the part that is said aloud.",
            next=(
                Consequence(
                    kind="Meaning",
                    text="A studio trained on its own library holds a capability that rivals "
                    "can't buy.",
                ),
                Consequence(kind="Risk", text="A leak of the library's weights has no remedy."),
            ),
        ),
        "perspectives": (
            Perspective(party="Animators' guild", text="Wants a seat before the autumn schedule."),
        ),
    }
    return story(at, **{**said, **parts})


def brief(at: int = 1, **parts: Any) -> StoryView:
    """A headline, a sentence, a link."""
    said: dict[str, Any] = {
        "depth": "brief",
        "summary": "The league streams one match a week free of charge.",
        "key_takeaway": "",
        "sources": (),
    }
    return story(at, **{**said, **parts})


def carried(at: int = 2, **parts: Any) -> StoryView:
    """A story that an earlier update had, with what changed."""
    said: dict[str, Any] = {
        "kind": "continuing",
        "headline": "Editing suite answers in plain words",
        "changed_since": Change(
            number=1,
            sentence="the first broadcaster has switched it on; pricing is now public.",
        ),
        "first_reported": UpdateLink(
            number=1,
            title="Cutting rooms listen",
            date=dt.date(2026, 5, 3),
            url=f"{BASE}/t/medias-ai-pivot/1/",
        ),
    }
    return story(at, **{**said, **parts})


def update(*stories: StoryView, **parts: Any) -> EmailView:
    """An update of these stories, or of a lead and three more."""
    shown = stories or (
        lead(1),
        carried(2),
        story(3, headline="Serie A streams free on a phone app", tag="Sport"),
        brief(4, headline="Labels split over training opt-outs", status=""),
    )
    said: dict[str, Any] = {
        "topic": TopicView(
            name="Media's AI Pivot",
            slug="medias-ai-pivot",
            accent="#a8321f",
            url=f"{BASE}/t/medias-ai-pivot/",
        ),
        "imprint": IMPRINT,
        "number": 2,
        "date": dt.date(2026, 5, 17),
        "reading_minutes": 5,
        "title": "Streamer builds its own studio; cutting rooms listen",
        "subject": "Streamer builds its own studio; cutting rooms listen",
        "preheader": "Nine newsrooms back an open standard; Serie A streams free",
        "note": markup.render(
            "Two deals this week price newsrooms by what their archives can teach a model. We "
            "read [the terms](https://terms.example.org/) so that you don't have to.",
            "note",
        ),
        "stories": shown,
        "web_url": f"{BASE}/t/medias-ai-pivot/2/",
    }
    return EmailView(**{**said, **parts})


def confirmation(**parts: Any) -> ConfirmView:
    """The mail that asks for a yes."""
    said: dict[str, Any] = {
        "accent": "#a8321f",
        "imprint": IMPRINT,
        "topics": ("Media's AI Pivot",),
        "subject": "Confirm your subscription to Media's AI Pivot",
        "preheader": "One press of a button, and the next update is yours.",
    }
    return ConfirmView(**{**said, **parts})


def letter(**parts: Any) -> LetterView:
    """The letter that brings new links."""
    said: dict[str, Any] = {
        "accent": "#a8321f",
        "imprint": IMPRINT,
        "subject": "New links",
        "preheader": "They were asked for.",
        "paragraphs": ("The button leads to the account.",),
        "link": "ACCOUNT_URL",
        "button": "To the account",
        "after": ("Nothing has changed.",),
        "preferences": True,
    }
    return LetterView(**{**said, **parts})


class Page(HTMLParser):
    """What a mail program makes of the HTML: tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, attribute: str) -> list[str]:
        return [
            attrs[attribute] or ""
            for name, attrs in self.tags
            if name == tag and attribute in attrs
        ]
