"""The desk's list of briefings, and the form in which one is written and corrected."""

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from digest import continuity, holding, voiding, withdrawal
from digest.desk import briefing_form
from digest.desk.briefing_form import ROWS, BriefingForm
from digest.intake import store
from digest.models import Briefing, Topic
from digest.parts import BriefingData
from digest.staff import WRITERS, role_required
from digest.templatetags.house import place

PAGE = 50
SUGGESTED = 50
"""Tags, statuses and kinds that are offered while typing."""


@require_safe
@role_required(*WRITERS)
def briefings(request: HttpRequest, topic: str) -> HttpResponse:
    """The topic's briefings, the newest first; ``q`` searches, ``after`` turns the page."""
    found = get_object_or_404(Topic, slug=topic)
    q = request.GET.get("q", "").replace("\0", "").strip()[:200]
    rows = list(_after(_search(found, q), request.GET.get("after", ""))[: PAGE + 1])
    older = rows[PAGE - 1].pk if len(rows) > PAGE else None
    page = {"topic": found, "briefings": rows[:PAGE], "older": older, "q": q}
    if not q and "after" not in request.GET:
        page["held"] = _search(found, "").filter(withdrawn_at=None).exclude(held_at=None)[:PAGE]
    return render(request, "desk/briefings.html", page)


def _search(topic: Topic, q: str) -> QuerySet[Briefing]:
    rows = topic.briefings.select_related("carried_in").order_by("-published_at", "-pk")
    rows = rows.defer("body", "analysis", "perspectives", "extra")
    if not q:
        return rows
    return rows.filter(Q(headline__icontains=q) | Q(summary__icontains=q) | Q(slug__icontains=q))


def _after(rows: QuerySet[Briefing], last: str) -> QuerySet[Briefing]:
    """Those that come after the row with this id, found by its place and not by counting."""
    if not (last.isascii() and last.isdigit() and len(last) < 19):
        return rows
    mark = Briefing.objects.filter(pk=int(last)).first()
    if mark is None:
        return rows
    when = mark.published_at
    return rows.filter(Q(published_at__lt=when) | Q(published_at=when, pk__lt=mark.pk))


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*WRITERS)
def write(request: HttpRequest, topic: str) -> HttpResponseBase:
    """A new briefing."""
    found = get_object_or_404(Topic, slug=topic)
    if request.method != "POST":
        return _form(request, briefing_form.blank(found, timezone.now()), None)
    form = briefing_form.of_post(found, request.POST, None)
    if form.more:
        return _form(request, form, None)
    data = form.read()
    if data and found.briefings.filter(slug=data.slug).exists():
        form.errors["headline"] = (
            "There is a briefing with this headline already; change that one, or say it otherwise."
        )
        data = None
    if data is None:
        return _form(request, form, None)
    return _save(request, found, data, None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*WRITERS)
def briefing(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """One briefing, to be corrected."""
    found = _briefing(topic, slug)
    if request.method != "POST":
        return _form(request, briefing_form.of_data(found.topic, found.data), found)
    form = briefing_form.of_post(found.topic, request.POST, found.data)
    if form.more:
        return _form(request, form, found)
    data = form.read()
    if data and request.POST.get("seen") != found.content_hash:
        form.errors["whole"] = (
            "Somebody else has changed it since you opened it. Your words are below; saving "
            "again puts them over theirs, which stay in the history."
        )
        data = None
    if data is None:
        return _form(request, form, found)
    return _save(request, found.topic, data, found)


def _save(
    request: HttpRequest, topic: Topic, data: BriefingData, found: Briefing | None
) -> HttpResponseBase:
    result = store.keep(data, topic, by=request.user.get_username())
    said = {
        "created": "Saved. It is a candidate for the next update.",
        "updated": "Saved. What it said before is in its history.",
        "unchanged": "Nothing had changed.",
    }
    messages.success(request, said[result], extra_tags=_kept_as(topic, found))
    return redirect(f"/desk/{topic.slug}/briefings/{data.slug}/")


@require_safe
@role_required(*WRITERS)
def row(request: HttpRequest, topic: str, name: str) -> HttpResponse:
    """One more empty row of a repeated part, for a page that has scripts."""
    found = get_object_or_404(Topic, slug=topic)
    if name not in ROWS:
        raise Http404
    form = briefing_form.blank(found, timezone.now())
    return render(request, f"desk/rows/{name}.html", {"form": form, "index": 0})


@require_POST
@role_required(*WRITERS)
def withdraw(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Take a briefing out of everything that is still to come."""
    found = _briefing(topic, slug)
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
    found = _briefing(topic, slug)
    holding.release(found, by=request.user.get_username())
    messages.success(request, f"“{found.headline}” is a candidate for the next update now.")
    return redirect(f"/desk/{topic}/briefings/")


@require_POST
@role_required(*WRITERS)
def put_back(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """Undo a withdrawal."""
    found = _briefing(topic, slug)
    withdrawal.put_back(found, by=request.user.get_username())
    messages.success(request, "Put back. It is a candidate again.")
    return redirect(f"/desk/{topic}/briefings/{slug}/")


def _briefing(topic: str, slug: str) -> Briefing:
    return get_object_or_404(Briefing.objects.select_related("topic"), topic__slug=topic, slug=slug)


def _form(request: HttpRequest, form: BriefingForm, found: Briefing | None) -> HttpResponse:
    page = {
        "topic": form.topic,
        "form": form,
        "briefing": found,
        "seen": found.content_hash if found else "",
        "kept_as": _kept_as(form.topic, found),
        "versions": found.versions.all()[:20] if found else [],
        "timeline": continuity.timeline(found.pk, unsent=True) if found else [],
        "known": _known(form.topic),
        "zone": place(form.topic.zone),
    }
    return render(request, "desk/briefing.html", page, status=422 if form.errors else 200)


def _kept_as(topic: Topic, found: Briefing | None) -> str:
    """Under which name the browser keeps what is typed into the form (keep.js)."""
    return f"briefing {topic.slug}/{found.slug if found else '+'}"


def _known(topic: Topic) -> dict[str, Any]:
    """Words that this topic's briefings use already; any other may be typed."""
    recent = list(topic.briefings.order_by("-pk").only("tag", "status", "analysis")[:200])
    return {
        "tag": sorted({one.tag for one in recent if one.tag})[:SUGGESTED],
        "status": sorted({one.status for one in recent if one.status})[:SUGGESTED],
        "kind": sorted(
            {
                part["kind"]
                for one in recent
                for part in one.analysis.get("next", [])
                if part.get("kind")
            }
        )[:SUGGESTED],
    }
