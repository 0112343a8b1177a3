"""The email: hostile and odd content, weight, shape, and what mrml and premailer must not break."""

import json
import re
import time
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import cssutils
import pytest

from digest.parts import Image, Perspective, Source
from digest.rendering import markup, pipeline, soundness, source
from digest.rendering.rendered import RenderedEmail, RenderingFailed
from digest.rendering.tokens import Field, fill_html, fill_text, nonce, token
from digest.rendering.view import EmailView, StoryView, as_view, canonical, content_hash
from tests import emails
from tests.emails import Page

NASTY = Path(__file__).parents[2] / "shared" / "data" / "nasty"
INJECTION = "{{ 7*7 }}{% for i in range(10**9) %}<script>alert(1)</script>{{ ''.__class__ }}"
NAUGHTY = {
    "backslash": "a\\b\\u{41}",
    "newline": "a\nb",
    "NBSP": "a\u00a0b",
    "soft hyphen": "hy\u00adphen",
    "combining marks": "e\u0301\u0323 \u0301",
    "double quotes": 'a" onload="x() b',
    "single quotes": "a' onload='x() b",
    "tags": "</td><b>&amp;&lt;",
    "scripts": "نتفليكس 日本 🎬 नमस्ते",
    "smart quotes": "“it’s”",
}


def rendered(*stories: StoryView, **parts: object) -> RenderedEmail:
    return pipeline.render(emails.update(*stories, **parts))


# ---- content is never a template, nor markup ------------------------------------------


def test_templates_and_scripts_in_every_field_are_printed_as_text() -> None:
    story = emails.lead(
        headline=INJECTION,
        summary=INJECTION,
        key_takeaway=INJECTION,
        tag=INJECTION,
        status=INJECTION,
        body=markup.render(INJECTION, "s1"),
        sources=(Source(name=INJECTION, url="https://a.example/"),),
        perspectives=(Perspective(party=INJECTION, text=INJECTION),),
    )
    email = rendered(
        story,
        title=INJECTION,
        subject=INJECTION,
        preheader=INJECTION,
        note=markup.render(INJECTION, "note"),
    )
    page = Page(email.html)
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert "49" not in page.text
    # title, preheader, h1, note and nine parts of the story
    assert page.text.count("{{ 7*7 }}{% for i in range(10**9) %}<script>") == 13
    assert " ".join(email.text.split()).count("{{ 7*7 }}") == 11
    assert email.subject.startswith("{{ 7*7 }}")


@pytest.mark.parametrize("text", NAUGHTY.values(), ids=NAUGHTY.keys())
def test_attributes_come_out_as_they_went_in(text: str) -> None:
    url = f"https://a.example/?q={text.replace(chr(10), '')}"
    story = emails.lead(
        url=url,
        headline=text,
        image=Image.model_construct(url="https://a.example/i.png", alt=text),
        sources=(),
    )
    email = rendered(story, subject=text)
    page = Page(email.html)
    assert page.all("img", "alt") == [text]
    assert [unquote(href) for href in page.all("a", "href")].count(unquote(url)) == 1
    assert page.all("div", "aria-label") == [text]
    assert not {name for _, attrs in page.tags for name in attrs} & {"onload", "x()"}
    assert " ".join(text.split()) in " ".join(page.text.split())


def test_spaces_between_two_marked_words_stay() -> None:
    body = markup.render("**One**\n*two* `three`\n[four](https://a.example)", "s1")
    page = Page(rendered(emails.lead(body=body)).html)
    assert "One two three four" in page.text


