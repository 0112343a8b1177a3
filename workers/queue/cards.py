"""Mailings as the pages show them: each a card with its facts, in few queries however many."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from workers.brake import look, quiet
from workers.brake.judging import is_held, verdicts
from workers.brake.models import FirstPart, Level, ProviderShare, Stage
from workers.brake.rests import Rest, first_part_words, parts_of, rests
from workers.brake.verdict import Verdict, in_a_word
from workers.domains import domain_of
from workers.ledger import LIVE
from workers.models import BULK, URGENT, Delivery, Mailing, MailingKind, MailingState
from workers.queue import waiting
from workers.queue.clock import span
from workers.queue.course import Course, courses
from workers.queue.crew import Crew, asked
from workers.queue.speed import speeds
from workers.queue.standing import Facts, Standing, standing

ENDED = [MailingState.DONE, MailingState.CANCELLED]
OPEN = [state for state in MailingState if state not in ENDED]
WANT_A_PERSON = [MailingState.HELD, MailingState.QUARANTINED]
UNSEEN = dt.timedelta(seconds=30)
"""Tests and confirmations go within a second or two; only one that takes longer is shown."""

SHOWN = 50
"""Cards on a page."""

UNCERTAIN_FOR = dt.timedelta(days=30)
"""How long an ended mailing with uncertain deliveries is shown among those that want a person."""

PAGE = 20
"""Ended mailings on a page."""


@dataclass(frozen=True)
class Card:
    """One mailing and what is known of it now."""

    facts: Facts
    course: Course | None = None
    named: tuple[Delivery, ...] = ()
    """Some of its uncertain deliveries."""
    brake: Verdict | None = None
    shares: tuple[ProviderShare, ...] = ()
    """Providers' shares that do not go as the others."""
    braked: bool = False
    """It is the brake that holds it."""
    part: FirstPart | None = None
    """The part of its readers for which the rest waits."""

    @property
    def mailing(self) -> Mailing:
        return self.facts.mailing

    @cached_property
    def standing(self) -> Standing:
        return standing(self.facts)

    @property
    def zone(self) -> str:
        return self.mailing.topic.zone

    @property
    def title(self) -> str:
        return title(self.mailing)

    @property
    def audience(self) -> str:
        """To whom, in words."""
        if self.mailing.kind in URGENT:
            n = self.mailing.candidates
            return f"to {n:,} {'person' if n == 1 else 'people'}"
        names = [segment["name"] for segment in self.mailing.audience]
        return f"to {', '.join(names)}" if names else "to every confirmed subscriber"

    @property
    def wanted(self) -> int:
        """Candidates who are not left out on purpose."""
        return self.mailing.candidates - self.mailing.excluded

    @property
    def attempted(self) -> int:
        """Candidates of whom the relay was asked at least once and who do not wait anew."""
        mailing = self.mailing
        return mailing.accepted + mailing.deferred + mailing.failed + mailing.uncertain

    @property
    def limit(self) -> str:
        """What was asked of its rate, in words."""
        rate, most = self.mailing.rate, settings.SEND_RATE
        if self.facts.asked is None:
            return "no limit asked"
        if self.facts.asked == rate:
            return f"of {rate:g} asked"
        whose = "for all mailings" if self.facts.asked == most else "of its routes"
        return f"of {self.facts.asked:g} asked {whose}"

    @property
    def speed(self) -> str:
        """Messages a second now, as shown."""
        speed = self.facts.speed
        return f"{speed:,.0f}" if speed >= 10 or not speed else f"{speed:.1f}"

    @property
    def ends(self) -> str:
        """In how long all is attempted; retries are counted in."""
        ends_at = self.facts.ends_at
        return f"in {span(ends_at - self.facts.now)}" if ends_at else "–"

    @property
    def waiting(self) -> str:
        """How long the oldest that has not gone waits: since the mailing could begin."""
        mailing, now = self.mailing, self.facts.now
        if not (mailing.queued or mailing.deferred) or self.over:
            return "–"
        return span(now - max(mailing.due_at, mailing.created_at))

    @property
    def waits_for(self) -> str:
        """What the oldest waits for, in words."""
        facts = self.facts
        if not (facts.mailing.queued or facts.mailing.deferred) or self.over:
            return "nobody waits"
        if facts.next_retry is None:
            return "queued since it was due"
        by = f" by {domain_of(facts.deferred_to)}" if facts.deferred_to else ""
        return f"deferred{by}, next {facts.at(facts.next_retry)}"

    @property
    def unnamed(self) -> int:
        """How many more are uncertain than are named."""
        return max(0, self.mailing.uncertain - len(self.named))

    @property
    def took(self) -> str:
        """From the first message to the last answer."""
        began, ended = self.mailing.started_at, self.mailing.finished_at
        return span(ended - began) if began and ended else "–"

    @property
    def acts(self) -> list[str]:
        """What can be done with it as it stands."""
        state = self.mailing.state
        if state in LIVE:
            return [*(["go-on"] if self.part else []), "pause", "rate", "cancel"]
        if state == MailingState.PAUSED:
            return ["resume", "rate", "cancel"]
        if state in WANT_A_PERSON:
            return ["let-go" if self.braked else "resume", "cancel"]
        return ["rate", "cancel"] if state == MailingState.SCHEDULED else []

    @property
    def warned(self) -> str:
        """What the brake has against it, where it does not hold it."""
        return self.brake.words if self.brake and not self.braked else ""

    @property
    def brake_word(self) -> tuple[str, str]:
        """The same in a word, with its tone."""
        level = self.brake.level if self.brake else Level.CALM
        return in_a_word(level, held=self.braked, ended=self.mailing.state in ENDED)

    @property
    def goes_first(self) -> str:
        """What goes first and what follows, while it does."""
        going = self.part and self.part.stage == Stage.FIRST and not self.facts.rests
        return first_part_words(self.part) if self.part and going else ""

    @property
    def live(self) -> bool:
        return self.mailing.state in LIVE

    @property
    def over(self) -> bool:
        return self.mailing.state in ENDED

    @property
    def to_retry(self) -> int:
        """How many the button that tries again would queue; 0 where it can't be pressed."""
        mailing = self.mailing
        can = self.live or mailing.state == MailingState.DONE
        return mailing.failed + mailing.deferred if can else 0

    @property
    def wants_a_person(self) -> bool:
        state, unsettled = self.mailing.state, self.mailing.uncertain > 0
        return state in WANT_A_PERSON or not self.balanced or (state in ENDED and unsettled)

    @property
    def balanced(self) -> bool:
        """Whether the counters add up."""
        return self.mailing.candidates == (
            self.mailing.queued + self.mailing.excluded + self.attempted
        )


