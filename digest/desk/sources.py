"""A topic's feeds on the desk: how each fares, and a hand to add, pause and remove them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from digest.errors import DigestError, Refused
from digest.feeds import Feed
from digest.intake import feed_sources
from digest.models import Topic
from digest.staff import WRITERS, role_required


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*WRITERS)
def sources(request: HttpRequest, topic: str) -> HttpResponseBase:
    """The topic's feeds; a POST adds one."""
    found = get_object_or_404(Topic, slug=topic)
    error = ""
    if request.method == "POST":
        try:
            _add(request, found)
        except DigestError as problem:
            error = str(problem)
        else:
            return redirect(f"/desk/{topic}/sources/")
    return _page(request, found, error)


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


def _page(request: HttpRequest, topic: Topic, error: str) -> HttpResponse:
    feeds = list(topic.feeds.all())
    page = {
        "topic": topic,
        "feeds": feeds,
        # Looked at again every 2 seconds, but only while one is about to be read.
        "moves": any(one.is_about_to_be_read(timezone.now()) for one in feeds),
        "held": topic.briefings.filter(withdrawn_at=None).exclude(held_at=None).count(),
        "error": error,
        "typed": request.POST if error else {"minutes": "30"},
    }
    return render(request, "desk/sources.html", page, status=422 if error else 200)


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
