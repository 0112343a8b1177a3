"""An update exactly as it would be mailed, in a frame that can do nothing.

The bytes are those of the edition; only the personal parts are filled with an example, and
the frame's scheme is chosen by the desk rather than by the editor's own system.
"""

import re
from collections.abc import Mapping
from html import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from digest import editions
from digest.depths import Depths
from digest.desk import scrolling
from digest.desk.look import Look, Way, wanted
from digest.errors import DigestError, NotFound
from digest.models import Stage, Topic, Update
from digest.rendering.tokens import Field, fill_html, fill_text
from digest.staff import WRITERS, role_required

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""Nothing runs, nothing is fetched but the pictures of a topic that shows them, no form is sent; a
clicked link opens a tab of its own."""

_DARK = re.compile(r"\(prefers-color-scheme:\s*dark\)")
_INVERTED = (
    "<style>html { background: #fff; filter: invert(1) hue-rotate(180deg) } "
    "img { filter: invert(1) hue-rotate(180deg) }</style></head>"
)

EXAMPLE: Mapping[Field, str] = {Field.NAME: "Robin Reader", Field.ADDRESS: "robin@example.org"}
"""The reader whom a preview is made out to, unless it is somebody's."""


@require_safe
@role_required(*WRITERS)
@xframe_options_sameorigin
def of_draft(request: HttpRequest, topic: str) -> HttpResponse:
    """The draft, rendered now."""
    return as_reader(draft_of(topic), wanted(request), EXAMPLE, request)


@require_safe
@role_required(*WRITERS)
@xframe_options_sameorigin
def of_update(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """An approved or sent update, from its frozen edition."""
    return as_reader(approved_of(topic, number), wanted(request), EXAMPLE, request)


@require_safe
@role_required(*WRITERS)
def compare_draft(request: HttpRequest, topic: str) -> HttpResponseBase:
    """What readers had last time, next to what they get now."""
    return _compared(request, draft_of(topic))


@require_safe
@role_required(*WRITERS)
def compare_update(request: HttpRequest, topic: str, number: int) -> HttpResponseBase:
    """The same of an update that is approved or sent."""
    return _compared(request, approved_of(topic, number))


def _compared(request: HttpRequest, update: Update) -> HttpResponse:
    earlier = update.topic.updates.filter(stage=Stage.SENT).order_by("-number")
    if update.number is not None:
        earlier = earlier.filter(number__lt=update.number)
    last, look = earlier.first(), Look(request, update, "compare/")
    page = {
        "topic": update.topic,
        "update": update,
        "last": last,
        "last_frame": look.frame_of(last) if last else "",
        "look": look,
    }
    return render(request, "desk/preview/compare.html", page)


def draft_of(topic: str) -> Update:
    """The topic's draft; Http404 where it has none."""
    drafts = Update.objects.filter(stage=Stage.DRAFT).select_related("topic")
    return get_object_or_404(drafts, topic__slug=topic)


def approved_of(topic: str, number: int) -> Update:
    """An update that is approved or sent; Http404 for any other."""
    approved = Update.objects.filter(stage__in=[Stage.APPROVED, Stage.SENT])
    return get_object_or_404(approved.select_related("topic"), topic__slug=topic, number=number)


def as_reader(
    update: Update, asked: tuple[Way, Depths], reader: Mapping[Field, str], request: HttpRequest
) -> HttpResponse:
    """The update as this reader gets it, for a frame. HEAD asks whether it may be shown, and
    renders nothing."""
    way, variant = asked
    if request.method == "HEAD":
        return HttpResponse()
    try:
        html, text, nonce = _parts(update, variant, request.GET.get("live", ""))
    except DigestError as problem:
        return scrolling.kept(request, framed(as_page(str(problem)), update.topic))
    page = shown(way, html, text, nonce, reader)
    return scrolling.kept(request, framed(page, update.topic, way))


def shown(way: Way, html: str, text: str, nonce: str, reader: Mapping[Field, str] = EXAMPLE) -> str:
    """The mail this way, its personal parts filled with this reader's; the links are examples."""
    values = {**example_links(), **reader}
    if way is Way.TEXT:
        return as_page(fill_text(text, nonce, values))
    return looked_at(way, fill_html(html, nonce, values))


def example_links() -> dict[Field, str]:
    """Where a reader's own links would lead; no token of anybody's is in them."""
    return {
        Field.UNSUBSCRIBE_URL: f"{settings.BASE_URL}/unsubscribe/example/",
        Field.PREFERENCES_URL: f"{settings.BASE_URL}/preferences/example/",
    }


def looked_at(way: Way, html: str) -> str:
    """A mail's HTML, changed in nothing but how it is looked at."""
    # A width that always, or never, holds: valid wherever the scheme's own condition was.
    scheme = "(min-width: 0px)" if way is Way.DARK else "(max-width: 0px)"
    page = _DARK.sub(scheme, html)
    if way is Way.INVERTED:
        page = page.replace("</head>", _INVERTED, 1)
    return page.replace("<head>", '<head><base target="_blank">', 1)


def _parts(update: Update, variant: Depths, seen: str) -> tuple[str, str, str]:
    """HTML, text and nonce, as readers get them in this variant.

    ``seen``: the hash of the draft as arranged, which the page around this frame has just rendered.
    """
    if update.stage == Stage.DRAFT:
        email = editions.remembered(seen) if variant == Depths.ARRANGED else None
        email = email or editions.rendered(editions.view_of(update, variant))
        return email.html, email.text, email.nonce
    # Where a variant could not go out, its readers get the update as arranged.
    edition = editions.frozen(update, variant) or editions.frozen(update)
    if edition is None:
        raise NotFound("No rendering of this update was kept.")
    return edition.html, edition.text, edition.nonce


def as_page(text: str) -> str:
    """Plain text as a page, in a mail program's manner."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Plain text</title>'
        '<meta name="color-scheme" content="light dark"></head>'
        '<body style="margin:0;padding:16px;background:Canvas;color:CanvasText">'
        '<pre style="margin:0;white-space:pre-wrap;overflow-wrap:anywhere;'
        f'font:13px/1.5 monospace">{escape(text)}</pre></body></html>'
    )


def framed(page: str, topic: Topic, way: Way = Way.PHONE) -> HttpResponse:
    """The answer whose page can do nothing."""
    response = HttpResponse(page)
    pictures = "'self' data: https: http:" if topic.pictures else "'self' data:"
    response["Content-Security-Policy"] = POLICY.format(
        pictures="'none'" if way is Way.BARE else pictures
    )
    response["Cache-Control"] = "no-store"
    return response
