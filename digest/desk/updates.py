"""The list of a topic's updates, the newest first; what became of each mailing the queue adds."""

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from digest.models import Stage, Topic, Update
from digest.staff import WRITERS, role_required

PAGE = 50


@require_safe
@role_required(*WRITERS)
def updates(request: HttpRequest, topic: str) -> HttpResponse:
    """The topic's numbered updates; ``q`` searches, ``before`` turns the page."""
    found = get_object_or_404(Topic, slug=topic)
    q = request.GET.get("q", "").replace("\0", "").strip()[:200]
    before = _number(request.GET.get("before", ""))
    rows = list(_search(found, q, before)[: PAGE + 1])
    page = {
        "topic": found,
        "updates": rows[:PAGE],
        "last": rows[0].number if rows else 0,
        "first": rows[:PAGE][-1].number if rows else 0,
        "older": rows[PAGE - 1].number if len(rows) > PAGE else None,
        "q": q,
    }
    return render(request, "desk/update/list.html", page)


def _search(topic: Topic, q: str, before: int | None) -> QuerySet[Update]:
    kept = [Stage.APPROVED, Stage.SENT]
    rows = topic.updates.filter(stage__in=kept).order_by("-number").annotate(size=Count("items"))
    rows = rows.defer("left_out", "likely", "note").select_related("topic")
    if before is not None:
        rows = rows.filter(number__lt=before)
    if not q:
        return rows
    number = _number(q.removeprefix("#"))
    named = Q(title__icontains=q) | Q(subject__icontains=q)
    named |= Q(items__headline__icontains=q) | Q(items__briefing__headline__icontains=q)
    found = topic.updates.filter(named if number is None else named | Q(number=number))
    return rows.filter(pk__in=found.values("pk"))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
