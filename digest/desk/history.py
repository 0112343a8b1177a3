"""An update's versions on the desk: who did what when, how two differ, and the way back to one."""

import itertools

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from digest import restoring, retold, versions
from digest.desk.posts import back, draft_or_404
from digest.errors import DigestError
from digest.models import Stage, Topic, Update
from digest.staff import WRITERS, role_required
from digest.teamwork import Version


@require_safe
@role_required(*WRITERS)
def of_draft(request: HttpRequest, topic: str) -> HttpResponse:
    """The draft's versions; ``old`` and ``new`` name two to compare."""
    found, update = draft_or_404(topic)
    return _shown(request, found, update)


@require_safe
@role_required(*WRITERS)
def of_update(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """Those of an approved or sent update."""
    kept = Update.objects.filter(stage__in=[Stage.APPROVED, Stage.SENT]).select_related("topic")
    update = get_object_or_404(kept, topic__slug=topic, number=number)
    return _shown(request, update.topic, update)


@require_POST
@role_required(*WRITERS)
def restore(request: HttpRequest, topic: str, version: int) -> HttpResponseBase:
    """Make the draft what it was then; what it was until now stays a version."""
    found, update = draft_or_404(topic)
    wanted = get_object_or_404(update.versions, pk=version)
    try:
        lost = restoring.restore(update, wanted, by=request.user.get_username())
    except DigestError as problem:
        messages.error(request, str(problem))
        return back(found)
    for sentence in lost:
        messages.warning(request, sentence)
    messages.success(request, "Restored. What the draft was before is among its versions.")
    return back(found)


def _shown(request: HttpRequest, topic: Topic, update: Update) -> HttpResponse:
    rows = list(update.versions.defer("state", "view"))
    pairs = list(itertools.zip_longest(rows, rows[1:]))
    page: dict[str, object] = {"topic": topic, "update": update, "pairs": pairs}
    if pair := _pair(request, update, rows):
        old, new = sorted(pair, key=lambda version: version.pk)
        found = retold.between(versions.view(old), versions.view(new))
        page |= {"old": old, "new": new, "differences": found}
    return render(request, "desk/update/history.html", page)


def _pair(request: HttpRequest, update: Update, rows: list[Version]) -> list[Version]:
    """The two to compare: those that are named, or what stood there ``since`` a page was made."""
    if "old" in request.GET or "new" in request.GET:
        return [_asked(request, update, name) for name in ("old", "new")]
    since = request.GET.get("since", "")
    if not rows or not (since.isascii() and since.isdigit() and len(since) < 19):
        return []
    # Somebody who typed on may have taken the version of that time along.
    old = next((row for row in rows if row.pk <= int(since)), rows[-1])
    return [old, rows[0]]


def _asked(request: HttpRequest, update: Update, name: str) -> Version:
    """The version that is named; 404 where there is none, or none any more."""
    number = request.GET.get(name, "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404
    return get_object_or_404(update.versions, pk=int(number))
