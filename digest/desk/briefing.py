"""The form in which a briefing is written and corrected: opened, saved, and what stands in the way.

What happens while somebody types is in ``writing.py``.
"""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from digest import briefing_versions, closing, continuity, unsaved
from digest.briefings import Briefing
from digest.depths import Depth
from digest.desk import briefing_form, conflict, footnotes, saving, suggestions, uploads
from digest.desk.briefing_form import ROWS, BriefingForm
from digest.desk.conflict import Conflict
from digest.desk.posts import typed
from digest.intake import store
from digest.intake.slugs import slug_from
from digest.intake.store import Overtaken
from digest.models import Topic
from digest.parts import LINE, BriefingData
from digest.staff import WRITERS, role_required
from digest.templatetags.house import place
from digest.unsaved import UnsavedBriefing


@dataclass
class Opened:
    """A form on its way to the page, with what is to be said about it."""

    request: HttpRequest
    form: BriefingForm
    found: Briefing | None
    seen: str = ""
    mine: UnsavedBriefing | None = None
    others: list[UnsavedBriefing] = field(default_factory=list)
    clash: Conflict | None = None

    @property
    def by(self) -> str:
        """Who is at it."""
        return self.request.user.get_username()


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*WRITERS)
def write(request: HttpRequest, topic: str) -> HttpResponseBase:
    """A new briefing; ``unsaved`` names one that was begun."""
    found = get_object_or_404(Topic, slug=topic)
    if request.method != "POST":
        return shown(_opened(request, found, None))
    form = briefing_form.of_post(found, request.POST, None)
    opened = Opened(request, form, None, mine=_begun(request, found))
    if _is_busy(opened):
        return shown(opened)
    data = form.read()
    if data is None:
        return shown(opened)
    try:
        return _save(opened, data)
    except Overtaken:
        form.errors["headline"] = (
            "There is a briefing with this headline already; change that one, or say it otherwise."
        )
        return shown(opened)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*WRITERS)
def briefing(request: HttpRequest, topic: str, slug: str) -> HttpResponseBase:
    """One briefing, to be corrected; ``theirs`` begins with a colleague's unsaved work."""
    found = named(topic, slug)
    if request.method != "POST":
        return shown(_opened(request, found.topic, found))
    form = briefing_form.of_post(found.topic, request.POST, found.data)
    opened = Opened(request, form, found, typed(request, "seen"))
    if _is_taking(opened) or _is_busy(opened):
        return shown(opened)
    if opened.seen == found.content_hash:
        data = form.read()
        if data is None:
            return shown(opened)
        try:
            return _save(opened, data)
        except Overtaken:  # within this very moment
            opened.found = found = named(topic, slug)
    _settle(opened, found, opened.seen)
    return shown(opened)


def named(topic: str, slug: str) -> Briefing:
    """The briefing of an address."""
    rows = Briefing.objects.select_related("topic", "carried_in")
    return get_object_or_404(rows, topic__slug=topic, slug=slug)


# ---- opening -----------------------------------------------------------------------------------


def _opened(request: HttpRequest, topic: Topic, found: Briefing | None) -> Opened:
    """What is saved or, where this person left something unsaved, that."""
    by = request.user.get_username()
    left = unsaved.of(topic, found)
    theirs = [one for one in left if one.by != by]
    mine = next((one for one in left if one.by == by), None) if found else _begun(request, topic)
    asked = request.GET.get("theirs", "")
    source = next((one for one in theirs if str(one.pk) == asked), mine)
    before = found.data if found else None
    if source:
        form = briefing_form.of_typed(topic, source.typed, before)
    elif before:
        form = briefing_form.of_data(topic, before)
    else:
        form = briefing_form.blank(topic, timezone.now())
    seen = (source.seen if source else found.content_hash) if found else ""
    begun = [one for one in left if one.by == by and one != mine] if not found else []
    return Opened(request, form, found, seen, source, [*begun, *theirs])


def _begun(request: HttpRequest, topic: Topic) -> UnsavedBriefing | None:
    """The new briefing that this person has begun, where the address or the form names it."""
    key = request.POST.get("unsaved") or request.GET.get("unsaved", "")
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        return None
    rows = UnsavedBriefing.objects.filter(topic=topic, briefing=None)
    return rows.filter(pk=int(key), by=request.user.get_username()).first()


