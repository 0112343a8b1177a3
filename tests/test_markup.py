"""Markdown as mails and pages show it."""

import time

import pytest

from digest.rendering import markup

HOSTILE = {
    "brackets": "[" * 100_000,
    "marks never closed": "[^" * 50_000,
    "few marks in a long text": "[^" * 900 + "x" * 200_000,
    "inline notes": "^[" * 50_000,
    "pictures": "![" * 50_000,
    "emphasis": "*_" * 50_000,
    "definitions": "[^a]: x\n" * 12_000,
    "quotes": "\n".join(">" * depth for depth in range(1, 400)),
    "paragraphs": "a\n\n" * 33_000,
    "entities": "&" * 100_000,
}


def test_a_mark_leads_to_its_note_and_the_note_back() -> None:
    prose = markup.render("Hires came first.[^jobs]\n\n[^jobs]: The *careers* page.", "s3")
    (note,) = prose.notes
    assert f'<sup><a href="#{note.anchor}" id="{note.back}"' in prose.html
    assert (note.number, note.html) == (1, "The <em>careers</em> page.")
    assert note.anchor.startswith("s3-")


def test_notes_of_two_stories_never_share_a_place() -> None:
    one, other = (markup.render("A.[^1]\n\n[^1]: B.", anchor) for anchor in ("s1", "s2"))
    assert {one.notes[0].anchor, one.notes[0].back}.isdisjoint(
        {other.notes[0].anchor, other.notes[0].back}
    )


def test_a_note_that_is_named_twice_has_one_place_to_go_back_to() -> None:
    prose = markup.render("A.[^1] B.[^1]\n\n[^1]: C.", "s1")
    assert prose.html.count(f'href="#{prose.notes[0].anchor}"') == 2
    assert prose.html.count(f'id="{prose.notes[0].back}"') == 1


def test_marks_without_a_note_stay_as_plain_marks() -> None:
    prose = markup.render("One.[^1] Two.[^2]\n\n[^2]: Here.", "s1")
    assert "One.<sup>1</sup>" in prose.html
    assert prose.bare == (1,)
    assert [note.number for note in prose.notes] == [2]
    assert prose.text.startswith("One. [1] Two. [2]")


def test_the_text_counts_links_on_after_the_notes() -> None:
    prose = markup.render(
        "See [the list](https://a.example/) and [it](https://a.example/).[^1]\n\n"
        "[^1]: From [B](https://b.example/).",
        "s1",
    )
    assert prose.text == "See the list [2] and it [2]. [1]"
    assert prose.links == ((2, "https://a.example/"),)
    assert prose.notes[0].text == "From B (https://b.example/)."


def test_raw_html_is_printed_as_text() -> None:
    prose = markup.render('<script>alert(1)</script> <img src=x onerror="a()">', "s1")
    assert "<script" not in prose.html
    assert "<img" not in prose.html
    assert "&lt;script&gt;" in prose.html


@pytest.mark.parametrize(
    "link",
    [
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "<javascript:alert(1)>",
        "[x](file:///etc)",
    ],
)
def test_links_lead_to_the_web_and_to_mail_alone(link: str) -> None:
    assert "href" not in markup.render(link, "s1").html


def test_what_slips_past_markdown_is_taken_out_after_it() -> None:
    dirty = '<p onclick="x()">a<svg><script>b</script></svg></p><a href="vbscript:x">c</a>'
    assert markup.sanitised(dirty) == "<p>a</p><a>c</a>"


def test_templates_in_a_body_are_words() -> None:
    assert "{{ 7*7 }}" in markup.render("{{ 7*7 }} {% raw %}", "s1").html


def test_a_picture_becomes_a_link() -> None:
    html = markup.render("![A chart](https://a.example/c.png)", "s1").html
    assert html == '<p><a href="https://a.example/c.png">A chart</a></p>\n'


def test_headings_begin_below_that_of_the_story() -> None:
    html = markup.render("# One\n\n#### Two", "s1").html
    assert html == "<h3>One</h3>\n<h4>Two</h4>\n"


def test_lists_and_quotes_keep_their_shape_in_text() -> None:
    prose = markup.render("- a\n- b\n\n> c\n> d\n\n3. e\n4. f\n\n```\nx = 1\n```", "s1")
    assert prose.text == "- a\n- b\n\n> c d\n\n3. e\n4. f\n\n    x = 1"


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_markdown_takes_no_time(source: str) -> None:
    begun = time.process_time()
    markup.render(source, "s1")
    assert time.process_time() - begun < 0.5  # a tenth of it alone; machines differ


@pytest.mark.parametrize("source", [">" * 9000 + " deep", "[" * 3000 + "word"])
def test_what_nests_too_deep_is_shown_as_it_is(source: str) -> None:
    prose = markup.render(source, "s1")
    assert source in prose.text
    assert prose.html.count("<") == 2


def test_a_long_article_is_markdown_still() -> None:
    body = "\n\n".join(f"Paragraph {at} is *long*.[^{at}]" for at in range(300))
    body += "\n\n" + "\n".join(f"[^{at}]: Note {at}." for at in range(300))
    prose = markup.render(body, "s1")
    assert len(prose.notes) == 300
    assert not prose.bare
