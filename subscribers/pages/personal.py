"""What the pages at personal links have in common.

GET shows a button and changes nothing, so that scanners which open every link do no harm; POST
acts. None needs a script, a session or a cookie: the link is the credential. Mails are forwarded,
so a page shows nothing by which a stranger would know more of the reader.
"""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest.errors import Refused
from digest.models import Topic
from digest.rendering import language
from subscribers import addresses, links, specimen
from subscribers.links import Link
from subscribers.locales import spoken
from subscribers.tokens import Purpose

NO_ADDRESS = language.message("This is no address that can be mailed. Please look at it again.")
METHODS = ["GET", "HEAD", "POST"]
View = Callable[[HttpRequest, Link], HttpResponse]


def page(purpose: Purpose) -> Callable[[View], Callable[..., HttpResponse]]:
    """A page at a personal link: its view gets whose it is, any dead link one and the same page,
    and nobody keeps a copy."""

    def guard(view: View) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @never_cache
        @require_http_methods(METHODS)
        @functools.wraps(view)
        def guarded(request: HttpRequest, token: str) -> HttpResponse:
            link = links.opened(purpose, token)
            return private(view(request, link) if link else _nothing(request, purpose, token))

        return guarded

    return guard


def private(response: HttpResponse) -> HttpResponse:
    """The page, not to be indexed, nor to be named to whoever its links lead to."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _nothing(request: HttpRequest, purpose: Purpose, token: str) -> HttpResponse:
    """A link that leads nowhere; but one to leave says that all is done where its reader was
    erased, and that it got here where it is nobody's."""
    if purpose == Purpose.UNSUBSCRIBE and specimen.is_one(token):
        return specimen.answer(request)
    if purpose == Purpose.UNSUBSCRIBE and links.was_erased(token):
        return render(request, "reader/erased.html", {"lang": of_the_house()})
    return dead(request)


def dead(request: HttpRequest) -> HttpResponse:
    """What every link shows that leads nowhere, whatever the reason: the way to a new one."""
    return render(request, "reader/gone.html", {"lang": of_the_house()}, status=404)


def of_the_house() -> str:
    """The language of a page that knows nobody: that of all topics, else English."""
    return language.shared(Topic.objects.values_list("language", flat=True))


def shown(request: HttpRequest, name: str, link: Link, /, **more: object) -> HttpResponse:
    """A page of this link, in the reader's language, with the address masked."""
    about = {
        "topic": link.topic,
        "lang": spoken(link.person, link.topic),
        "subscription": link.subscription,
        "address": addresses.masked(link.person.email or ""),
        "preferences_path": links.path(Purpose.PREFERENCES, link) if link.is_current else "",
    }
    return render(request, f"reader/{name}.html", about | more)


def in_words(problem: Refused, lang: str) -> str:
    """Why an address was refused: exactly in English, in other languages that it was."""
    gettext = language.words(lang).gettext
    told, said = gettext(str(problem)), gettext(NO_ADDRESS)
    return told if told != str(problem) or said == NO_ADDRESS else said
