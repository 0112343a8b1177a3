"""The reader's own page: what they get, and how. Whoever a mail was forwarded to may see it, so
it shows nothing of the person, and all that it does can be undone."""

from email.utils import parseaddr

from django.http import HttpRequest, HttpResponse

from digest.errors import Refused
from digest.models import from_address
from digest.rendering import language
from subscribers import fresh_links, preferences, suppression, unsubscribe
from subscribers.links import Link
from subscribers.locales import spoken
from subscribers.pages import personal
from subscribers.tokens import Purpose


@personal.page(Purpose.PREFERENCES)
def choose(request: HttpRequest, link: Link) -> HttpResponse:
    """Topics, a pause, how updates come; and a letter with the link to all that is theirs alone."""
    person, posted = link.person, request.POST
    done, problem = request.method == "POST", ""
    if "all" in posted:
        unsubscribe.leave(person.id)
    elif "topics" in posted:
        preferences.choose(person, posted.getlist("topic"))
    elif "pause" in posted:
        problem = _pause(request, link)
    elif "resume" in posted:
        preferences.resume(person, posted.get("resume", ""))
    elif "reading" in posted:
        preferences.read(person, posted.get("depth", ""), posted.get("language", ""))
    elif "account" in posted:
        fresh_links.ask(person, link.topic)
        return personal.shown(request, "account_asked", link)
    else:
        done = False  # no button of this page
    return _shown(request, link, done=done and not problem, problem=problem)


def _pause(request: HttpRequest, link: Link) -> str:
    """Pause as asked; why not, in the reader's words."""
    posted, zone = request.POST, link.person.zone or link.topic.zone
    chosen, day = posted.get("for", ""), posted.get("day", "")
    if "again" in posted and chosen != "until":
        day = ""  # the one that was refused, still in its field; now they chose otherwise
    try:
        until = preferences.pause_end(chosen, day, zone)
    except Refused as problem:
        return language.words(spoken(link.person, link.topic)).gettext(str(problem))
    preferences.pause(link.person, until, posted.get("of", ""))
    return ""


def _shown(request: HttpRequest, link: Link, *, done: bool, problem: str) -> HttpResponse:
    person = link.person
    gettext = language.words(spoken(person, link.topic)).gettext
    choices = preferences.choices(person)
    return personal.shown(
        request,
        "preferences",
        link,
        choices=choices,
        kept=[one for one in choices if one.mine and one.mine.is_kept],
        paused=[one for one in choices if one.paused],
        depths=[(depth, gettext(words)) for depth, words in preferences.DEPTHS.items()],
        depth=person.depth if person.depth in preferences.DEPTHS else "",
        languages=language.offered().items(),
        own_language=preferences.own_language(person),
        zone=person.zone or link.topic.zone,
        stopped=not suppression.may_sign_up([person.email or ""]),
        owner=parseaddr(from_address(link.topic))[1],
        done=done,
        problem=problem,
        sent_for=request.POST if problem else {},
    )
