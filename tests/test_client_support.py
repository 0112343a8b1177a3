"""Whether what mail programs lack is noticed, by the list and caniemail's data."""

import dataclasses

import pytest

from digest.checks import Finding, Level, client_support, features
from digest.checks.findings import Context
from digest.parts import Image
from digest.rendering import pipeline
from digest.rendering.view import EmailView
from tests import emails
from tests.browser import mails

NOBODY = Context(from_address="")
VIEW = emails.update()
SOUND = pipeline.render(VIEW)


def findings(addition: str) -> list[Finding]:
    email = dataclasses.replace(SOUND, html=SOUND.html.replace("</body>", f"{addition}</body>"))
    return list(client_support.check(VIEW, email, NOBODY))


@pytest.mark.parametrize("view", [VIEW, mails.FULL, mails.ONE])
def test_our_own_mails_hold_to_the_list(view: EmailView) -> None:
    (finding,) = client_support.check(view, pipeline.render(view), NOBODY)
    assert finding.level == Level.OK
    assert "caniemail, " in finding.message


@pytest.mark.parametrize(
    ("addition", "named"),
    [
        ("<video></video>", "html-video"),
        ("<form></form>", "html-form"),
        ("<details>x</details>", "html-semantics"),
        ('<p style="position:absolute">x</p>', "css-position"),
        ('<p style="display:flex">x</p>', "css-display-flex"),
        ('<p style="width:calc(1px + 1em)">x</p>', "css-unit-calc"),
        ('<p style="font-size:1rem">x</p>', "css-unit-rem"),
        ("<style>p:hover { color: red }</style>", "css-pseudo-class-hover"),
        ("<style>@supports (gap: 1px) { p { color: red } }</style>", "css-at-supports"),
        ('<img src="https://a.example/i.svg" alt="x">', "image-svg"),
    ],
)
def test_what_is_not_on_the_list_is_worth_a_look(addition: str, named: str) -> None:
    (finding,) = findings(addition)
    assert (finding.level, finding.mend != "") == (Level.WARN, True)
    assert named in finding.message


def test_what_is_listed_but_missing_somewhere_needs_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(client_support.DISPENSABLE, "css-border-radius")
    (finding,) = findings("")
    assert "border-radius" in finding.message
    assert "Outlook (Windows)" in finding.message


def test_the_list_has_no_excuse_that_is_not_needed() -> None:
    known = client_support.data().features
    assert all(known[slug].lacking for slug in client_support.DISPENSABLE)


def test_words_of_a_story_are_not_taken_for_markup() -> None:
    words = '<video> style="position:fixed" @import "x" { float: left } <!-- -->'
    view = emails.update(
        emails.story(1, headline=words, image=Image(url="https://a.example/i.png", alt=words))
    )
    (finding,) = client_support.check(view, pipeline.render(view), NOBODY)
    assert finding.level == Level.OK


def test_comments_for_one_outlook_are_passed_over() -> None:
    assert "html-v:rect" not in features.used("<p>x</p><!--[if mso]><v:rect></v:rect><![endif]-->")
