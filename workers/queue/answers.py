"""What the relays answered, counted, and what each answer means.

Meanings are those of RFC 5321 4.2.3 (codes) and of RFC 3463 with IANA's registry (enhanced
codes), said for people.  Only rows that want a look are counted, by their partial index;
accepted ones, which are most, never.
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import BooleanField, Case, Count, F, Max, Min, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Left, StrIndex, Substr

from workers.models import DeliveryState, Mailing

TO_SEE = [DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.DEFERRED]
"""States that want a look, the most pressing first."""

# The condition of the index ``delivery_to_see``, in literals: SQLite takes a partial index only
# where the statement itself says its condition, and what Django binds it doesn't look at.
IS_TO_SEE = RawSQL(
    "\"workers_delivery\".\"state\" IN ('deferred', 'failed', 'uncertain')",
    (),
    output_field=BooleanField(),
)

GIVEN_UP = "Given up after"
_LAST = "Last answer: "
_ENHANCED = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})(?!\d)")

_BY_ENHANCED = {
    "1.0": "The address is refused",
    "1.1": "No such mailbox",
    "1.2": "No such mail domain",
    "1.3": "The address is malformed",
    "1.4": "The address is ambiguous",
    "1.6": "The mailbox has moved",
    "1.7": "Our sender address is malformed to them; it says nothing of the reader",
    "1.8": "Our sender's domain is refused; it says nothing of the reader",
    "1.10": "The domain takes no mail",
    "2.0": "Trouble with the mailbox",
    "2.1": "The mailbox is switched off",
    "2.2": "The mailbox is full",
    "2.3": "The message is too long for this mailbox",
    "3.0": "Trouble with their mail system",
    "3.1": "Their mail system is full",
    "3.2": "Their mail system takes nothing now",
    "3.3": "Their mail system lacks a feature that the message needs",
    "3.4": "The message is too big for their mail system",
    "3.5": "Their mail system is set up wrongly",
    "4.0": "Trouble on the network",
    "4.1": "Their server does not answer",
    "4.2": "The connection broke",
    "4.3": "Their directory can't be asked",
    "4.4": "No route to their server",
    "4.5": "Their mail system is congested",
    "4.6": "The mail runs in a circle",
    "4.7": "The relay gave up trying",
    "5.0": "The relay did not understand us",
    "5.2": "The relay rejects the command",
    "5.3": "Too many recipients at once",
    "5.4": "The relay rejects an option",
    "6.0": "Trouble with the message's format",
    "6.1": "They take no such format",
    "6.7": "They take only addresses in ASCII",
    "7.0": "Refused by a rule of theirs",
    "7.1": "Refused by a rule of theirs: about us, not the reader",
    "7.8": "Our sign-in at the relay is refused",
    "7.9": "The relay wants another way to sign in",
    "7.14": "Their trust in us does not suffice",
    "7.20": "No DKIM signature passed: about us, not the reader",
    "7.23": "SPF failed: about us, not the reader",
    "7.25": "Our relay's address has no name in reverse DNS: about us, not the reader",
    "7.26": "SPF and DKIM both failed: about us, not the reader",
    "7.27": "Our sender's domain takes no mail itself: about us, not the reader",
    "7.28": "Too much mail from us at once",
}
_SLOW_DOWN = "Slow down"
_BY_CODE = {
    0: "No answer, or no connection",
    400: "The provider finds fault with what was asked",
    413: "The message is too big for the provider",
    422: "The provider finds fault with what was asked",
    429: "Too many at once: the provider asks us to slow down",
    421: "The relay closes the connection: busy or restarting",
    450: "The mailbox can't be used now; often a first try is put off on purpose",
    451: "Trouble at the relay",
    452: "The relay is short of room, or of recipients it takes at once",
    454: "The relay can't sign us in, or set up TLS, now",
    521: "That host takes no mail",
    530: "The relay wants us to sign in",
    535: "Our sign-in at the relay is refused",
    550: "The mailbox is refused",
    551: "The reader is not at this server",
    552: "The mailbox, or the message, is over its limit",
    553: "The address is not allowed",
    554: "The relay refuses the message",
    556: "The domain takes no mail",
}


@dataclass(frozen=True)
class Answer:
    """One answer, in one state, and how many deliveries got it last."""

    state: DeliveryState
    code: int  # 0: none came
    enhanced: str  # as "5.1.1"; "" where the relay gave none
    given_up: bool
    count: int
    example: str  # one of them as it came
    again_at: dt.datetime | None  # the next retry of any of them

    @property
    def meaning(self) -> str:
        """In words, without what happens next."""
        said = meaning(self.state, self.code, self.enhanced)
        return f"{said}; tried until its time was over" if self.given_up else said


def meaning(state: str, code: int, enhanced: str) -> str:
    """What an answer means, in words."""
    if state == DeliveryState.UNCERTAIN:
        return "The final dot may have arrived; we never heard"
    subject = enhanced.partition(".")[2]
    if subject == "7.0" and code < 500:
        return _SLOW_DOWN
    if subject in _BY_ENHANCED:
        return _BY_ENHANCED[subject]
    if code in _BY_CODE:
        return _BY_CODE[code]
    return "Refused for now" if state == DeliveryState.DEFERRED else "Refused for good"


def enhanced_code(text: str) -> str:
    """The enhanced code at the head of an answer's words, or ""."""
    match = _ENHANCED.match(text)
    return match[0] if match else ""


