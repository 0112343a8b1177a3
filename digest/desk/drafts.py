"""The draft on the desk: seen, arranged and worded.

Each form is a plain POST that leads back to the draft; what goes wrong is said there.
"""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from digest import arranging, drafting, ordering
from digest.desk import partner, preview, proof
from digest.desk.posts import back, doing, draft_or_404, open_draft, typed
from digest.errors import Refused
from digest.models import Depth, Fold, Item, Topic, Update
from digest.staff import APPROVERS, WRITERS, has_role, role_required

WORDS = ("title", "subject", "preheader", "note")


@require_safe
@role_required(*WRITERS)
def draft(request: HttpRequest, topic: str) -> HttpResponse:
    """The draft with its reasons, its checks and its preview; or how to get one."""
    found = get_object_or_404(Topic, slug=topic)
    update = open_draft(found)
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
        **partner.shown(update),
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
    return doing(request, found, lambda by: drafting.draft(found, by=by), "")


@require_POST
@role_required(*WRITERS)
def discard(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Throw the draft away; its briefings are candidates again."""
    found, update = draft_or_404(topic)
    return doing(
        request,
        found,
        lambda by: drafting.discard(update, by=by),
        "Thrown away. Its briefings are candidates again.",
    )


@require_POST
@role_required(*WRITERS)
def reword(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Set title, subject, preheader and note; an empty one of the first three is made by rule."""
    found, update = draft_or_404(topic)
    texts = {name: typed(request, name) for name in WORDS if name in request.POST}
    was = {name: typed(request, f"was_{name}") for name in texts if f"was_{name}" in request.POST}
    now = {name: getattr(update, name) for name in texts}
    mine = [name for name in texts if texts[name] not in {was.get(name), now[name]}]
    taken = [name for name in mine if name in was and now[name] != was[name]]
    for name in taken:
        messages.error(
            request,
            f"Somebody else has changed the {name} meanwhile; it says “{now[name]}” and was kept. "
            "Load the page again to change it.",
        )
    fresh = {name: texts[name] for name in mine if name not in taken}
    if not fresh:
        return back(found, "words")
    return doing(
        request, found, lambda by: arranging.reword(update, by, **fresh), "Saved.", "words"
    )


@require_POST
@role_required(*WRITERS)
def item(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Do one thing to one item of the draft, named by ``do``."""
    found, update = draft_or_404(topic)
    act = _acts(request, update, slug).get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    return doing(request, found, act, "", f"item-{slug}")


def _acts(request: HttpRequest, update: Update, slug: str) -> dict[str, Callable[[str], object]]:
    """What an editor may do to an item."""
    post = request.POST
    return {
        "up": lambda by: ordering.move(update, slug, -1, by),
        "down": lambda by: ordering.move(update, slug, 1, by),
        "pin": lambda by: arranging.pin(update, slug, True, by),
        "unpin": lambda by: arranging.pin(update, slug, False, by),
        "drop": lambda by: arranging.drop(update, slug, by),
        "include": lambda by: arranging.include(update, slug, by),
        "fold": lambda by: arranging.fold(update, slug, typed(request, "into"), by),
        "split": lambda by: arranging.split(update, slug, by),
        "apart": lambda by: arranging.keep_apart(update, slug, typed(request, "into"), by),
        "depth": lambda by: arranging.set_depth(update, slug, _depth(post.get("depth", "")), by),
        "reword": lambda by: arranging.override(
            update, slug, typed(request, "headline"), typed(request, "summary"), by
        ),
    }


def _depth(name: str) -> str:
    if name not in Depth.values:
        raise Refused(f"There is no depth {name[:20]!r}; nothing was changed.")
    return name
