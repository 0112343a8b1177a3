"""What ops do to routes, by the page and by the command; each audited, none with its address.

Settings come as text, as typed; what can't be read changes nothing.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from digest.audit import audit
from digest.errors import NotFound, Refused
from digest.models import Topic
from workers.feedback.providers import Provider
from workers.https.account import Account
from workers.models import MailingKind
from workers.relay import on_loopback
from workers.routes import carriers, choosing, health
from workers.routes.look import look
from workers.routes.models import DEFAULT, DomainLimit, Route
from workers.routes.quota import today
from workers.routes.sealing import seal
from workers.seen import Seen
from workers.where import where

FASTEST = 1_000_000
"""Messages a second; more is a slip of the finger."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9\u00a1-\uffff-]+(\.[a-z0-9\u00a1-\uffff-]+)+")
_LIMIT = re.compile(r"([^=:\s]+)=([0-9.]*)(?::([0-9]+))?")


def named(name: str) -> Route:
    """The route of this name; NotFound in words."""
    if name == DEFAULT:
        return choosing.default()
    found = Route.objects.filter(name=name, removed_at=None).first()
    if found is None:
        raise NotFound(f"There is no route {name!r}; nothing was changed. See: digest route list")
    return found


def add(name: str, said: Mapping[str, str], by: str) -> Route:
    """A new route; ``said`` needs its url."""
    if not _NAME.fullmatch(name):
        raise Refused(
            f"{name[:50]!r} is no name for a route; nothing was changed. Use up to 40 of a-z, 0-9 "
            "and -, for example ses-1"
        )
    if not said.get("url"):
        raise Refused("A route needs the address of its relay; nothing was changed.")
    if settings.MAILBOX_IS_RELAY:
        raise Refused(
            "Mail goes to the built-in mailbox here, which sends none on; nothing was changed. "
            "Name your first relay in SMTP_URL; routes stand beside it."
        )
    try:
        with transaction.atomic():
            choosing.default()
            route = Route.objects.create(name=name)
            _apply(route, said)
            audit(by, "added route", name, **_told(said))
    except IntegrityError:
        raise Refused(f"There is a route {name!r} already; nothing was changed.") from None
    return route


def change(route: Route, said: Mapping[str, str], by: str) -> None:
    """Change what is named; "" takes a setting away."""
    with transaction.atomic():
        _apply(route, said)
        audit(by, "changed route", route.name, **_told(said))


def remove(route: Route, by: str) -> None:
    """Nothing goes by it any more; what went by it keeps its name."""
    if route.name == DEFAULT:
        raise Refused("SMTP_URL names this route; it stays. Pause it instead.")
    gone = Route.objects.filter(id=route.id, removed_at=None)
    provider = carriers.provider_of(route) or ""  # its messages say so, and can be shown again
    if gone.update(removed_at=timezone.now(), sealed="", aside_until=None, provider=provider):
        audit(by, "removed route", route.name)


def pause(route: Route, by: str) -> None:
    """Nothing new goes by it within 2 seconds."""
    if not Route.objects.filter(id=route.id, paused_at=None).update(paused_at=timezone.now()):
        raise Refused(f"Route {route.name} is paused already.")
    audit(by, "paused route", route.name)


def take_up(route: Route, by: str) -> None:
    """It takes mail again: by hand paused, or set aside."""
    taken_up = {"paused_at": None, "aside_until": None, "trouble": ""}
    Route.objects.filter(id=route.id).update(**taken_up)
    audit(by, "took up route", route.name)


def test(route: Route, by: str) -> Seen:
    """Connect, sign in, NOOP. Where all is well it is no longer set aside."""
    try:
        seen = look(carriers.relay_of(route))
    except ValueError as problem:
        seen = Seen(f"its address {problem}", "")
    health.hear(route.id, seen.trouble or seen.told)
    if not seen.trouble:
        Route.objects.filter(id=route.id).update(aside_until=None, trouble="")
    audit(by, "tested route", route.name, well=not seen.trouble)
    return seen


# ---- reading what was typed --------------------------------------------------------------


def _told(said: Mapping[str, str]) -> dict[str, str]:
    """For the audit: all but the address."""
    return {name: ("another" if name == "url" else text) for name, text in said.items()}


def _apply(route: Route, said: Mapping[str, str]) -> None:
    for name, text in said.items():
        _READ[name](route, text.strip())
    if route.warmup and route.warmup_from is None:
        route.warmup_from = today(route, timezone.now())
    route.save()


def _url(route: Route, text: str) -> None:
    if not text:
        return
    if route.name == DEFAULT:
        raise Refused("SMTP_URL names this route's relay; nothing was changed. Change it there.")
    try:
        place = where(text)
    except ValueError as problem:
        raise Refused(
            f"The address {problem}; nothing was changed. Write for example "
            "smtp://user:password@mail.example.org:587?starttls=1 or postmark+https://KEY@"
        ) from None
    if settings.RELAY_ON_LOOPBACK and not on_loopback(place.host):
        raise Refused(
            "SMTP_URL names a relay on this machine, for which no approval asks for a postal "
            "address and a From of yours; nothing was changed. Name this relay in SMTP_URL instead."
        )
    route.sealed, route.by_api = seal(text), isinstance(place, Account)


def _rate(route: Route, text: str) -> None:
    route.rate = _number_a_second(text)


def _number_a_second(text: str) -> float | None:
    if not text:
        return None
    try:
        wanted = float(text.replace(",", ""))
    except ValueError:
        wanted = math.nan
    if not 0.01 <= wanted <= FASTEST:
        raise _refused(text, "rate", "messages a second, for example 70, or nothing for no limit")
    return wanted