def enhanced_of(answer: str) -> str:
    """The enhanced code of an answer as it is kept, the reply code first, given up or not."""
    said = answer.partition(_LAST)[2] if answer.startswith(GIVEN_UP) else answer
    return enhanced_code(said[4:])


def answers(mailing: Mailing) -> list[Answer]:
    """The mailing's answers, the most pressing state first, then the most frequent."""
    rows = (
        mailing.deliveries.filter(IS_TO_SEE)
        .annotate(
            given_up=Case(
                When(answer__startswith=GIVEN_UP, then=StrIndex("answer", Value(_LAST))),
                default=Value(0),
            ),
            said=Case(
                When(given_up__gt=0, then=Substr("answer", F("given_up") + len(_LAST), 12)),
                default=Left("answer", 12),
            ),
        )
        # What follows an enhanced code differs from reader to reader: without it few groups stay.
        .annotate(dot=Substr("said", 6, 1))
        .annotate(
            head=Case(When(dot=".", then=Substr("said", 5, 8)), default=Value("")),
            tried_out=Case(When(given_up__gt=0, then=Value(1)), default=Value(0)),
        )
        .values("state", "code", "head", "tried_out")
        .annotate(n=Count("id"), example=Max("answer"), again_at=Min("next_attempt_at"))
        .order_by("state", "code", "head")
    )
    return _merged(
        Answer(
            state=DeliveryState(row["state"]),
            code=row["code"],
            enhanced=enhanced_code(row["head"]),
            given_up=bool(row["tried_out"]),
            count=row["n"],
            example=row["example"],
            again_at=row["again_at"],
        )
        for row in rows
    )


def _merged(found: Iterable[Answer]) -> list[Answer]:
    """One row where two differ only in what followed the enhanced code."""
    merged: dict[tuple[object, ...], Answer] = {}
    for one in found:
        key = (one.state, one.code, one.enhanced, one.given_up)
        other = merged.get(key)
        merged[key] = _sum(other, one) if other else one
    return sorted(merged.values(), key=lambda one: (TO_SEE.index(one.state), -one.count))


def _sum(one: Answer, other: Answer) -> Answer:
    times = [time for time in (one.again_at, other.again_at) if time]
    return Answer(
        one.state,
        one.code,
        one.enhanced,
        one.given_up,
        one.count + other.count,
        one.example,
        min(times, default=None),
    )
