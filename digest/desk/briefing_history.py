"""A briefing's versions on the desk: the differences between any two, and taking one up again."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from digest import briefing_versions, readable
from digest.briefing_versions import NOW, Version
from digest.desk import briefing
from digest.errors import DigestError, NotFound
from digest.staff import WRITERS, role_required

MOST = 200
"""Versions that the page lists, the newest."""


@require_safe
@role_required(*WRITERS)
def versions(request: HttpRequest, topic: str, slug: str) -> HttpResponse:
    """All versions, and the differences of two: ``of`` against ``since``, by default the one
    before it."""
    found = briefing.named(topic, slug)
    told = briefing_versions.history(found)
    of = _asked(told, request.GET.get("of", ""), told[0])
    before = next((one for one in told[told.index(of) + 1 :]), of)
    since = _asked(told, request.GET.get("since", ""), before)
    try:
        said, had = (briefing_versions.content(found, one.key) for one in (of, since))
    except NotFound:
        raise Http404 from None
    page = {
        "topic": found.topic,
        "briefing": found,
        "versions": told[:MOST],
        "more": max(0, len(told) - MOST),
        "of": of,
        "since": since,
        "is_now": of.key == NOW,
        "parts": readable.differing(had, said, found.topic.zone),
    }
    return render(request, "desk/briefings/versions.html", page)


@require_POST
@role_required(*WRITERS)
def restore(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Let the briefing say once more what it said then."""
    found = briefing.named(topic, slug)
    key = request.POST.get("version", "")
    try:
        version = int(key) if key.isascii() and key.isdigit() and len(key) < 19 else -1
        result = briefing_versions.restore(found, version, request.user.get_username())
    except DigestError as problem:
        messages.error(request, str(problem))
    else:
        said = "It says that already." if result == "unchanged" else "Restored, as a new version."
        messages.success(request, said)
    return redirect(f"/desk/{topic}/briefings/{slug}/versions/")


def _asked(told: list[Version], key: str, default: Version) -> Version:
    return next((one for one in told if str(one.key) == key), default)