def _whole(
    name: str, least: int, most: int, example: str, nothing: int | None = None
) -> Callable[[Route, str], None]:
    """Reads a whole number into the field of this name."""

    def read(route: Route, text: str) -> None:
        plain = text.replace(",", "").replace(" ", "")
        if plain and not (plain.isascii() and plain.isdigit() and len(plain) < 12):
            raise _refused(text, name, example)
        number = int(plain) if plain else nothing
        if number is not None and not least <= number <= most:
            raise _refused(text, name, example)
        setattr(route, name, number)

    return read


def _zone(route: Route, text: str) -> None:
    try:
        ZoneInfo(text or "UTC")
    except (ValueError, OSError, KeyError):
        raise _refused(text, "time zone", "an IANA name such as Europe/London") from None
    route.zone = text or "UTC"


def _warmup(route: Route, text: str) -> None:
    words = [word for word in re.split(r"[\s,]+", text) if word]
    if len(words) > 366 or not all(word.isascii() and word.isdigit() for word in words):
        raise _refused(text, "warm-up", "the cap of each day, for example 50 100 500 2000")
    caps = [int(word) for word in words]
    if any(not 0 < cap < 2**31 for cap in caps):
        raise _refused(text, "warm-up", "the cap of each day, for example 50 100 500 2000")
    if caps != route.warmup:
        route.warmup_from = None
    route.warmup = caps


def _warmup_from(route: Route, text: str) -> None:
    try:
        route.warmup_from = dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise _refused(text, "day", "the warm-up's first day as 2026-11-27") from None


def _provider(route: Route, text: str) -> None:
    if text and text not in set(Provider):
        raise _refused(text, "provider", f"one of {', '.join(Provider)}")
    route.provider = text


def _kinds(route: Route, text: str) -> None:
    kinds = _words(text)
    if unknown := [one for one in kinds if one not in MailingKind.values]:
        raise _refused(unknown[0], "kind of mail", f"some of {', '.join(MailingKind.values)}")
    route.kinds = kinds


def _topics(route: Route, text: str) -> None:
    slugs = _words(text)
    found = list(Topic.objects.filter(slug__in=slugs))
    if missing := set(slugs) - {topic.slug for topic in found}:
        raise _refused(min(missing), "topic", "topics' names as digest topic list shows them")
    route.topics.set(found)


def _limits(route: Route, text: str) -> None:
    """``example.net=5`` a second, ``example.net=5:2`` and two at once, ``example.net=:2``."""
    wanted = {}
    for word in _words(text.lower()):
        found = _LIMIT.fullmatch(word)
        if not found or not _DOMAIN.fullmatch(found[1]) or not (found[2] or found[3]):
            raise _refused(word, "limit", "domain=messages a second, for example example.net=5:2")
        at_once = int(found[3]) if found[3] else None
        if at_once is not None and not 1 <= at_once <= 200:
            raise _refused(word, "limit", "1 to 200 messages at once, as example.net=5:2")
        wanted[found[1]] = {"rate": _number_a_second(found[2]), "connections": at_once}
    route.limits.exclude(domain__in=list(wanted)).delete()
    for domain, limit in wanted.items():
        DomainLimit.objects.update_or_create(route=route, domain=domain, defaults=limit)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word for word in re.split(r"[\s,]+", text) if word))


def _refused(text: str, what: str, example: str) -> Refused:
    return Refused(f"{text[:40]!r} is no {what}; nothing was changed. Write {example}.")


_READ: dict[str, Callable[[Route, str], None]] = {
    "url": _url,
    "rate": _rate,
    "zone": _zone,
    "cap": _whole("cap", 1, 2**31 - 1, "messages a day, or nothing for no cap"),
    "warmup": _warmup,
    "warmup_from": _warmup_from,
    "weight": _whole("weight", 1, 1000, "a share from 1 to 1000", 1),
    "place": _whole("place", 1, 99, "1 for the first choice, 2 for the next", 1),
    "connections": _whole("connections", 1, 200, "1 to 200, or nothing for what its URL says"),
    "provider": _provider,
    "kinds": _kinds,
    "topics": _topics,
    "limits": _limits,
}
"""The settings in the order in which they are read: the zone before the day that it is there."""

SETTINGS = tuple(_READ)


def as_typed(route: Route) -> dict[str, str]:
    """A route's settings as text, as they would be typed; never its address."""
    kept = route.pk is not None
    limits = [
        f"{one.domain}={'' if one.rate is None else f'{one.rate:g}'}"
        + (f":{one.connections}" if one.connections else "")
        for one in (route.limits.order_by("domain") if kept else ())
    ]
    return {
        "rate": f"{route.rate:g}" if route.rate else "",
        "zone": route.zone,
        "cap": _plain(route.cap),
        "warmup": " ".join(map(str, route.warmup)),
        "warmup_from": route.warmup_from.isoformat() if route.warmup_from else "",
        "weight": str(route.weight),
        "place": str(route.place),
        "connections": _plain(route.connections),
        "provider": route.provider,
        "kinds": " ".join(route.kinds),
        "topics": " ".join(sorted(topic.slug for topic in route.topics.all())) if kept else "",
        "limits": "\n".join(limits),
    }


def _plain(number: int | None) -> str:
    return "" if number is None else str(number)


def typed(given: Mapping[str, Any]) -> dict[str, str]:
    """What was given of the settings, as text."""
    return {name: str(given[name]) for name in SETTINGS if given.get(name) is not None}