@pytest.mark.long
def test_the_public_lists_of_naughty_strings_come_out_whole_and_harmless() -> None:
    if not NASTY.is_dir():
        pytest.skip(f"{NASTY.name} is not there: it is no part of the project")
    texts = json.loads((NASTY / "blns.json").read_text("utf-8"))
    for file in sorted(NASTY.glob("payloads*")):
        texts += file.read_text("utf-8", "replace").splitlines()
    texts = [text for text in texts if text.strip()]
    for at in range(0, len(texts), 12):
        part = texts[at : at + 12]
        email = rendered(*map(of_nothing_but, range(1, 13), part), title=part[0], subject=part[-1])
        page = Page(email.html)
        shown, text = "".join(page.text.split()), "".join(email.text.split())
        for said in ("".join(source.printable(one).split()) for one in part):
            assert said in shown
            assert said in text
        assert not {tag for tag, _ in page.tags} & {"script", "svg", "iframe", "object", "form"}
        assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
        links = page.all("a", "href") + page.all("img", "src")
        assert {urlsplit(link).scheme for link in links} <= {"http", "https", "mailto", ""}


def of_nothing_but(at: int, text: str) -> StoryView:
    """A lead that says the same in every part."""
    return emails.lead(
        at,
        headline=" ".join(text.split()),
        summary=text,
        key_takeaway=text,
        body=markup.render(f"{text}\n\n{text}[^1]\n\n[^1]: x", f"s{at}"),
        image=Image.model_construct(url="https://a.example/i.png", alt=text),
    )


def test_control_characters_are_left_out() -> None:
    email = rendered(emails.story(1, headline="A\x00B\x1bCD"), subject="A\x00B\r\nC")
    assert "ABCD" in Page(email.html).text
    assert "ABCD" in email.text
    assert email.subject == "AB C"


# ---- bombs ----------------------------------------------------------------------------


def test_nine_thousand_nested_tags_are_refused_at_once_with_the_briefings_name() -> None:
    deep = markup.Prose(html="<b>" * 9000 + "x" + "</b>" * 9000, text="x")
    begun = time.perf_counter()
    with pytest.raises(RenderingFailed, match=r"'netflix'.*nest more than 50 deep"):
        rendered(emails.lead(slug="netflix", body=deep), emails.story(2))
    assert time.perf_counter() - begun < 4  # in 0.1 s when nothing else runs


def test_a_body_of_nine_thousand_tags_is_shown_as_text() -> None:
    body = markup.render("<b>" * 9000, "s1")
    assert "<b>" * 9000 in Page(rendered(emails.lead(body=body)).html).text


def test_more_text_than_a_mail_can_hold_is_refused_with_the_briefings_name() -> None:
    with pytest.raises(RenderingFailed, match=r"'long'.*more than 300 kB"):
        rendered(emails.story(1), emails.story(2, slug="long", summary="word " * 61_000))


def test_style_sheets_fetch_nothing(tmp_path: Path) -> None:
    local = tmp_path / "local.css"
    local.write_text("p { color: red }")
    sheet = cssutils.parseString(f"@import url({local.as_uri()}); a {{ color: blue }}")
    (imported,) = (rule for rule in sheet if rule.type == rule.IMPORT_RULE)
    assert imported.styleSheet.cssText == b""


# ---- what MJML and premailer must leave alone --------------------------------------------


def test_a_sound_mail_has_its_doctype_its_conditionals_and_its_dark_look() -> None:
    html = rendered().html
    assert html.startswith(soundness.DOCTYPE)
    assert html.count("<!--[if ") == html.count("<![endif]-->") > 10
    assert "@media (prefers-color-scheme: dark)" in html
    assert "[data-ogsc] .card" in html
    assert "/*inlined*/" not in html
    assert "data-premailer" not in html
    assert "fonts.googleapis" not in html


def test_text_is_in_a_font_that_word_knows() -> None:
    fonts = re.findall(r"font(?:-family)?:[^;\"]*sans-serif", rendered().html)
    assert len(fonts) > 5
    assert [font for font in fonts if not re.search(r"[:\d] ?Segoe UI, -apple-system", font)] == []


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (lambda html: html.replace("<!DOCTYPE html>", "", 1), "doctype"),
        (lambda html: html.replace("<!--[if ", "<!-- ", 1), "conditional comments"),
        (lambda html: html.replace("@media", "@supports", 1), "media queries"),
        (lambda html: html.replace("!important", "", 1), "!important"),
        (lambda html: re.sub("__[A-Z0-9]+_ADDRESS__", "", html, count=1), "ADDRESS"),
        (lambda html: html + r"<a title='\u{a0}'>", "debug format"),
        (lambda html: html + "<mj-txt>", "mj-txt"),
    ],
)
def test_each_thing_that_they_broke_before_is_noticed(broken: object, fault: str) -> None:
    email = rendered()
    assert not soundness.faults(email.mjml, email.html, email.html, email.nonce)
    (found,) = soundness.faults(email.mjml, email.html, broken(email.html), email.nonce)  # type: ignore[operator]
    assert fault in found


