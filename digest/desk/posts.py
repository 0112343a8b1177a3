"""What the desk's forms of a draft share: the draft, what was typed, and the way back."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect

from digest.desk import undo
from digest.errors import DigestError
from digest.models import Stage, Topic, Update


def open_draft(topic: Topic) -> Update | None:
    """The topic's draft, if it has one."""
    return topic.updates.select_related("topic").filter(stage=Stage.DRAFT).first()


def draft_or_404(slug: str) -> tuple[Topic, Update]:
    """The topic and its draft."""
    topic = get_object_or_404(Topic, slug=slug)
    update = open_draft(topic)
    if update is None:
        raise Http404
    return topic, update


def typed(request: HttpRequest, name: str) -> str:
    """What was typed in a field, as one keeps it."""
    return request.POST.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()


def doing(
    request: HttpRequest, topic: Topic, act: Callable[[str], object], said: str, place: str = ""
) -> HttpResponseBase:
    """Do it as whoever is signed in, say how it went, and lead back to the draft."""
    undo.forget(request)
    try:
        act(request.user.get_username())
    except DigestError as problem:
        messages.error(request, str(problem))
    else:
        if said:
            messages.success(request, said)
    return back(topic, place)


def back(topic: Topic, place: str = "") -> HttpResponseBase:
    """To the draft, at one of its places."""
    return redirect(f"/desk/{topic.slug}/draft/{'#' if place else ''}{place}")
