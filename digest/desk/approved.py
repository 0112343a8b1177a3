"""An update that is approved or sent, on the desk: what was fixed, and the way back."""

import datetime as dt

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from digest import approval, arranging, happened
from digest.clicks import figures
from digest.desk.look import Look
from digest.desk.posts import typed
from digest.errors import DigestError
from digest.models import Stage, Update
from digest.staff import APPROVERS, WRITERS, has_role, role_required
from digest.topics import LIMITS

WORDS = ("subject", "preheader", "title", "note")


@require_safe
@role_required(*WRITERS)
def update(request: HttpRequest, topic: str, number: int) -> HttpResponseBase:
    """When and to whom it goes, who approved it, and its frozen rendering."""
    found = get_object_or_404(
        Update.objects.select_related("topic"), topic__slug=topic, number=number
    )
    if found.stage == Stage.DRAFT:  # the page there says how it came to be one again
        return _to_draft(request, found)
    if "HX-Request" in request.headers and found.stage == Stage.SENT:
        return HttpResponse(headers={"HX-Refresh": "true"})  # it left while its page was open
    page = {
        "topic": found.topic,
        "update": found,
        "items": list(found.items.select_related("briefing", "changed_since")),
        "look": Look(request, found),
        "may_approve": has_role(request.user, *APPROVERS),
        "seconds_left": _seconds_left(found),
        "happened": happened.to(found),
        "clicks": figures.of(found),
    }
    return render(request, "desk/update/page.html", page)


def _to_draft(request: HttpRequest, found: Update) -> HttpResponseBase:
    there = f"/desk/{found.topic.slug}/draft/"
    if "HX-Request" in request.headers:  # an open page that asks how things stand
        return HttpResponse(headers={"HX-Redirect": there})
    return redirect(there)


def _seconds_left(found: Update) -> int | None:
    """Until it goes out, where that is soon enough to be counted down; None elsewhere."""
    if found.stage != Stage.APPROVED or found.due_at is None:
        return None
    left = found.due_at - timezone.now()
    soon = dt.timedelta(seconds=LIMITS["undo_seconds"][1])
    return max(0, round(left.total_seconds())) if left < soon else None


@require_POST
@role_required(*APPROVERS)
def unapprove(request: HttpRequest, topic: str, number: int) -> HttpResponseBase:
    """Take the approval back, until the first message."""
    found = _numbered(topic, number)
    try:
        approval.unapprove(found, by=request.user.get_username())
    except DigestError as problem:
        messages.error(request, str(problem))
        return redirect(f"/desk/{topic}/{number}/")
    messages.success(request, f"Taken back: nothing was sent, and it keeps the number {number}.")
    return redirect(f"/desk/{topic}/draft/")


@require_POST
@role_required(*WRITERS)
def reword(request: HttpRequest, topic: str, number: int) -> HttpResponseBase:
    """Change its words, which voids the approval."""
    found, by = _numbered(topic, number), request.user.get_username()
    typed_words = {name: typed(request, name) for name in WORDS if name in request.POST}
    texts = {name: text for name, text in typed_words.items() if text != getattr(found, name)}
    if not texts:
        messages.warning(request, "No word differs; nothing was changed, and the approval holds.")
        return redirect(f"/desk/{topic}/{number}/")
    try:
        with transaction.atomic():
            approval.unapprove(found, by, did=f"changed the {' and the '.join(texts)}")
            arranging.reword(found, by, **texts)
    except DigestError as problem:
        messages.error(request, str(problem))
        return redirect(f"/desk/{topic}/{number}/")
    messages.success(request, "Changed. The approval is void: it waits for a new one.")
    return redirect(f"/desk/{topic}/draft/")


def _numbered(topic: str, number: int) -> Update:
    """The update, approved or not: who comes too late is told so by what refuses it."""
    found = Update.objects.filter(topic__slug=topic, number=number).select_related("topic").first()
    if found is None or found.stage == Stage.DISCARDED:
        raise Http404
    return found