def test_words_that_look_like_rust_are_words() -> None:
    assert r"\u{a0}" in Page(rendered(emails.story(1, headline=r"On \u{a0}")).html).text


# ---- personal parts ------------------------------------------------------------------------


def test_tokens_come_through_whole_and_once_for_each_place() -> None:
    email = rendered()
    page = Page(email.html)
    assert page.all("a", "href").count(token(Field.UNSUBSCRIBE_URL, email.nonce)) == 1
    assert f"{token(Field.PREFERENCES_URL, email.nonce)}#pause" in page.all("a", "href")
    assert token(Field.ADDRESS, email.nonce) in page.text
    for field in (Field.ADDRESS, Field.UNSUBSCRIBE_URL, Field.PREFERENCES_URL):
        assert token(field, email.nonce) in email.text
    assert "CONFIRM_URL" not in email.html + email.text


def test_values_are_escaped_for_html_and_left_alone_in_text() -> None:
    email = rendered()
    values = {Field.ADDRESS: 'a"<b>@example.org', Field.UNSUBSCRIBE_URL: "https://x.example/?a&b"}
    html = fill_html(email.html, email.nonce, values)
    assert "a&quot;&lt;b&gt;@example.org" in html
    assert 'href="https://x.example/?a&amp;b"' in html
    assert 'a"<b>@example.org' in fill_text(email.text, email.nonce, values)


def test_content_can_not_hold_a_token_of_its_own_mail() -> None:
    view = emails.update()
    copied = emails.update(emails.story(1, headline=f"__{nonce(view)}_UNSUBSCRIBE_URL__"))
    assert nonce(copied) not in canonical(copied)


def test_the_same_view_gives_the_same_mail_and_hash() -> None:
    again = as_view(emails.update().model_dump(mode="json"))
    assert isinstance(again, EmailView)
    assert content_hash(again) == content_hash(emails.update())
    assert pipeline.render(again) == rendered()


def test_the_hash_changes_with_any_word() -> None:
    hashes = {
        content_hash(emails.update(**change))
        for change in ({}, {"title": "X"}, {"number": 3}, {"preheader": ""}, {"lang": "de"})
    }
    assert len(hashes) == 5


# ---- the attribute filter ---------------------------------------------------------------------


def test_only_plain_letters_digits_and_safe_punctuation_stay_in_attributes() -> None:
    every = "".join(map(chr, range(32, 0x250)))
    safe = source.references(every)
    assert unescape(safe) == every or "&#127;" in safe
    assert re.fullmatch(r"(?:[A-Za-z0-9 _.,:;/#?=%+()@!*-]|&#\d+;)+", safe)
    assert "\\" not in safe.replace("&#92;", "")


def test_depth_counts_what_is_open_at_once() -> None:
    assert source.depth("<a><b/><br><c></c></a><d></d>") == 2
    assert source.depth('<a title="<b><b><b>">x</a>') == 1


# ---- the mail that asks for a yes ---------------------------------------------------------------


def test_a_confirmation_has_one_button_and_its_address_in_text() -> None:
    email = pipeline.render(emails.confirmation())
    link = token(Field.CONFIRM_URL, email.nonce)
    assert Page(email.html).all("a", "href") == [link]
    assert link in email.text.split()
    assert "Media's AI Pivot" in email.text
    assert token(Field.NAME, email.nonce) not in email.html + email.text
