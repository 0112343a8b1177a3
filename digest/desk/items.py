"""What an editor does to one item of the draft, or to a section of it.

Each is a plain POST that leads back to the draft; what goes wrong is said there.
"""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST

from digest import arranging, ordering
from digest.depths import Depth
from digest.desk import conflicts, undo
from digest.desk.drafts import answered
from digest.desk.posts import doing, draft_or_404, typed
from digest.errors import Refused
from digest.models import Update
from digest.staff import WRITERS, role_required


@require_POST
@role_required(*WRITERS)
def item(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Do one thing to one item of the draft, named by ``do``."""
    found, update = draft_or_404(topic)
    act = _acts(request, update, slug).get(request.POST.get("do", ""))
    if act is None:
        raise Http404
    return answered(request, found, doing(request, found, act, "", f"item-{slug}"))


@require_POST
@role_required(*WRITERS)
def section(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Call a section otherwise; without a name its items join the one above."""
    found, update = draft_or_404(topic)
    name, to = typed(request, "section"), typed(request, "name")
    return doing(
        request, found, lambda by: ordering.rename_section(update, name, to, by), "", "items-title"
    )


@require_POST
@role_required(*WRITERS)
def take_back(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Undo what was done last, while nothing else was."""
    found, update = draft_or_404(topic)
    last = undo.of(request, update)
    if last is None:
        return doing(request, found, _nothing_to_undo, "")
    act = lambda by: undo.act(update, last, by)  # noqa: E731 - as in ``_acts``
    return doing(request, found, act, "", f"item-{last['slug']}")


def _nothing_to_undo(_by: str) -> None:
    raise Refused("There is nothing to undo any more; nothing was changed.")


def _acts(request: HttpRequest, update: Update, slug: str) -> dict[str, Callable[[str], object]]:
    """What an editor may do to an item."""
    post = request.POST
    return {
        "up": lambda by: ordering.move(update, slug, -1, by),
        "down": lambda by: ordering.move(update, slug, 1, by),
        "place": lambda by: _place(request, update, slug, by),
        "section": lambda by: ordering.to_section(update, slug, typed(request, "section"), by),
        "pin": lambda by: arranging.pin(update, slug, True, by),
        "unpin": lambda by: arranging.pin(update, slug, False, by),
        "drop": lambda by: undo.keep_drop(request, update, slug, by),
        "include": lambda by: arranging.include(
            update, slug, by, anyway=typed(request, f"anyway.{slug}")
        ),
        "fold": lambda by: arranging.fold(update, slug, typed(request, "into"), by),
        "split": lambda by: arranging.split(update, slug, by),
        "apart": lambda by: arranging.keep_apart(update, slug, typed(request, "into"), by),
        "depth": lambda by: arranging.set_depth(update, slug, _depth(post.get("depth", "")), by),
        "reword": lambda by: conflicts.own(request, update, slug, by),
    }


def _place(request: HttpRequest, update: Update, slug: str, by: str) -> None:
    """Where it was dropped; without a ``section`` in the form it stays in its own."""
    asked = typed(request, "index")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 6):
        raise Refused("There is no such place; nothing was moved.")
    under = typed(request, "section") if "section" in request.POST else None
    undo.keep_place(request, update, slug, int(asked), under, typed(request, "seen"), by)


def _depth(name: str) -> str:
    if name not in Depth.values:
        raise Refused(f"There is no depth {name[:20]!r}; nothing was changed.")
    return name
