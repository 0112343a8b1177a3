"""What happens while a briefing is being typed: it is kept, looked at and measured, never saved."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from digest import readable, unsaved
from digest.briefings import Briefing
from digest.desk import briefing, briefing_form, posts, story_preview, uploads
from digest.desk.briefing_form import BriefingForm
from digest.models import Topic
from digest.staff import WRITERS, role_required
from digest.unsaved import UnsavedBriefing


@require_POST
@role_required(*WRITERS)
def typed(request: HttpRequest, topic: str, slug: str = "") -> HttpResponse:
    """Keep what stands in the form as this person's unsaved work, and say what it comes to."""
    found = briefing.named(topic, slug) if slug else None
    of = found.topic if found else get_object_or_404(Topic, slug=topic)
    form = briefing_form.of_post(of, request.POST, found.data if found else None)
    row, is_empty = _kept(request, form, found)
    data = form.lenient(timezone.now())
    page = briefing.told(form, found, data)
    page |= {"topic": of, "briefing": found, "kept": row, "is_empty": is_empty}
    response = render(request, "desk/briefings/typed.html", page)
    if row and not found:
        response["HX-Replace-Url"] = f"/desk/{topic}/write/?unsaved={row.pk}"
    return response


def _kept(
    request: HttpRequest, form: BriefingForm, found: Briefing | None
) -> tuple[UnsavedBriefing | None, bool]:
    """The row, if the form says anything that is not saved; and whether it doesn't."""
    by, key = request.user.get_username(), _number(request.POST.get("unsaved", ""))
    blank = briefing_form.blank(form.topic, timezone.now())
    saved = briefing_form.of_data(form.topic, found.data) if found else blank
    if not found:  # its time alone is nothing that anybody wrote
        saved.texts["published_at"] = form.texts["published_at"]
    if form.says_the_same_as(saved):
        unsaved.drop(form.topic, found, by, key)
        return None, True
    seen = posts.typed(request, "seen")[:64]
    row = unsaved.keep(form.topic, found, by, form.typed, seen=seen, key=key)
    if row and briefing.is_saved_meanwhile(form, found, by):
        row.delete()
        return None, True
    return row, False


@require_safe
@role_required(*WRITERS)
@xframe_options_sameorigin
def preview(request: HttpRequest, topic: str, slug: str = "", number: int = 0) -> HttpResponse:
    """The story as the mail shows it: this person's unsaved work, else what is saved."""
    by = request.user.get_username()
    found = briefing.named(topic, slug) if slug else None
    of = found.topic if found else get_object_or_404(Topic, slug=topic)
    mine = [one for one in unsaved.of(of, found) if one.by == by and (found or one.pk == number)]
    if mine:
        form = briefing_form.of_typed(of, mine[0].typed, found.data if found else None)
    elif found:
        form = briefing_form.of_data(of, found.data)
    else:
        form = briefing_form.blank(of, timezone.now())
    return story_preview.framed(request, of, found, form.lenient(timezone.now()))


@require_safe
@role_required(*WRITERS)
def look(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """A colleague's unsaved work, held against what is saved."""
    row = get_object_or_404(
        UnsavedBriefing.objects.select_related("topic", "briefing__topic"),
        topic__slug=topic,
        pk=number,
    )
    before = row.briefing.data if row.briefing else None
    data = briefing_form.of_typed(row.topic, row.typed, before).lenient(timezone.now())
    zone = row.topic.zone
    parts = readable.differing(before, data, zone) if before else readable.filled(data, zone)
    page = {"topic": row.topic, "row": row, "briefing": row.briefing, "parts": parts}
    return render(request, "desk/briefings/unsaved.html", page)


@require_POST
@role_required(*WRITERS)
def forget(request: HttpRequest, topic: str, number: int) -> HttpResponseBase:
    """Throw one's own unsaved work away."""
    row = get_object_or_404(
        UnsavedBriefing.objects.select_related("topic", "briefing"),
        topic__slug=topic,
        pk=number,
        by=request.user.get_username(),
    )
    messages.success(
        request,
        "Thrown away. This is what is saved." if row.briefing else "Thrown away.",
        extra_tags=briefing.kept_as(row.topic, row.briefing),
    )
    row.delete()
    return redirect(f"/desk/{topic}/briefings/" + (f"{row.briefing.slug}/" if row.briefing else ""))


@require_POST
@role_required(*WRITERS)
def picture(request: HttpRequest, topic: str) -> HttpResponse:
    """Take in a picture, and answer with the form's fields for it."""
    of = get_object_or_404(Topic, slug=topic)
    form = briefing_form.of_post(of, request.POST, None)
    given = request.FILES.get("picture")
    if given is None:
        raise Http404
    uploads.take(form, given)
    return render(request, "desk/briefings/picture.html", {"form": form, "topic": of})


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
