"""Approving the draft from the desk: what was seen, when it goes out, to whom."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from digest import approval
from digest.desk.posts import open_draft, typed
from digest.desk.review import to_review
from digest.errors import DigestError, Refused
from digest.models import Stage, Topic, Update
from digest.staff import APPROVERS, role_required
from digest.templatetags.desk import person


@require_POST
@role_required(*APPROVERS)
def approve(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Approve what was seen: a draft that has changed since is refused."""
    found = get_object_or_404(Topic, slug=topic)
    update = open_draft(found)
    if update is None:
        return _too_late(request, found)
    try:
        approved = approval.approve(
            update,
            request.user.get_username(),
            at=due(request.POST, found, update),
            segments=segments(request.POST),
            rate=rate(request.POST),
            despite=typed(request, "despite"),
            seen_hash=_seen(request),
        )
    except DigestError as problem:
        messages.error(request, str(problem))
        return to_review(found)
    said = f"Approved as Update #{approved.number}."
    messages.success(request, said, extra_tags=f"approving {approved.pk}")
    return redirect(f"/desk/{found.slug}/{approved.number}/")


def _too_late(request: HttpRequest, topic: Topic) -> HttpResponseBase:
    """In another tab, or by somebody else, it was approved (or thrown away) a moment ago."""
    number = typed(request, "update")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404
    update = get_object_or_404(topic.updates, pk=int(number))
    if update.stage == Stage.DISCARDED:
        messages.error(request, "The draft was thrown away meanwhile; nothing was approved.")
        return redirect(f"/desk/{topic.slug}/draft/")
    by = update.approved_by
    who = "You" if by == request.user.get_username() else person(by)
    messages.warning(
        request,
        f"{who} approved it as Update #{update.number} already; nothing was changed by approving "
        "it again. What holds is what stands here.",
    )
    return redirect(f"/desk/{topic.slug}/{update.number}/")


def due(post: QueryDict, topic: Topic, update: Update) -> dt.datetime:
    """When it is to go out, never before the time to undo it is over.

    A time is typed in the topic's zone.
    """
    first = timezone.now() + dt.timedelta(seconds=topic.undo_seconds)
    return max(_chosen(post, topic, update), first)


def _chosen(post: QueryDict, topic: Topic, update: Update) -> dt.datetime:
    when, at = post.get("when"), post.get("at", "").strip()
    if when != "at":
        if at:
            raise Refused(
                "You chose another time than the one you gave; nothing was approved. Choose one "
                "of them."
            )
        planned = update.planned_at if when == "planned" else None
        return planned or timezone.now()
    try:
        local = dt.datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(topic.zone))
        moment = local.astimezone(dt.UTC)  # of the last year there is, some hours lie beyond it
    except (ValueError, OverflowError):
        raise Refused("That is no day and time; nothing was approved. Choose both.") from None
    if moment < timezone.now():
        raise Refused("That time is past; nothing was approved. Choose a later one, or now.")
    return moment


def segments(post: QueryDict) -> list[str]:
    """The names of those that are ticked, or typed."""
    names = post.getlist("segments") + post.get("segment_names", "").split(",")
    clean = (name.replace("\0", "").strip() for name in names)
    return list(dict.fromkeys(name for name in clean if name))


def rate(post: QueryDict) -> float | None:
    """Messages a second; None is as fast as allowed."""
    said = post.get("rate", "").strip()
    if not said:
        return None
    try:
        wished = float(said)
    except ValueError:
        wished = 0
    if not 0 < wished < 1_000_000:
        raise Refused("The rate is a number of messages a second; nothing was approved.")
    return wished


def _seen(request: HttpRequest) -> str:
    seen = typed(request, "seen")
    if not seen:
        raise Refused("Open the draft and look at it; nothing was approved.")
    return seen
