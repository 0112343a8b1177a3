"""The page to leave a topic, or all; and where a mail program's own button posts to."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest.rendering import language
from subscribers import tokens, unsubscribe
from subscribers.links import Link
from subscribers.locales import spoken
from subscribers.models import LeavingReason
from subscribers.pages import personal
from subscribers.tokens import Purpose

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The form field of a mail program's own button (RFC 8058 section 3.2)."""


@csrf_exempt
@never_cache
@require_http_methods(personal.METHODS)
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """A mail program's own button, or the page."""
    field, value = ONE_CLICK
    if request.method == "POST" and request.POST.get(field) == value:
        return _one_click(request, token)
    answer: HttpResponse = _page(request, token)
    return answer


def _one_click(request: HttpRequest, token: str) -> HttpResponse:
    """Leave the topic. One statement, where there is anything to leave: after a mailing they come
    by the thousand. Nobody reads the answer."""
    claim = tokens.verify(Purpose.UNSUBSCRIBE, token)
    why = LeavingReason.ONE_CLICK
    if claim and unsubscribe.leave(claim.subscriber_id, claim.topic_id, why):
        return personal.private(_left())
    answer: HttpResponse = _again(request, token)
    return answer


@personal.page(Purpose.UNSUBSCRIBE)
def _again(_request: HttpRequest, _link: Link) -> HttpResponse:
    """They had left before."""
    return _left()


def _left() -> HttpResponse:
    return HttpResponse("You are unsubscribed.\n", content_type="text/plain; charset=utf-8")


@personal.page(Purpose.UNSUBSCRIBE)
def _page(request: HttpRequest, link: Link) -> HttpResponse:
    """Leave a topic, or all; undo it; say why. A link from before they were revoked only leaves:
    whoever holds it may not be its reader."""
    if request.method != "POST":
        return _shown(request, link)
    person, topic, posted = link.person, link.topic, request.POST
    told = False
    if "undo" in posted:
        assert link.subscription is not None, "links.opened gives none without"
        if link.is_current:
            unsubscribe.come_back(link.subscription)
    elif "tell" in posted:
        words = posted.get("why", "")
        told = link.is_current and unsubscribe.tell(
            person.id, topic.id, posted.get("code", ""), words
        )
    else:
        unsubscribe.leave(person.id, None if "all" in posted else topic.id)
    return _shown(request, link, done=True, told=told)


def _shown(
    request: HttpRequest, link: Link, *, done: bool = False, told: bool = False
) -> HttpResponse:
    gettext = language.words(spoken(link.person, link.topic)).gettext
    theirs = list(link.person.subscriptions.all())
    (about,) = (one for one in theirs if one.topic_id == link.topic.id)
    return personal.shown(
        request,
        "unsubscribe",
        link._replace(subscription=about),
        done=done,
        told=told,
        left=not about.is_kept and not about.is_asked_for,
        can_come_back=link.is_current and unsubscribe.can_come_back(about),
        several=sum(one.is_kept for one in theirs) > 1,
        reasons=[(code, gettext(words)) for code, words in unsubscribe.ASKED.items()],
    )