def shown(opened: Opened) -> HttpResponse:
    """The page of the form."""
    form, found, topic = opened.form, opened.found, opened.form.topic
    now = timezone.now()
    data = form.lenient(now)
    page: dict[str, Any] = {
        "topic": topic,
        "form": form,
        "briefing": found,
        "opened": opened,
        "seen": opened.seen,
        "kept_as": kept_as(topic, found),
        "timeline": continuity.timeline(found.pk, unsent=True) if found else [],
        "versions": briefing_versions.history(found)[:5] if found else [],
        "known": suggestions.known(topic),
        "zone": place(topic.zone),
        "depths": Depth,
        "blank": briefing_form.blank(topic, now),
        "row_names": list(ROWS),
    }
    page |= told(form, found, data)
    return render(
        opened.request, "desk/briefings/page.html", page, status=422 if _wrong(opened) else 200
    )


def told(form: BriefingForm, found: Briefing | None, data: BriefingData) -> dict[str, Any]:
    """What the page says of the words as they stand, while they are being typed too."""
    return {
        "consequences": saving.told(form.topic, found, data),
        "footnotes": footnotes.told(form.texts["body"]),
        "minutes": form.minutes,
        "closes": closing.closes(data.status, form.topic),
        "alike": suggestions.alike(form.topic, found, data),
    }


def kept_as(topic: Topic, found: Briefing | None) -> str:
    """Under which name the browser keeps what is typed into the form (keep.js)."""
    return f"briefing {topic.slug}/{found.slug if found else '+'}"


def _wrong(opened: Opened) -> bool:
    return bool(opened.form.errors or opened.clash)


# ---- without saving ----------------------------------------------------------------------------


def _is_busy(opened: Opened) -> bool:
    """Whether the form came for a row or a picture, or for a look, and is not to be saved yet."""
    form, request = opened.form, opened.request
    given = request.FILES.get("picture")
    if given and not uploads.take(form, given):
        return True
    return bool(form.more)


def _is_taking(opened: Opened) -> bool:
    """Whether somebody else's words for one part were asked for, and put into the form."""
    key = opened.request.POST.get("take", "")
    found = opened.found
    if found is None or key not in conflict.KEYS:
        return False
    conflict.take(opened.form, key, briefing_form.of_data(found.topic, found.data))
    _settle(opened, found, opened.request.POST.get("base", ""))
    return True


def _settle(opened: Opened, found: Briefing, base: str) -> None:
    """Join two people's changes; what can't be joined is put to whoever came second."""
    opened.clash = conflict.settle(opened.form, found, base, timezone.now())
    opened.seen = found.content_hash  # the next save knows of theirs


# ---- saving ------------------------------------------------------------------------------------


def _save(opened: Opened, data: BriefingData) -> HttpResponseBase:
    topic, found = opened.form.topic, opened.found
    over = found.content_hash if found else ""
    result = store.keep(data, topic, by=opened.by, over=over)
    unsaved.drop(topic, found, opened.by, opened.mine.pk if opened.mine else None)
    for row in unsaved.of(topic, None) if found is None else []:
        if row.by == opened.by and _tells(row.typed["texts"], opened.form.texts):
            row.delete()  # kept a moment ago, by a request that the page never saw answered
    said = {
        "created": "Saved. It is a candidate for the next update.",
        "updated": "Saved. What it said before is in its history.",
        "unchanged": "Nothing had changed.",
    }
    messages.success(opened.request, said[result], extra_tags=kept_as(topic, found))
    return redirect(f"/desk/{topic.slug}/briefings/{data.slug}/")


def is_saved_meanwhile(form: BriefingForm, found: Briefing | None, by: str) -> bool:
    """Whether this person has saved while their last words were still on their way to be kept."""
    if found is None:
        slug = slug_from(form.texts["headline"][:LINE])
        same = form.topic.briefings.filter(slug=slug).first()
        return same is not None and _tells(
            briefing_form.of_data(form.topic, same.data).texts, form.texts
        )
    now = named(form.topic.slug, found.slug)
    last = briefing_versions.history(now)[0]
    return now.content_hash != found.content_hash and last.by == by


def _tells(texts: dict[str, str], others: dict[str, str]) -> bool:
    """Whether both are the same new briefing."""
    parts = ("headline", "summary", "body")
    return all(texts.get(name, "").strip() == others[name].strip() for name in parts)
