"""Approving the draft from the desk: what was seen, when it goes out, to whom."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from digest import approval
from digest.desk.posts import back, draft_or_404, typed
from digest.errors import DigestError, Refused
from digest.models import Topic
from digest.staff import APPROVERS, role_required


@require_POST
@role_required(*APPROVERS)
def approve(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Approve what was seen: a draft that has changed since is refused."""
    found, update = draft_or_404(topic)
    by = request.user.get_username()
    try:
        approved = approval.approve(
            update,
            by,
            at=_due(request, found),
            segments=_segments(request),
            rate=_rate(request),
            despite=typed(request, "despite"),
            seen_hash=_seen(request),
        )
    except DigestError as problem:
        messages.error(request, str(problem))
        return back(found, "approve")
    messages.success(request, f"Approved as Update #{approved.number}.")
    return redirect(f"/desk/{found.slug}/{approved.number}/")


def _due(request: HttpRequest, topic: Topic) -> dt.datetime | None:
    """When it is to go out; None is its schedule's time. A time is typed in the topic's zone."""
    chosen = request.POST.get("when")
    if chosen != "at":
        if typed(request, "at"):
            raise Refused(
                "You chose another time than the one you gave; nothing was approved. Choose one "
                "of them."
            )
        return None if chosen == "planned" else timezone.now()
    try:
        chosen_time = dt.datetime.fromisoformat(typed(request, "at"))
    except ValueError:
        raise Refused("That is no day and time; nothing was approved. Choose both.") from None
    due = chosen_time.replace(tzinfo=ZoneInfo(topic.zone))
    if due < timezone.now():
        raise Refused("That time is past; nothing was approved. Choose a later one, or now.")
    return due


def _segments(request: HttpRequest) -> list[str]:
    names = request.POST.getlist("segments") + request.POST.get("segment_names", "").split(",")
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def _rate(request: HttpRequest) -> float | None:
    said = typed(request, "rate")
    if not said:
        return None
    try:
        rate = float(said)
    except ValueError:
        rate = 0
    if not 0 < rate < 1_000_000:
        raise Refused("The rate is a number of messages a second; nothing was approved.")
    return rate


def _seen(request: HttpRequest) -> str:
    seen = typed(request, "seen")
    if not seen:
        raise Refused("Open the draft and look at it; nothing was approved.")
    return seen
