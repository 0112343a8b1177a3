"""View model → Jinja2 → MJML → HTML with inlined styles, and text.  Pure: no ORM, clock, network.

Bounded and isolated in ``bounded.py``; call that.  Content is never a template: it goes in
as values, escaped, in a sandbox.
"""

import logging
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import cssutils
import cssutils.util
import mjml
from jinja2 import FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from premailer import Premailer

from digest.rendering import filters, markup, soundness, source
from digest.rendering.colour import palette
from digest.rendering.language import words
from digest.rendering.rendered import RenderedEmail, RenderingFailed
from digest.rendering.tokens import Field, nonce, token
from digest.rendering.view import View, accent, named, template

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "emails"


def render(view: View) -> RenderedEmail:
    """The email of a view; RenderingFailed, naming the story at fault if one is."""
    used = nonce(view)
    values = {
        "view": view,
        "palette": palette(accent(view)),
        "token": {field.value: token(field, used) for field in Field},
    }
    name = template(view)
    mjml_source = source.hardened(
        source.printable(_TEMPLATES.get_template(f"{name}.mjml").render(values)).strip()
    )
    _refuse_bombs(view, mjml_source)
    text = source.printable(_TEMPLATES.get_template(f"{name}.txt").render(values))
    return RenderedEmail(
        subject=_one_line(view.subject),
        preheader=_one_line(view.preheader),
        html=_html(mjml_source, used),
        text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
        mjml=mjml_source,
        nonce=used,
    )


def _html(mjml_source: str, used: str) -> str:
    before = mjml.mjml2html(mjml_source, disable_comments=True, fonts={})
    before = before.replace("<!doctype html>", soundness.DOCTYPE, 1)
    before, inlined, rest = _styles_parted(before)
    after = _Inliner(f"{before}{inlined}{rest}", **_PREMAILER).transform(pretty_print=False)
    after = _INLINED.sub("", after.replace(f" {_IGNORED}", ""), count=1)
    if wrong := soundness.faults(mjml_source, before + rest, after, used):
        raise RenderingFailed(
            f"The email came out broken: {'; '.join(wrong)}. Nothing was kept of it. This is a "
            "fault of the program or of a changed template, not of the text."
        )
    return after


class _Inliner(Premailer):  # type: ignore[misc]  # it has no types
    """Premailer, which would else write the same style sheet out anew for every mail: a quarter
    of a rendering."""

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[list[Any], list[Any]]:
        rules, left_over = _rules(css_body, ruleset_index)
        return list(rules), list(left_over)


@lru_cache(maxsize=64)
def _rules(sheet: str, index: int) -> tuple[list[Any], list[Any]]:
    parse = Premailer._parse_style_rules  # noqa: SLF001  what is overridden
    rules, left_over = parse(Premailer("", **_PREMAILER), sheet, index)
    return rules, left_over


def _styles_parted(html: str) -> tuple[str, str, str]:
    """What comes before the style sheet that is to be inlined, the sheet, and the rest.

    All other sheets stay as they are: premailer would inline MJML's resets into each cell.
    """
    html = html.replace(_STYLE, _STYLE.replace(">", f" {_IGNORED}>"))
    html = html.replace(f"{_STYLE[:-1]} {_IGNORED}>/*inlined*/", f"{_STYLE}/*inlined*/")
    before, mark, rest = html.partition(f"{_STYLE}/*inlined*/")
    sheet, end, rest = rest.partition("</style>")
    return before, mark + sheet + end, rest


def _refuse_bombs(view: View, mjml_source: str) -> None:
    if len(mjml_source) > source.SIZE:
        what = f"it takes more than {source.SIZE // 1000} kB"
    elif source.depth(mjml_source) > source.DEPTH:
        what = f"its tags nest more than {source.DEPTH} deep"
    else:
        return
    raise RenderingFailed(
        f"{named(view)} can't be rendered: {what}. Nothing was kept of the email; "
        "shorten the text, or show it at a lesser depth."
    )


def _one_line(text: str) -> str:
    return " ".join(source.printable(text).split())


# ---- the parts -----------------------------------------------------------------------


def _templates() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and name.endswith(".mjml"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    made.filters.update(
        day=filters.day,
        full_day=filters.full_day,
        full_moment=filters.full_moment,
        moment=filters.moment,
        lines=filters.lines,
        listed=filters.listed,
        paragraphs=markup.paragraphs,
        references=_references,
        underlined=filters.underlined,
        unbroken=filters.unbroken,
        wrap=filters.wrap,
    )
    return made


@pass_context
def _gettext(context: Context, message: str) -> str:
    return words(context["view"].lang).gettext(message)


@pass_context
def _ngettext(context: Context, one: str, many: str, number: int) -> str:
    return words(context["view"].lang).ngettext(one, many, number)


def _references(text: str) -> Markup:
    return Markup(source.references(text))  # noqa: S704 - nothing but references is left


_TEMPLATES = _templates()
_STYLE = '<style type="text/css">'
_IGNORED = 'data-premailer="ignore"'
_INLINED = re.compile(r"<style[^>]*>/\*inlined\*/.*?</style>", re.DOTALL)
_PREMAILER = {
    "keep_style_tags": True,
    "strip_important": False,
    "disable_validation": True,
    "disable_leftover_css": True,
    "disable_link_rewrites": True,
    "align_floating_images": False,
    "disable_basic_attributes": ["width", "height"],
    "allow_network": False,
    "allow_loading_external_files": False,
}

# premailer's own switches don't reach cssutils, which would open what an @import names.
cssutils.util._defaultFetcher = lambda _url: None  # noqa: SLF001
cssutils.log.setLevel(logging.CRITICAL)
