"""The readers' pages: subscribe, confirm, preferences, unsubscribe.

GET shows a button and changes nothing, so that scanners which open every link do no harm; POST
acts. None needs a script, a session or a cookie: the link is the credential, and a sign-up may
come from a form on another site, so there is no CSRF token to check.
"""

import functools
from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest.errors import Refused
from digest.models import Topic
from digest.rendering import language
from subscribers import addresses, links, preferences, signup
from subscribers import unsubscribe as leaving
from subscribers.models import Subscription
from subscribers.tokens import Purpose

_METHODS = ["GET", "HEAD", "POST"]
ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The form field of a mail program's own button (RFC 8058 section 3.2)."""


@csrf_exempt
@require_http_methods(_METHODS)
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for topics. The answer is one and the same, whoever the address belongs to."""
    topics = list(Topic.objects.all())
    if request.method != "POST":
        chosen = request.GET.getlist("topic")
        return _form(request, _spoken(topics, chosen), topics, chosen)
    chosen = request.POST.getlist("topic") or [t.slug for t in topics if len(topics) == 1]
    wanted = [topic for topic in topics if topic.slug in chosen]
    lang = _posted_lang(request, topics) or _spoken(topics, chosen)
    address = request.POST.get("address", "")
    if not wanted:
        why = language.words(lang).gettext("Choose a topic.")
        return _form(request, lang, topics, chosen, address, topic_problem=why)
    # A field that people don't see and programs fill in: they are told what everybody is told.
    if not request.POST.get("website"):
        try:
            signup.ask(address, wanted, source="website", lang=lang)
        except Refused as problem:
            why = _in_words(problem, lang)
            return _form(request, lang, topics, chosen, address, address_problem=why)
    return render(request, "reader/asked.html", {"topics": wanted, "lang": lang})


def _spoken(topics: Sequence[Topic], chosen: Sequence[str]) -> str:
    """The language of the chosen topics; of all of them where none is."""
    meant = [topic for topic in topics if topic.slug in chosen] or topics
    return language.shared(topic.language for topic in meant)


def _posted_lang(request: HttpRequest, topics: Sequence[Topic]) -> str:
    """The language of the form that was sent, so that consent is kept in the words it showed."""
    lang = request.POST.get("lang", "")
    return lang if lang == "en" or lang in {topic.language for topic in topics} else ""


def _in_words(problem: Refused, lang: str) -> str:
    """Why an address was refused: exactly in English, in other languages that it was."""
    said = language.message("This is no address that can be mailed. Please look at it again.")
    translated = language.words(lang).gettext(said)
    return str(problem) if translated == said else translated


def _form(
    request: HttpRequest,
    lang: str,
    topics: Sequence[Topic],
    chosen: Sequence[str],
    address: str = "",
    **problems: str,
) -> HttpResponse:
    shown = {
        "topics": topics,
        "chosen": chosen if len(topics) > 1 else [topic.slug for topic in topics],
        "address": address[: addresses.LONGEST],
        "wording": signup.wording(lang),
        "lang": lang,
        **problems,
    }
    return render(request, "reader/subscribe.html", shown, status=400 if problems else 200)


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
        @require_http_methods(_METHODS)
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
        others = [one.topic for one in signup.asked_for(person) if one.id != about.id]
        return render(request, "reader/confirm.html", _about(about) | {"others": others})
    confirmed = signup.confirm(person, {about.topic.slug, *request.POST.getlist("topic")})
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
