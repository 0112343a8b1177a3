"""The draft on the desk: seen, arranged, worded, tested, approved.

Each form is a plain POST that leads back to the draft; what goes wrong is said there.
"""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from digest import approval, arranging, drafting, requesting
from digest.desk import preview, proof
from digest.errors import DigestError, Refused
from digest.models import Depth, Fold, Item, Stage, Topic, Update
from digest.staff import APPROVERS, WRITERS, has_role, role_required

WORDS = ("title", "subject", "preheader", "note")


@require_safe
@role_required(*WRITERS)
def draft(request: HttpRequest, topic: str) -> HttpResponse:
    """The draft with its reasons, its checks and its preview; or how to get one."""
    found = get_object_or_404(Topic, slug=topic)
    update = _open_draft(found)
    if update is None:
        last = drafting.last_approved(found)
        return render(request, "desk/no_draft.html", {"topic": found, "last": last})
    page: dict[str, object] = {
        "topic": found,
        "update": update,
        "items": _with_folds(update),
        "proof": proof.of_draft(update),
        "show": preview.wanted(request),
        "ways": list(preview.Way),
        "depths": Depth,
        "may_approve": has_role(request.user, *APPROVERS),
    }
    return render(request, "desk/draft.html", page)


def _with_folds(update: Update) -> list[tuple[Item, list[Fold]]]:
    """Each item with what is folded into it."""
    folds: dict[int, list[Fold]] = {}
    for fold in update.shown_folds():
        folds.setdefault(fold.into_id, []).append(fold)
    items = update.items.select_related("briefing", "changed_since")
    return [(item, folds.get(item.briefing_id, [])) for item in items]


