"""What a reader alone may see and do, at a link of a day: name, zone, address, export, erasure.

No mail that one forwards leads here: the link comes by a letter of its own.
"""

import json
import math

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from digest.errors import Refused
from digest.rendering import language
from subscribers import addresses, erasing, fresh_links, locales, moving, throttle
from subscribers.dossier import dossier
from subscribers.links import Link
from subscribers.locales import spoken
from subscribers.pages import personal
from subscribers.tokens import Purpose


@personal.page(Purpose.ACCOUNT)
def account(request: HttpRequest, link: Link) -> HttpResponse:
    """Name and zone; another address; a copy of all that is held; new links; the end of it."""
    posted = request.POST
    if "save" in posted:
        return _save(request, link)
    if "export" in posted:
        return _export(link)
    if "move" in posted:
        return _ask_to_move(request, link)
    if "revoke" in posted:
        fresh_links.revoke(link.person)
        return personal.shown(request, "revoked", link)
    if "erase" in posted:
        return personal.shown(request, "erase", link)
    if "erase_now" in posted:
        return _erase(request, link)
    return _shown(request, link)


def _shown(request: HttpRequest, link: Link, **more: object) -> HttpResponse:
    person = link.person
    zones = sorted({*locales.zones(), person.zone} - {""})  # theirs may be of another kind
    shown = {"person": person, "zones": zones, "name": person.name, "zone": person.zone}
    return personal.shown(request, "account", link, **shown | more)


def _save(request: HttpRequest, link: Link) -> HttpResponse:
    """The name as it was typed, but for what no header may hold."""
    person, typed = link.person, request.POST.get("name", "").strip()
    zone = request.POST.get("zone", "")
    try:
        person.name = locales.name(typed)
        person.zone = locales.zone(zone) if zone else ""
    except Refused as problem:
        said = language.words(spoken(link.person, link.topic)).gettext(str(problem))
        again = {"name_problem": said, "name": typed[: locales.LONGEST_NAME]}
        person.refresh_from_db()
        return _shown(request, link, **again)
    person.save(update_fields=["name", "zone"])
    return _shown(request, link, saved=True)


def _export(link: Link) -> HttpResponse:
    told = json.dumps(dossier(link.person), ensure_ascii=False, indent=2)
    response = HttpResponse(f"{told}\n", content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="about-me.json"'
    return response


def _ask_to_move(request: HttpRequest, link: Link) -> HttpResponse:
    typed = request.POST.get("address", "")
    try:
        asked = moving.ask(link.person, link.topic, typed)
    except Refused as problem:
        again = typed[: addresses.LONGEST]
        said = personal.in_words(problem, spoken(link.person, link.topic))
        return _shown(request, link, address_problem=said, new_address=again)
    return _shown(request, link, asked=asked)


def _erase(request: HttpRequest, link: Link) -> HttpResponse:
    lang = spoken(link.person, link.topic)
    erasing.erase(link.person, by="the reader")
    return render(request, "reader/erased.html", {"lang": lang, "now": True})


@csrf_exempt
@never_cache
@require_http_methods(personal.METHODS)
def move(request: HttpRequest, token: str) -> HttpResponse:
    """Say, at the new address, that it is one's own."""
    found = moving.opened(token)
    if found is None:
        return personal.private(personal.dead(request))
    change, topic = found
    lang = spoken(change.subscriber, topic)
    shown = {"lang": lang, "topic": topic, "address": addresses.masked(change.address)}
    if request.method == "POST":
        person = moving.move(change, topic)
        if person is None:
            return personal.private(personal.dead(request))
        link = Link(person, topic, None, is_current=True)
        return personal.private(personal.shown(request, "moved", link))
    return personal.private(render(request, "reader/move.html", shown))


@csrf_exempt
@never_cache
@require_http_methods(personal.METHODS)
def new_links(request: HttpRequest) -> HttpResponse:
    """Ask for new links. The answer is one and the same, whoever the address belongs to."""
    lang = personal.of_the_house()
    typed = request.POST.get("address", "")
    shown: dict[str, object] = {"lang": lang, "typed": typed[: addresses.LONGEST]}
    if request.method != "POST":
        return personal.private(render(request, "reader/links.html", shown))
    if wait := throttle.wait_of_client(request) or throttle.wait_of_mail(request, typed):
        return personal.private(_too_many(request, shown, wait))
    try:
        fresh_links.ask_by_address(typed)
    except Refused as problem:
        shown["address_problem"] = personal.in_words(problem, lang)
        return personal.private(render(request, "reader/links.html", shown, status=400))
    return personal.private(render(request, "reader/links_sent.html", shown))


def _too_many(request: HttpRequest, shown: dict[str, object], wait: int) -> HttpResponse:
    minutes = math.ceil(wait / 60)
    said = language.words(str(shown["lang"])).ngettext(
        "Too many requests came from here. Nothing was kept; try again in %(num)s minute.",
        "Too many requests came from here. Nothing was kept; try again in %(num)s minutes.",
        minutes,
    )
    again = shown | {"address_problem": said % {"num": minutes}}
    answer = render(request, "reader/links.html", again, status=429)
    answer["Retry-After"] = str(wait)
    return answer
