"""A topic's feeds on the desk: how each fares, and a hand to add, pause and remove them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from digest.desk import feed_days
from digest.errors import DigestError, Refused
from digest.feeds import Feed
from digest.intake import feed_sources, trying
from digest.intake.trying import Tried
from digest.models import Topic
from digest.staff import WRITERS, role_required


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*WRITERS)
def sources(request: HttpRequest, topic: str) -> HttpResponseBase:
    """The topic's feeds; a POST tries one, or adds it."""
    found = get_object_or_404(Topic, slug=topic)
    error, tried = "", None
    if request.method == "POST":
        try:
            if "choose" in request.POST or request.POST.get("do") == "try":
                tried = trying.look(found, _address(request))
            else:
                _add(request, found)
                return redirect(f"/desk/{topic}/sources/")
        except DigestError as problem:
            error = str(problem)
    return _page(request, found, error, tried)


@require_POST
@role_required(*WRITERS)
def source(request: HttpRequest, topic: str, number: int) -> HttpResponseBase:
    """Do one thing to a feed: what ``do`` says."""
    feed = get_object_or_404(Feed.objects.select_related("topic"), topic__slug=topic, pk=number)
    by = request.user.get_username()
    match request.POST.get("do"):
        case "fetch":
            feed_sources.ask_now(feed, by)
            messages.success(request, f"{feed} is read in a moment.")
        case "pause":
            feed_sources.pause(feed, by)
            messages.success(request, f"{feed} is left alone until you say otherwise.")
        case "change":
            _change(request, feed, by)
        case "remove":
            feed_sources.remove(feed, by)
            messages.success(request, f"{feed} is no source any more; its briefings stay.")
    return redirect(f"/desk/{topic}/sources/")


def _page(
    request: HttpRequest, topic: Topic, error: str, tried: Tried | None = None
) -> HttpResponse:
    feeds, now = list(topic.feeds.all()), timezone.now()
    days, brought = feed_days.days(feeds, topic.zone, now), feed_days.brought(feeds)
    again = error or tried
    page = {
        "topic": topic,
        "feeds": [(feed, days[feed.pk], brought[feed.pk]) for feed in feeds],
        # Looked at again every 2 seconds, but only while one is about to be read.
        "moves": any(one.is_about_to_be_read(now) for one in feeds),
        "held": topic.briefings.filter(withdrawn_at=None).exclude(held_at=None).count(),
        "error": error,
        "tried": tried,
        "typed": request.POST.dict() | {"url": _address(request)} if again else {"minutes": "30"},
    }
    return render(request, "desk/topics/sources.html", page, status=422 if error else 200)


def _address(request: HttpRequest) -> str:
    """The one that was chosen of a page's feeds, else the one that was typed."""
    return request.POST.get("choose") or request.POST.get("url", "")


def _add(request: HttpRequest, topic: Topic) -> None:
    feed_sources.add(
        topic,
        request.POST.get("url", ""),
        minutes=_minutes(request),
        hold="hold" in request.POST,
        by=request.user.get_username(),
    )
    messages.success(request, "Added. It is read in a moment.")


def _change(request: HttpRequest, feed: Feed, by: str) -> None:
    try:
        feed_sources.change(feed, minutes=_minutes(request), hold="hold" in request.POST, by=by)
    except Refused as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, f"{feed} is read every {feed.minutes} minutes.")


def _minutes(request: HttpRequest) -> int:
    typed = request.POST.get("minutes", "").strip()
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 8 else 0
