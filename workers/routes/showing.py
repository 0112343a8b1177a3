"""Routes as pages and commands show them: how each is, in colour and words."""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils import timezone

from digest.errors import Refused
from workers.https.account import Account
from workers.models import Batch, BatchState, MailingKind
from workers.queue.clock import clock, span
from workers.relay import Security
from workers.routes import carriers, tally
from workers.routes.choosing import Bar, Way, ways
from workers.routes.models import DEFAULT, DomainLimit, Route, RouteDay
from workers.routes.quota import cap_on, midnight, today, warmup_day
from workers.where import Where

HELD_FOR = dt.timedelta(seconds=5)
"""A domain that a worker said to hold back within this waits."""

_SECURITY = {
    Security.NONE: "in the clear",
    Security.STARTTLS: "STARTTLS",
    Security.IMPLICIT: "TLS",
}
_PILLS = {
    None: ("ok", "takes mail"),
    Bar.PAUSED: ("warn", "paused"),
    Bar.ASIDE: ("bad", "set aside"),
    Bar.FULL: ("warn", "full for today"),
}


@dataclass(frozen=True)
class Shown:
    """One route and what is known of it now."""

    way: Way
    now: dt.datetime
    speed: float
    leased: int  # batches that workers have for it
    row: RouteDay | None  # of today
    limits: list[DomainLimit]

    @property
    def route(self) -> Route:
        return self.way.route

    @property
    def pill(self) -> tuple[str, str]:
        """A tone of the house's and a word or two."""
        if self.way.bar is None and self.route.failures:
            return "warn", "about to be tried"
        return ("", "not tried yet") if self._is_new else _PILLS[self.way.bar]

    @property
    def _is_new(self) -> bool:
        return (
            self.way.bar is None and not self.route.heard and self.row is None and not self.leased
        )

    @cached_property
    def where(self) -> str:
        """Where it leads, without user and password."""
        if self.route.name == DEFAULT and settings.MAILBOX_IS_RELAY:
            return "the built-in mailbox, which sends nothing on"
        try:
            relay = carriers.relay_of(self.route)
        except (Refused, ValueError):
            return "its address can't be read"
        return f"{relay}, {_how(relay)}; {_at_once(relay)}"

    @property
    def standing(self) -> str:
        """How it is, in a sentence or two."""
        route, bar, until = self.route, self.way.bar, self.way.until
        if bar is Bar.PAUSED:
            return f"Paused {self._at(route.paused_at)}. Nothing goes by it until it is taken up."
        if bar is Bar.ASIDE and until:
            times = "once" if route.failures == 1 else f"{route.failures} times"
            when = span(until - self.now) if until > self.now else "a moment"
            return (
                f"Failed {times} since it last took a message: {route.trouble}. "
                f"Looked at again by itself in {when}."
            )
        if bar is Bar.FULL:
            return f"It has taken today's share; it goes on {self._at(until)}."
        if route.failures:
            return "It can be reached again; the next message tells whether it takes mail."
        if self.leased:
            n = self.leased
            return f"Takes mail: {n} {'batch is' if n == 1 else 'batches are'} on the way by it."
        if self._is_new:
            return "Not used yet. Test it to see whether it lets us in."
        return "Ready; nothing is on its way by it."

    @property
    def rate(self) -> str:
        """Messages a second now."""
        return f"{self.speed:,.0f}" if self.speed >= 10 or not self.speed else f"{self.speed:.1f}"

    @property
    def asked(self) -> str:
        """What was asked of its rate."""
        if self.route.rate:
            return f"of {self.route.rate:g} asked"
        if settings.SEND_RATE:
            return f"of {settings.SEND_RATE:g} asked for all routes"
        return "no limit asked"

    @property
    def line(self) -> str:
        """On one line: its state, how fast it goes, and what of today's cap it has sent."""
        of = f" of {self.cap:,}" if self.cap is not None else ""
        return f"{self.pill[1]}; {self.rate}/s {self.asked}; {self.sent_today:,}{of} today"

    @property
    def plain(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.route.name,
            "state": self.way.bar or "open",
            "words": self.standing,
            "place": self.route.place,
            "weight": self.route.weight,
            "rate": self.route.rate,
            "rate_now": self.speed,
            "cap": self.cap,
            "taken_today": self.taken,
            "accepted_today": self.sent_today,
            "warmup": self.warmup,
            "limits": [{"domain": d, "limit": said, "held": n} for d, said, n in self.domains],
        }

    @property
    def sent_today(self) -> int:
        return self.row.accepted if self.row else 0

    @property
    def taken(self) -> int:
        return self.row.taken if self.row else 0

    @property
    def cap(self) -> int | None:
        """Of today, the warm-up's counted in."""
        return cap_on(self.route, today(self.route, self.now))

    @property
    def share(self) -> int:
        """Of the cap, in percent."""
        return min(100, 100 * self.taken // self.cap) if self.cap else 0

    @property
    def share_tone(self) -> str:
        return "bad" if self.share >= 100 else "warn" if self.share >= 80 else "ok"

    @property
    def warmup(self) -> str:
        """Its warm-up, in words; "" where it has none."""
        plan, first = self.route.warmup, self.route.warmup_from
        if not plan or first is None:
            return ""
        day = today(self.route, self.now)
        number = warmup_day(self.route, day)
        if day < first:
            return f"Begins on {first:%-d %B}; until then the first day's {plan[0]:,} hold."
        if not number:
            return f"Ended after {len(plan)} days."
        left = plan[number:]
        then = f", then {left[0]:,} tomorrow" if left else ", the last one"
        return f"Day {number} of {len(plan)}: {plan[number - 1]:,} today{then}."

    @property
    def warmup_share(self) -> int:
        """In percent."""
        number = warmup_day(self.route, today(self.route, self.now))
        over = self.route.warmup_from and today(self.route, self.now) >= self.route.warmup_from
        return 100 * number // len(self.route.warmup) if number else 100 if over else 0

    @property
    def serves(self) -> str:
        """Which mails it is for, in words."""
        kinds = [str(MailingKind(one).label).lower() for one in self.route.kinds]
        topics = sorted(topic.slug for topic in self.route.topics.all())
        what = ", ".join(kinds) if kinds else "all kinds of mail"
        return f"{what}, of {', '.join(topics)}" if topics else what

    @property
    def heard(self) -> list[tuple[dt.datetime, str]]:
        """What it last said."""
        return [(dt.datetime.fromisoformat(at), words) for at, words in self.route.heard[:3]]

    def waits(self, limit: DomainLimit) -> bool:
        """Whether messages are held back for this domain now."""
        return limit.held_at is not None and self.now - limit.held_at < HELD_FOR

    @property
    def domains(self) -> list[tuple[str, str, int]]:
        """(domain, its limit in words, how many a worker holds back for it now)."""
        return [
            (one.domain, _limit(one), one.held if self.waits(one) else 0) for one in self.limits
        ]

    @property
    def midnight(self) -> dt.datetime:
        return midnight(self.route, self.now)

    def _at(self, at: dt.datetime | None) -> str:
        return clock(at, self.route.zone, self.now) if at else ""


def shown() -> list[Shown]:
    """All routes, in the order in which they are asked; few queries however many."""
    now = timezone.now()
    found = ways()
    ids = [way.route.id for way in found]
    speeds = tally.speed(ids)
    days = RouteDay.objects.filter(route__in=ids, day__gte=(now - dt.timedelta(days=1)).date())
    rows = {(row.route_id, row.day): row for row in days}
    limits = list(DomainLimit.objects.filter(route__in=ids).order_by("domain"))
    leased = list(Batch.objects.filter(state=BatchState.LEASED).values_list("route", flat=True))
    return [
        Shown(
            way,
            now,
            speeds.get(way.route.id, 0.0),
            leased.count(way.route.id),
            rows.get((way.route.id, today(way.route, now))),
            [limit for limit in limits if limit.route_id == way.route.id],
        )
        for way in found
    ]


def _limit(limit: DomainLimit) -> str:
    said = [f"{limit.rate:g} a second"] if limit.rate else []
    if limit.connections:
        said.append(f"{limit.connections} at once of each worker")
    return ", ".join(said)


def _how(place: Where) -> str:
    if isinstance(place, Account):
        return f"{place.provider}’s HTTP API, by its key"
    signs_in = "signs in" if place.user else "without a password"
    return f"{_SECURITY[place.security]}, {signs_in}"


def _at_once(relay: Where) -> str:
    n = relay.connections
    return f"{n} connection{'' if n == 1 else 's'} of each worker"
