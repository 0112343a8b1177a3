"""The draft on the desk: seen, arranged and worded.

Each form is a plain POST that leads back to the draft; what goes wrong is said there.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from digest import drafting, ordering, sections
from digest.depths import Depth
from digest.desk import (
    came_in,
    conflicts,
    inbox,
    mending,
    partner,
    proof,
    review,
    testing,
    together,
    undo,
)
from digest.desk.look import Look
from digest.desk.posts import doing, draft_or_404, open_draft
from digest.models import Fold, Item, Topic, Update
from digest.staff import WRITERS, role_required


@require_safe
@role_required(*WRITERS)
def draft(request: HttpRequest, topic: str) -> HttpResponse:
    """The draft with its reasons, its checks and its preview; or how to get one."""
    found = get_object_or_404(Topic, slug=topic)
    update = open_draft(found)
    if update is None:
        last = drafting.last_approved(found)
        return render(request, "desk/draft/no_draft.html", {"topic": found, "last": last})
    page = "desk/draft/live.html" if _is_live(request) else "desk/draft/page.html"
    return render(request, page, _shown(request, found, update))


def answered(request: HttpRequest, topic: Topic, way_back: HttpResponseBase) -> HttpResponseBase:
    """What a change is answered with: the way back or, on the page itself, what has changed."""
    update = open_draft(topic) if _is_live(request) else None
    if update is None:
        return way_back
    return render(request, "desk/draft/live.html", _shown(request, topic, update))


def _is_live(request: HttpRequest) -> bool:
    """Whether the page itself asks: for what a change may have touched, not for the page around."""
    return request.headers.get("HX-Target") == "draft"


def _shown(request: HttpRequest, topic: Topic, update: Update) -> dict[str, object]:
    company = together.shown(request, update)  # first: what comes while this is made is news
    q = request.GET.get("out", "").strip()[:100]
    out_seen = _out_seen(update, q)
    rows = _rows(update)
    items = [row.item for row in rows]
    proved = proof.of_draft(update, q)
    return {
        "topic": topic,
        "update": update,
        "rows": rows,
        "items": items,
        "order_seen": ordering.seen(update, items),
        "sections": list(dict.fromkeys(row.section for row in rows if row.section)),
        "proof": proved,
        "inbox": inbox.of_view(proved.view, update.planned_at) if proved.view else None,
        "mendings": mending.of(update, items, [*proved.blocking, *proved.warnings]),
        "came_in": came_in.since_assembled(update),
        "q": q,
        "out_seen": out_seen,
        "out_is_there": request.headers.get("Desk-Out") == out_seen,
        "undo": undo.of(request, update),
        "look": Look(request, update),
        "depths": Depth,
        **partner.shown(request, update),
        **testing.shown(request, update),
        **company,
        "conflicts": conflicts.of(request, update),
        **review.standing(request, update, proved.seen),
    }


class Row(NamedTuple):
    """An item of the arrangement, what is folded into it, and the section that it stands in.

    ``begins``: the section's heading stands above it.
    """

    item: Item
    folds: Sequence[Fold]
    section: str
    begins: bool


def _rows(update: Update) -> list[Row]:
    folds: dict[int, list[Fold]] = {}
    for fold in update.shown_folds():
        folds.setdefault(fold.into_id, []).append(fold)
    items = list(update.items.select_related("briefing", "changed_since"))
    standing = sections.standing(update, items)
    return [
        Row(item, folds.get(item.briefing_id, []), here, here != above)
        for item, here, above in zip(items, standing, ["", *standing], strict=False)
    ]


def _out_seen(update: Update, q: str) -> str:
    """What stands for the list of what is not in, so that it is sent again only when it changed."""
    return hashlib.sha256(json.dumps([update.left_out, q]).encode()).hexdigest()[:16]


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
    way_back = doing(request, found, lambda by: conflicts.words(request, update, by), "", "words")
    return answered(request, found, way_back)
