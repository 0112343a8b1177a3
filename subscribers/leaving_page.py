"""The page to leave a topic, or all; and where a mail program's own button posts to."""

from django.http import HttpRequest, HttpResponse

from digest.rendering import language
from subscribers import personal, unsubscribe
from subscribers.links import Link
from subscribers.locales import spoken
from subscribers.models import LeavingReason
from subscribers.tokens import Purpose

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The form field of a mail program's own button (RFC 8058 section 3.2)."""


@personal.page(Purpose.UNSUBSCRIBE)
def leave(request: HttpRequest, link: Link) -> HttpResponse:
    """Leave a topic, or all; undo it; say why. A mail program's POST (RFC 8058) leaves at once."""
    if request.method != "POST":
        return _shown(request, link)
    person, topic, posted = link.person, link.topic, request.POST
    field, value = ONE_CLICK
    if posted.get(field) == value:
        return _one_click(link)
    told = False
    if "undo" in posted:
        assert link.subscription is not None, "links.opened gives none without"
        unsubscribe.come_back(link.subscription)
    elif "tell" in posted:
        words = posted.get("why", "")
        told = unsubscribe.tell(person.id, topic.id, posted.get("code", ""), words)
    else:
        unsubscribe.leave(person.id, None if "all" in posted else topic.id)
    return _shown(request, link, done=True, told=told)


def _one_click(link: Link) -> HttpResponse:
    unsubscribe.leave(link.person.id, link.topic.id, LeavingReason.ONE_CLICK)
    said = language.words(spoken(link.person, link.topic)).gettext("You are unsubscribed.")
    return HttpResponse(f"{said}\n", content_type="text/plain; charset=utf-8")


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
        can_come_back=unsubscribe.can_come_back(about),
        several=sum(one.is_kept for one in theirs) > 1,
        reasons=[(code, gettext(words)) for code, words in unsubscribe.ASKED.items()],
    )
