"""Signing up: the pages to subscribe and to confirm.

GET shows a button and changes nothing, so that scanners which open every link do no harm; POST
acts. None needs a script, a session or a cookie: the link is the credential, and a sign-up may
come from a form on another site, so there is no CSRF token to check.
"""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest.errors import Refused
from digest.models import Topic
from digest.rendering import language
from subscribers import addresses, personal, signup
from subscribers.links import Link
from subscribers.tokens import Purpose


@csrf_exempt
@require_http_methods(personal.METHODS)
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


@personal.page(Purpose.CONFIRM)
def confirm(request: HttpRequest, link: Link) -> HttpResponse:
    """Say that it was oneself who asked. The link's own topic, and others where ticked."""
    person, topic = link.person, link.topic
    if request.method != "POST":
        others = [one.topic for one in signup.asked_for(person) if one.topic_id != topic.id]
        return personal.shown(request, "confirm", link, others=others)
    confirmed = signup.confirm(person, {topic.slug, *request.POST.getlist("topic")})
    return personal.shown(request, "confirmed", link, topics=confirmed)
