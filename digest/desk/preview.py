"""An update exactly as it would be mailed, in a frame that can do nothing.

The bytes are those of the edition; only the personal parts are filled with an example, and
the frame's scheme is chosen by the desk rather than by the editor's own system.
"""

import re
from enum import Enum
from html import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from digest import editions
from digest.desk import scrolling
from digest.errors import DigestError
from digest.models import Stage, Topic, Update
from digest.rendering.tokens import Field, fill_html, fill_text
from digest.staff import WRITERS, role_required

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:{pictures}; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""Nothing runs, nothing is fetched but the pictures of a topic that shows them, no form is sent; a
clicked link opens a tab of its own."""

_DARK = re.compile(r"\(prefers-color-scheme:\s*dark\)")
_READER = {
    Field.NAME: "Robin Reader",
    Field.ADDRESS: "robin@example.org",
}


class Way(Enum):
    """How an editor looks at it: the tab's name and the frame's width in pixels."""

    PHONE = "phone", "Phone", 375
    DESKTOP = "desktop", "Desktop", 680
    DARK = "dark", "Dark", 375
    TEXT = "text", "Text", 600

    def __init__(self, key: str, label: str, width: int) -> None:
        self.key = key
        self.label = label
        self.width = width


def wanted(request: HttpRequest) -> Way:
    """The way asked for by ``show``; a phone's by default."""
    asked = request.GET.get("show", "")
    return next((way for way in Way if way.key == asked), Way.PHONE)


@require_safe
@role_required(*WRITERS)
@xframe_options_sameorigin
def of_draft(request: HttpRequest, topic: str) -> HttpResponse:
    """The draft, rendered now."""
    update = get_object_or_404(
        Update.objects.select_related("topic"), topic__slug=topic, stage=Stage.DRAFT
    )
    try:
        email = editions.rendered(editions.view_of(update))
    except DigestError as problem:
        return scrolling.kept(request, framed(as_page(str(problem)), update.topic))
    page = shown(wanted(request), email.html, email.text, email.nonce)
    return scrolling.kept(request, framed(page, update.topic))


@require_safe
@role_required(*WRITERS)
@xframe_options_sameorigin
def of_update(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """An approved or sent update, from its frozen edition."""
    update = get_object_or_404(
        Update.objects.filter(stage__in=[Stage.APPROVED, Stage.SENT]).select_related("topic"),
        topic__slug=topic,
        number=number,
    )
    edition = editions.frozen(update)
    if edition is None:
        return framed(as_page("No rendering of this update was kept."), update.topic)
    page = shown(wanted(request), edition.html, edition.text, edition.nonce)
    return framed(page, update.topic)


def shown(way: Way, html: str, text: str, nonce: str) -> str:
    """The mail this way, its personal parts filled with an example."""
    links = dict.fromkeys((Field.UNSUBSCRIBE_URL, Field.PREFERENCES_URL), settings.BASE_URL)
    reader = _READER | links
    if way is Way.TEXT:
        return as_page(fill_text(text, nonce, reader))
    # A width that always, or never, holds: valid wherever the scheme's own condition was.
    scheme = "(min-width: 0px)" if way is Way.DARK else "(max-width: 0px)"
    page = _DARK.sub(scheme, fill_html(html, nonce, reader))
    return page.replace("<head>", '<head><base target="_blank">', 1)


def as_page(text: str) -> str:
    """Plain text as a page, in a mail program's manner."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Plain text</title>'
        '<meta name="color-scheme" content="light dark"></head>'
        '<body style="margin:0;padding:16px;background:Canvas;color:CanvasText">'
        '<pre style="margin:0;white-space:pre-wrap;overflow-wrap:anywhere;'
        f'font:13px/1.5 monospace">{escape(text)}</pre></body></html>'
    )


def framed(page: str, topic: Topic) -> HttpResponse:
    """The answer whose page can do nothing."""
    response = HttpResponse(page)
    pictures = " https: http:" if topic.pictures else ""
    response["Content-Security-Policy"] = POLICY.format(pictures=pictures)
    response["Cache-Control"] = "no-store"
    return response
