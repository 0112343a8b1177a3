"""Forms for other sites that sign people up here: the HTML to paste, and the form in a frame."""

from collections.abc import Sequence
from typing import TypedDict
from urllib.parse import urlencode

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from digest import ending
from digest.models import Topic
from digest.rendering import language
from digest.staff import APPROVERS, Role, role_required
from subscribers import signup
from subscribers.pages.signup_page import LONGEST_NAME, LONGEST_SOURCE, one_line

_HEIGHT = 260
"""Pixels of a frame that holds the form of one topic; each further topic takes a line."""


@require_safe
@role_required(Role.OPS, *APPROVERS)
def make(request: HttpRequest) -> HttpResponse:
    """What to paste into another site, for the topics that are ticked."""
    topics = list(ending.living())
    form = _form(request, topics)
    path = f"/subscribe/form/?{_query(form)}"
    height = _HEIGHT + 60 * bool(form["ask_name"]) + 44 * len(form["topics"])
    frame = format_html(
        '<iframe src="{}" title="{}" width="100%" height="{}" style="border: 0"></iframe>',
        settings.BASE_URL + path,
        language.words(form["lang"]).gettext("Subscribe"),
        height,
    )
    shown = {
        **form,
        "topics": topics,
        "chosen": form["topics"],
        "code": render_to_string("reader/embedded_form.html", dict(form)).strip(),
        "frame": frame,
        "framed_path": path,
        "lang": "en",
    }
    return render(request, "people/form.html", shown)


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})
def framed(request: HttpRequest) -> HttpResponse:
    """The form alone, the one page that others may frame: whoever is tricked into pressing its
    button is asked by mail. Its answer opens in the window, which nobody frames."""
    return render(request, "reader/framed.html", dict(_form(request, list(ending.living()))))


def _query(form: "Form") -> str:
    """The form as a query that makes it again."""
    parts = [("topic", topic.slug) for topic in form["topics"]]
    parts += [("source", form["source"])] if form["source"] else []
    return urlencode([*parts, *([("ask_name", "1")] if form["ask_name"] else [])])


class Form(TypedDict):
    """What the form's template shows."""

    topics: list[Topic]
    source: str  # what its maker calls it
    ask_name: bool
    wording: str
    longest_name: int
    lang: str
    base: str


def _form(request: HttpRequest, topics: Sequence[Topic]) -> Form:
    asked = request.GET.getlist("topic")
    chosen = [topic for topic in topics if topic.slug in asked] or list(topics)
    lang = language.shared(topic.language for topic in chosen)
    return {
        "topics": chosen,
        "source": one_line(request.GET.get("source", ""), LONGEST_SOURCE),
        "ask_name": request.GET.get("ask_name") == "1",
        "wording": signup.wording(lang),
        "longest_name": LONGEST_NAME,
        "lang": lang,
        "base": settings.BASE_URL,
    }
