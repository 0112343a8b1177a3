"""The desk's list of briefings: searched, filtered, paged; and what is done with one from there."""

from enum import Enum

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from digest import holding, searching, unsaved, voiding, withdrawal
from digest.briefings import Briefing
from digest.desk.briefing import named
from digest.models import Fold, Item, Stage, Topic
from digest.staff import WRITERS, role_required

PAGE = 50

FEW = 1_000
"""Finds that are counted and paged by their ids."""

_STANDS = Q(withdrawn_at=None, held_at=None)


class Standing(Enum):
    """Where briefings stand: the filter's key, its name, and what an empty list teaches."""

    ALL = "all", "All", ""
    # Not told yet, or changed since; taken in when the draft is assembled.
    WAITING = "waiting", "Waiting", "Whatever is new has been taken into the draft."
    # An item of the open draft, or folded into one.
    DRAFTED = "draft", "In the draft", "There is no open draft, or nothing in it yet."
    # Brought by a source that an editor wants to look at first.
    HELD = "held", "Held", "A source can be told to hold what it brings, until somebody has looked."
    # Taken back: goes into no further update.
    WITHDRAWN = "withdrawn", "Withdrawn", "What is withdrawn stays here, and can be put back."
    # An approved or sent update carried it.
    SENT = "sent", "Sent", "Briefings come here once an update that has them is approved."

    def __init__(self, key: str, label: str, empty: str) -> None:
        self.key = key
        self.label = label
        self.empty = empty

    def rule(self, drafted: list[int]) -> Q:
        """Which briefings those are; ``drafted`` are the ids of those in the open draft."""
        match self:
            case Standing.WAITING:
                news = Q(carried_in=None) | Q(moved_on=True)
                return _STANDS & news & ~Q(pk__in=drafted)
            case Standing.DRAFTED:
                return Q(pk__in=drafted)
            case Standing.HELD:
                return Q(withdrawn_at=None, held_at__isnull=False)
            case Standing.WITHDRAWN:
                return Q(withdrawn_at__isnull=False)
            case Standing.SENT:
                return Q(carried_in__isnull=False)
        return Q()


@require_safe
@role_required(*WRITERS)
def briefings(request: HttpRequest, topic: str) -> HttpResponse:
    """The topic's briefings, the newest first.

    ``q`` searches, ``show`` filters by standing, ``after`` turns the page.
    """
    found = get_object_or_404(Topic, slug=topic)
    q = request.GET.get("q", "").replace("\0", "").strip()[:200]
    show = next((one for one in Standing if one.key == request.GET.get("show")), Standing.ALL)
    drafted = _drafted(found)
    matching = _matching(found, q)
    listed = _listed(matching).filter(show.rule(drafted))
    rows = list(_after(listed, request.GET.get("after", ""))[: PAGE + 1])
    page = {
        "topic": found,
        "briefings": rows[:PAGE],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "q": q,
        "show": show,
        "standings": _counted(matching, drafted),
        "drafted": set(drafted),
    }
    if show is Standing.ALL and not q and "after" not in request.GET:
        page["begun"] = unsaved.of(found, None)
        page["held"] = _listed(matching).filter(Standing.HELD.rule(drafted))[:PAGE]
    return render(request, "desk/briefings/list.html", page)


def _matching(topic: Topic, q: str) -> QuerySet[Briefing]:
    """Those that the search finds; where they are few, all texts are looked through just once."""
    rows = searching.found(topic.briefings.all(), q)
    few = list(rows.order_by().values_list("pk", flat=True)[: FEW + 1]) if q else []
    return topic.briefings.filter(pk__in=few) if q and len(few) <= FEW else rows


def _listed(rows: QuerySet[Briefing]) -> QuerySet[Briefing]:
    rows = rows.select_related("carried_in").order_by("-published_at", "-pk")
    return rows.only(
        "topic", "slug", "headline", "summary", "tag", "status", "importance", "published_at",
        "moved_on", "withdrawn_at", "held_at", "carried_in__number",
    )  # fmt: skip


def _counted(rows: QuerySet[Briefing], drafted: list[int]) -> list[tuple[Standing, int]]:
    """How many stand where, in one look at them."""
    counts = rows.order_by().aggregate(
        **{one.name: Count("pk", filter=one.rule(drafted)) for one in Standing if one.rule(drafted)}
        | {Standing.ALL.name: Count("pk")}
    )
    return [(one, counts.get(one.name, 0)) for one in Standing]


def _drafted(topic: Topic) -> list[int]:
    """The briefings of the open draft, by their ids."""
    of = {"update__topic": topic, "update__stage": Stage.DRAFT}
    items = Item.objects.filter(**of).order_by().values_list("briefing")
    folds = Fold.objects.filter(**of).order_by().values_list("briefing")
    return [pk for (pk,) in items.union(folds)]


def _after(rows: QuerySet[Briefing], last: str) -> QuerySet[Briefing]:
    """Those that come after the row with this id, found by its place and not by counting."""
    if not (last.isascii() and last.isdigit() and len(last) < 19):
        return rows
    mark = Briefing.objects.filter(pk=int(last)).first()
    if mark is None:
        return rows
    when = mark.published_at
    return rows.filter(Q(published_at__lt=when) | Q(published_at=when, pk__lt=mark.pk))


@require_POST
@role_required(*WRITERS)
def withdraw(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Take a briefing out of everything that is still to come."""
    found = named(topic, slug)
    voided = withdrawal.withdraw(found, by=request.user.get_username())
    messages.success(request, "Withdrawn. Assemble an open draft again to take it out of there.")
    for update in voided:
        messages.warning(request, voiding.told(update))
    listed = request.POST.get("back") == "list"
    return redirect(f"/desk/{topic}/briefings/" + ("" if listed else f"{slug}/"))


@require_POST
@role_required(*WRITERS)
def release(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Let a briefing go that was held for an editor's look."""
    found = named(topic, slug)
    holding.release(found, by=request.user.get_username())
    messages.success(request, f"“{found.headline}” is a candidate for the next update now.")
    return redirect(f"/desk/{topic}/briefings/")


@require_POST
@role_required(*WRITERS)
def put_back(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Undo a withdrawal."""
    found = named(topic, slug)
    withdrawal.put_back(found, by=request.user.get_username())
    messages.success(request, "Put back. It is a candidate again.")
    return redirect(f"/desk/{topic}/briefings/{slug}/")
