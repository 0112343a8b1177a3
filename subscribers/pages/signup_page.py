"""The page to sign up at, and the forms on other sites that post to it.

It needs no script, session or cookie, and a form may come from another site, so there is no CSRF
token to check. Its answer is one and the same, whoever the address belongs to.
"""

import datetime as dt
import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest import ending
from digest.archive import published
from digest.archive.rhythm import LOOKED_AT, rhythm
from digest.errors import Refused
from digest.models import Topic, Update
from digest.rendering import language
from digest.rendering.story import day_of
from subscribers import addresses, signup, throttle
from subscribers.pages import personal

OUR_PAGE = "website"
"""The source of who signed up at our own page."""

LONGEST_NAME, LONGEST_SOURCE = 200, 90
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Offer:
    """A topic as the form shows it."""

    topic: Topic
    rhythm: str  # "About weekly", to be translated; may be empty
    latest: Update | None
    latest_on: dt.date | None


@dataclass(frozen=True)
class Posted:
    """What somebody typed, as far as it can be shown to them again."""

    address: str = ""
    name: str = ""
    source: str = ""
    chosen: Sequence[str] = field(default_factory=list)

    @classmethod
    def by(cls, request: HttpRequest, topics: Sequence[Topic]) -> "Posted":
        form = request.POST
        return cls(
            form.get("address", "")[: addresses.LONGEST],
            one_line(form.get("name", ""), LONGEST_NAME),
            one_line(form.get("source", ""), LONGEST_SOURCE),
            form.getlist("topic") or [topic.slug for topic in topics if len(topics) == 1],
        )


@csrf_exempt
@require_http_methods(personal.METHODS)
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for topics."""
    topics = list(ending.living())
    if request.method != "POST":
        asked = Posted(chosen=request.GET.getlist("topic"))
        return _form(request, _spoken(topics, asked.chosen), topics, asked)
    posted = Posted.by(request, topics)
    wanted = [topic for topic in topics if topic.slug in posted.chosen]
    lang = _posted_lang(request, topics) or _spoken(topics, posted.chosen)
    if not wanted:
        why = language.words(lang).gettext("Choose a topic.")
        return _form(request, lang, topics, posted, topic_problem=why)
    if wait := throttle.wait_of_client(request) or throttle.wait_of_mail(request, posted.address):
        return _too_many(request, lang, topics, posted, wait)
    # A field that people don't see and programs fill in: they are told what everybody is told.
    if not request.POST.get("website"):
        source = _source(request, posted)
        try:
            signup.ask(request.POST.get("address", ""), wanted, source, name=posted.name, lang=lang)
        except Refused as problem:
            why = personal.in_words(problem, lang)
            return _form(request, lang, topics, posted, address_problem=why)
    return HttpResponse(_asked(tuple(topic.name for topic in wanted), lang))


@functools.lru_cache(maxsize=64)
def _asked(names: tuple[str, ...], lang: str) -> str:
    """The page that everybody gets; kept, since making it took a third of a sign-up's CPU."""
    topics = [Topic(name=name) for name in names]
    return render_to_string("reader/asked.html", {"topics": topics, "lang": lang})


def one_line(text: str, longest: int) -> str:
    """The text without what can't be printed, and no longer than so many characters."""
    return _UNPRINTABLE.sub(" ", text).strip()[:longest]


def _spoken(topics: Sequence[Topic], chosen: Sequence[str]) -> str:
    """The language of the chosen topics; of all of them where none is."""
    meant = [topic for topic in topics if topic.slug in chosen] or topics
    return language.shared(topic.language for topic in meant)


def _posted_lang(request: HttpRequest, topics: Sequence[Topic]) -> str:
    """The language of the form that was sent, so that consent is kept in the words it showed."""
    lang = request.POST.get("lang", "")
    return lang if lang == "en" or lang in {topic.language for topic in topics} else ""


def _source(request: HttpRequest, posted: Posted) -> str:
    """Where the form stood: our own page, or the site that the browser names; and what its maker
    called it. Anybody can write both, so they are told to staff alone, as text."""
    try:
        host = urlsplit(request.headers.get("Referer", "")).hostname or ""
    except ValueError:
        host = ""
    ours = host in {"", urlsplit(settings.BASE_URL).hostname, request.get_host().split(":")[0]}
    site = OUR_PAGE if ours else one_line(host, 100)
    return f"{site}, {posted.source}" if posted.source else site


def offers(topics: Sequence[Topic]) -> list[Offer]:
    """Each topic with how often it came, and its last update as a sample: two queries for all."""
    latest = {topic.id: topic for topic in published.topics_with_latest(LOOKED_AT)}
    made = []
    for topic in topics:
        sent: list[Update] = getattr(latest.get(topic.id), "latest", [])
        days = [day_of(update) for update in sent]
        made.append(
            Offer(topic, rhythm(days), sent[0] if sent else None, days[0] if days else None)
        )
    return made


def _form(
    request: HttpRequest,
    lang: str,
    topics: Sequence[Topic],
    posted: Posted,
    status: int = 0,
    **problems: str,
) -> HttpResponse:
    """The form, with what was typed; a problem stands at its field."""
    words = language.words(lang)
    shown = {
        "offers": [
            (one, words.gettext(one.rhythm) if one.rhythm else "") for one in offers(topics)
        ],
        "posted": posted,
        "chosen": posted.chosen if len(topics) > 1 else [topic.slug for topic in topics],
        "wording": signup.wording(lang),
        "longest_name": LONGEST_NAME,
        "lang": lang,
        **problems,
    }
    answer = render(request, "reader/subscribe.html", shown)
    answer.status_code = status or (400 if problems else 200)
    return answer


def _too_many(
    request: HttpRequest, lang: str, topics: Sequence[Topic], posted: Posted, wait: int
) -> HttpResponse:
    minutes = math.ceil(wait / 60)
    said = language.words(lang).ngettext(
        "Too many sign-ups came from here. Nothing was kept; try again in %(num)s minute.",
        "Too many sign-ups came from here. Nothing was kept; try again in %(num)s minutes.",
        minutes,
    )
    answer = _form(request, lang, topics, posted, 429, problem=said % {"num": minutes})
    answer["Retry-After"] = str(wait)
    return answer