@require_POST
@role_required(*WRITERS)
def assemble(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Draft the topic's next update, or draft it again; an editor's hand is kept."""
    found = get_object_or_404(Topic, slug=topic)
    return _doing(request, found, lambda by: drafting.draft(found, by=by), "")


@require_POST
@role_required(*WRITERS)
def discard(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Throw the draft away; its briefings are candidates again."""
    found, update = _draft_or_404(topic)
    return _doing(
        request,
        found,
        lambda by: drafting.discard(update, by=by),
        "Thrown away. Its briefings are candidates again.",
    )


@require_POST
@role_required(*WRITERS)
def reword(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Set title, subject, preheader and note; an empty one of the first three is made by rule."""
    found, update = _draft_or_404(topic)
    typed = {name: _typed(request, name) for name in WORDS if name in request.POST}
    was = {name: _typed(request, f"was_{name}") for name in typed if f"was_{name}" in request.POST}
    now = {name: getattr(update, name) for name in typed}
    mine = [name for name in typed if typed[name] not in {was.get(name), now[name]}]
    taken = [name for name in mine if name in was and now[name] != was[name]]
    for name in taken:
        messages.error(
            request,
            f"Somebody else has changed the {name} meanwhile; it says “{now[name]}” and was kept. "
            "Load the page again to change it.",
        )
    fresh = {name: typed[name] for name in mine if name not in taken}
    if not fresh:
        return _back(found, "words")
    return _doing(
        request, found, lambda by: arranging.reword(update, by, **fresh), "Saved.", "words"
    )


@require_POST
@role_required(*WRITERS)
def item(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Do one thing to one item of the draft, named by ``do``."""
    found, update = _draft_or_404(topic)
    act = _acts(request, update, slug).get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    return _doing(request, found, act, "", f"item-{slug}")


def _acts(request: HttpRequest, update: Update, slug: str) -> dict[str, Callable[[str], object]]:
    """What an editor may do to an item."""
    post = request.POST
    return {
        "up": lambda by: arranging.move(update, slug, -1, by),
        "down": lambda by: arranging.move(update, slug, 1, by),
        "pin": lambda by: arranging.pin(update, slug, True, by),
        "unpin": lambda by: arranging.pin(update, slug, False, by),
        "drop": lambda by: arranging.drop(update, slug, by),
        "include": lambda by: arranging.include(update, slug, by),
        "fold": lambda by: arranging.fold(update, slug, _typed(request, "into"), by),
        "split": lambda by: arranging.split(update, slug, by),
        "apart": lambda by: arranging.keep_apart(update, slug, _typed(request, "into"), by),
        "depth": lambda by: arranging.set_depth(update, slug, _depth(post.get("depth", "")), by),
        "reword": lambda by: arranging.override(
            update, slug, _typed(request, "headline"), _typed(request, "summary"), by
        ),
    }


def _depth(name: str) -> str:
    if name not in Depth.values:
        raise Refused(f"There is no depth {name[:20]!r}; nothing was changed.")
    return name


@require_POST
@role_required(*WRITERS)
def test(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Ask for test mails of the draft."""
    found, update = _draft_or_404(topic)
    addresses = request.POST.get("addresses", "").replace(",", " ").replace(";", " ").split()
    return _doing(
        request,
        found,
        lambda by: requesting.request_test(update, addresses, by),
        "Asked for. The test is in the inbox within seconds, marked [Test].",
        "test",
    )


@require_POST
@role_required(*APPROVERS)
def approve(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Approve what was seen: a draft that has changed since is refused."""
    found, update = _draft_or_404(topic)
    by = request.user.get_username()
    try:
        approved = approval.approve(
            update,
            by,
            at=_due(request, found),
            segments=_segments(request),
            rate=_rate(request),
            despite=_typed(request, "despite"),
            seen_hash=_seen(request),
        )
    except DigestError as problem:
        messages.error(request, str(problem))
        return _back(found, "approve")
    messages.success(request, f"Approved as Update #{approved.number}.")
    return redirect(f"/desk/{found.slug}/{approved.number}/")


def _due(request: HttpRequest, topic: Topic) -> dt.datetime | None:
    """When it is to go out; None is its schedule's time. A time is typed in the topic's zone."""
    chosen = request.POST.get("when")
    if chosen != "at":
        if _typed(request, "at"):
            raise Refused(
                "You chose another time than the one you gave; nothing was approved. Choose one "
                "of them."
            )
        return None if chosen == "planned" else timezone.now()
    try:
        typed = dt.datetime.fromisoformat(_typed(request, "at"))
    except ValueError:
        raise Refused("That is no day and time; nothing was approved. Choose both.") from None
    due = typed.replace(tzinfo=ZoneInfo(topic.zone))
    if due < timezone.now():
        raise Refused("That time is past; nothing was approved. Choose a later one, or now.")
    return due


def _segments(request: HttpRequest) -> list[str]:
    typed = request.POST.getlist("segments") + request.POST.get("segment_names", "").split(",")
    return list(dict.fromkeys(name.strip() for name in typed if name.strip()))


def _rate(request: HttpRequest) -> float | None:
    typed = _typed(request, "rate")
    if not typed:
        return None
    try:
        rate = float(typed)
    except ValueError:
        rate = 0
    if not 0 < rate < 1_000_000:
        raise Refused("The rate is a number of messages a second; nothing was approved.")
    return rate


def _seen(request: HttpRequest) -> str:
    seen = _typed(request, "seen")
    if not seen:
        raise Refused("Open the draft and look at it; nothing was approved.")
    return seen


# ---- shared by the forms ---------------------------------------------------------------------


def _open_draft(topic: Topic) -> Update | None:
    return topic.updates.select_related("topic").filter(stage=Stage.DRAFT).first()


def _draft_or_404(slug: str) -> tuple[Topic, Update]:
    topic = get_object_or_404(Topic, slug=slug)
    update = _open_draft(topic)
    if update is None:
        raise Http404
    return topic, update


def _typed(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()


def _doing(
    request: HttpRequest, topic: Topic, act: Callable[[str], object], said: str, place: str = ""
) -> HttpResponseBase:
    """Do it as whoever is signed in, say how it went, and lead back to the draft."""
    try:
        act(request.user.get_username())
    except DigestError as problem:
        messages.error(request, str(problem))
    else:
        if said:
            messages.success(request, said)
    return _back(topic, place)


def _back(topic: Topic, place: str = "") -> HttpResponseBase:
    return redirect(f"/desk/{topic.slug}/draft/{'#' if place else ''}{place}")