def title(mailing: Mailing) -> str:
    """What it is, as on every page: "Media's AI Pivot · Update #2"."""
    what = mailing.update.label if mailing.update else mailing.get_kind_display()
    return f"{mailing.topic} · {what}"


def open_cards(team: Crew) -> tuple[list[Card], bool]:
    """(what is stuck, what moves, what is paused, what is unsettled; whether anything moves)."""
    now = timezone.now()
    ending = Q(state=MailingState.CANCELLED, finished_at=None)
    uncertain = Q(state__in=ENDED, uncertain__gt=0, due_at__gte=now - UNCERTAIN_FOR)
    rows = _with_update(Mailing.objects.filter(Q(state__in=OPEN) | ending | uncertain))
    cards = _cards(list(rows.order_by("due_at", "id")[: SHOWN * 4]), team, now)
    moves = any(card.facts.moves for card in cards)
    shown = [card for card in cards if _is_shown(card, now)]
    return sorted(shown, key=_place)[:SHOWN], moves


def card(mailing: Mailing, team: Crew) -> Card:
    """One mailing's card; ``update__topic`` and ``topic`` are best selected with it."""
    return _cards([mailing], team, timezone.now())[0]


def past(before: int | None = None) -> list[Card]:
    """Ended mailings, the newest first: one more than a page, where there are more.

    Confirmations, welcomes and letters, of which there may be one a second, are summed elsewhere.
    """
    rows = Mailing.objects.filter(state__in=ENDED).exclude(
        kind__in=[MailingKind.CONFIRM, MailingKind.WELCOME, MailingKind.LETTER]
    )
    if before is not None:
        rows = rows.filter(id__lt=before)
    return settled(_with_update(rows).order_by("-id")[: PAGE + 1])


def settled(mailings: Iterable[Mailing]) -> list[Card]:
    """Cards that ask for nothing more: no speed, no retries, nobody at work."""
    now, nobody = timezone.now(), Crew((), Counter(), Counter())
    return [Card(_facts(mailing, nobody, now)) for mailing in mailings]


def _is_shown(card: Card, now: dt.datetime) -> bool:
    small = card.mailing.kind in URGENT
    return not small or card.wants_a_person or card.mailing.due_at < now - UNSEEN


def _place(card: Card) -> tuple[int, dt.datetime]:
    if card.over:
        rank = 3
    elif card.wants_a_person:
        rank = 0
    else:
        rank = 1 if card.live else 2
    return rank, card.mailing.due_at


def _with_update(rows: QuerySet[Mailing]) -> QuerySet[Mailing]:
    return rows.select_related("update__topic", "topic__care", "braking")


def _cards(mailings: Sequence[Mailing], team: Crew, now: dt.datetime) -> list[Card]:
    moving = [one.id for one in mailings if one.started_at and one.state not in ENDED]
    fast = speeds(moving)
    again = waiting.retries([one.id for one in mailings if one.deferred])
    rates = asked(mailings) if mailings else {}
    drawn = courses(mailings, now, rates)
    unsettled = waiting.uncertain([one.id for one in mailings if one.uncertain])
    shares = look.troubled([one.id for one in mailings if one.queued])
    parts = parts_of(mailings)
    resting = rests(mailings, shares, parts, now)
    told = verdicts([one for one in mailings if one.started_at and one.kind in BULK])
    return [
        Card(
            _facts(
                one,
                team,
                now,
                fast.get(one.id, 0.0),
                again.get(one.id, waiting.NEVER),
                resting.get(one.id),
                rates[one.id],
                _quiet_hours(one),
            ),
            drawn.get(one.id),
            unsettled.get(one.id, ()),
            told.get(one.id),
            tuple(share for share in shares if share.mailing_id == one.id),
            is_held(one),
            parts.get(one.id),
        )
        for one in mailings
    ]


def _quiet_hours(mailing: Mailing) -> str:
    care = quiet.care_of(mailing)
    return care.quiet if care and mailing.kind in BULK else ""


def _facts(
    mailing: Mailing,
    team: Crew,
    now: dt.datetime,
    speed: float = 0.0,
    again: waiting.Again = waiting.NEVER,
    rest: Rest | None = None,
    rate: float | None = None,
    hours: str = "",
) -> Facts:
    leased = team.leased[mailing.id]
    return Facts(
        mailing=mailing,
        now=now,
        leased=leased,
        leased_elsewhere=team.leased.total() - leased,
        served=team.serves(mailing.kind),
        speed=speed,
        asked=rate,
        next_retry=again.first,
        deferred_to=again.to,
        last_retry=again.last,
        rests=rest.words if rest else "",
        rests_until=rest.until if rest else None,
        quiet=hours,
    )
