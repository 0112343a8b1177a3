"""The readers' pages at personal links: confirm, preferences, unsubscribe.

GET shows a button and changes nothing, so that scanners which open every link do no harm; POST
acts. None needs a script, a session or a cookie: the link is the credential, so there is no CSRF
token to check.
"""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest.rendering import language
from subscribers import addresses, links, preferences, signup
from subscribers import unsubscribe as leaving
from subscribers.models import Subscription
from subscribers.signup_page import LONGEST_NAME, METHODS, one_line
from subscribers.tokens import Purpose

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The form field of a mail program's own button (RFC 8058 section 3.2)."""


def _personal(
    purpose: Purpose,
) -> Callable[[Callable[[HttpRequest, Subscription], HttpResponse]], Callable[..., HttpResponse]]:
    """A page at a personal link: its view gets the subscription, any dead link one and the
    same page, and nobody keeps a copy."""

    def guard(
        view: Callable[[HttpRequest, Subscription], HttpResponse],
    ) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @never_cache
        @require_http_methods(METHODS)
        @functools.wraps(view)
        def guarded(request: HttpRequest, token: str) -> HttpResponse:
            about = links.subscription(purpose, token)
            if about is None:
                response = render(request, "reader/gone.html", status=404)
            else:
                response = view(request, about)
            response["X-Robots-Tag"] = "noindex, nofollow"
            response["Referrer-Policy"] = "no-referrer"
            return response

        return guarded

    return guard


@_personal(Purpose.CONFIRM)
def confirm(request: HttpRequest, about: Subscription) -> HttpResponse:
    """Say that it was oneself who asked. The link's own topic, and others where ticked."""
    person = about.subscriber
    if request.method != "POST":
        asked = {
            "others": [one.topic for one in signup.asked_for(person) if one.id != about.id],
            "wording": signup.words_agreed_to(about),
            "is_new": not person.subscriptions.exclude(confirmed_at=None).exists(),
            "name": person.name,
            "longest_name": LONGEST_NAME,
        }
        return render(request, "reader/confirm.html", _about(about) | asked)
    name = request.POST.get("name")
    confirmed = signup.confirm(
        person,
        {about.topic.slug, *request.POST.getlist("topic")},
        None if name is None else one_line(name, LONGEST_NAME),
    )
    return render(request, "reader/confirmed.html", _about(about) | {"topics": confirmed})


@_personal(Purpose.UNSUBSCRIBE)
def unsubscribe(request: HttpRequest, about: Subscription) -> HttpResponse:
    """Leave a topic, or all; undo it. A mail program's POST (RFC 8058) leaves the topic."""
    if request.method != "POST":
        return render(request, "reader/unsubscribe.html", _about(about))
    field, value = ONE_CLICK
    if request.POST.get(field) == value:
        leaving.leave(about.subscriber_id, about.topic_id, why="the mail program's button")
        said = language.words(about.topic.language).gettext("You are unsubscribed.")
        return HttpResponse(f"{said}\n", content_type="text/plain; charset=utf-8")
    if "undo" in request.POST:
        leaving.come_back(about)
    else:
        topic_id = None if "all" in request.POST else about.topic_id
        leaving.leave(about.subscriber_id, topic_id, why=request.POST.get("why", ""))
    about.refresh_from_db()
    return render(request, "reader/unsubscribe.html", _about(about) | {"done": True})


@_personal(Purpose.PREFERENCES)
def choose(request: HttpRequest, about: Subscription) -> HttpResponse:
    """The reader's own page: topics, and leaving them all."""
    person = about.subscriber
    if "all" in request.POST:
        leaving.leave(person.id)
    elif request.method == "POST":
        preferences.choose(person, request.POST.getlist("topic"))
    shown = {"choices": preferences.choices(person), "done": request.method == "POST"}
    return render(request, "reader/preferences.html", _about(about) | shown)


def _about(about: Subscription) -> dict[str, object]:
    """What every personal page shows. The address is masked: mails are forwarded."""
    return {
        "topic": about.topic,
        "lang": about.topic.language,
        "subscription": about,
        "address": addresses.masked(about.subscriber.email or ""),
        "can_come_back": leaving.can_come_back(about),
        "left": not about.is_kept and not about.is_asked_for,
        "preferences_path": links.path(Purpose.PREFERENCES, about),
    }
