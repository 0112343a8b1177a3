"""Whether text that can't be read is noticed, in light and in dark, whatever made it so."""

import dataclasses

import pytest

from digest.checks import Finding, Level, contrast
from digest.checks.findings import Context
from digest.rendering import pipeline
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView
from tests import emails
from tests.browser import mails

NOBODY = Context(from_address="")
VIEW = emails.update()
SOUND = pipeline.render(VIEW)


def findings(html: str) -> list[Finding]:
    email: RenderedEmail = dataclasses.replace(SOUND, html=html)
    return list(contrast.check(VIEW, email, NOBODY))


def page(body: str, sheet: str = "") -> str:
    return f"<!DOCTYPE html><html><head><style>{sheet}</style></head><body>{body}</body></html>"


@pytest.mark.parametrize("view", [VIEW, mails.FULL, mails.ONE])
def test_our_own_mails_stand_out_in_both_looks_and_say_how_much(view: EmailView) -> None:
    (finding,) = contrast.check(view, pipeline.render(view), NOBODY)
    assert finding.level == Level.OK
    assert "in light" in finding.message
    assert "in dark" in finding.message


def test_pale_text_is_worth_a_look_and_paler_text_blocks() -> None:
    for colour, level in (("#999999", Level.BLOCK), ("#888888", Level.WARN)):
        (finding, *rest) = findings(page(f'<p style="color:{colour}">Hardly there</p>'))
        assert (finding.level, "“Hardly there”" in finding.message) == (level, True)
        assert finding.mend
        assert [one.level for one in rest] == [level]  # in dark, which nothing here tells apart


@pytest.mark.parametrize(
    "body",
    [
        '<table bgcolor="#000"><tr><td>x</td></tr></table>',
        '<div style="background:#111 url(x.png)"><p><b>x</b></p></div>',
        '<div style="background-color:#fff;color:white"><i></i> x</div>',
        '<a style="color:#ffffff">x</a>',
    ],
)
def test_colours_are_inherited_and_read_however_they_are_written(body: str) -> None:
    assert {one.level for one in findings(page(body))} == {Level.BLOCK}


def test_what_is_hidden_needs_no_contrast() -> None:
    (finding,) = findings(page('<div style="color:#fff;display:none">x</div><p>y</p>'))
    assert finding.level == Level.OK


def test_a_dark_look_that_forgets_a_colour_is_noticed_in_dark_alone() -> None:
    dark = "@media (prefers-color-scheme: dark) { .card { background: #1e1c19 !important } %s }"
    body = '<div class="card" style="background:#ffffff;color:#1c1a17">x</div>'
    (finding,) = findings(page(body, dark % ""))
    assert "in dark" in finding.message
    assert findings(page(body, dark % ".card { color: #ece7dd !important }"))[0].level == Level.OK


def test_of_two_rules_the_more_specific_one_wins_and_else_the_later() -> None:
    rules = "@media (prefers-color-scheme: dark) { %s }"
    body = '<div class="a"><p class="b">x</p></div>'
    specific = ".a .b { color: #000 !important } p { color: #fff !important }"
    later = ".b { color: #fff !important } .b { color: #000 !important }"
    for sheet in (specific, later):
        assert findings(page(body, rules % sheet))[0].level == Level.OK


def test_a_rule_that_is_not_important_does_not_win_over_an_inlined_style() -> None:
    (finding,) = findings(page('<p style="color:#000">x</p>', "p { color: #fff }"))
    assert finding.level == Level.OK
