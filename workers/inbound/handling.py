"""One mail acted on: whose message it tells of, by a proof that only we could have made, and what
follows.

An address alone names nobody, for anybody may write to the address that bounces go to. Nothing
is ever answered.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from django.utils import timezone

from subscribers import links
from subscribers.models import normal_address
from subscribers.tokens import Purpose
from workers import evidence, message
from workers.feedback import providers
from workers.feedback.applying import apply
from workers.feedback.events import Event
from workers.feedback.models import Kind
from workers.feedback.providers import Beside
from workers.inbound import reports
from workers.inbound.leaving import leave_by, tokens_in
from workers.inbound.models import Sort
from workers.inbound.names import Names
from workers.inbound.reports import Report
from workers.inbound.status import Ending, Said
from workers.ledger import Result
from workers.letters import keys
from workers.models import Delivery, DeliveryState
from workers.verp import bounced_delivery

_KINDS = {
    Ending.REFUSED: Kind.HARD,
    Ending.GIVEN_UP: Kind.SOFT,
    Ending.ARRIVED: Kind.DELIVERED,
}
"""All others say no more than that a relay took it."""

_WEIGHT = list(Ending)

OLDEST, LATEST = dt.timedelta(days=30), dt.timedelta(days=1)
"""What a mail's Date is believed to be away from now."""


class Ours(NamedTuple):
    """The delivery that a mail proves to be about."""

    id: int
    address: str


def handle(mail: bytes, to: Sequence[str] = ()) -> Sort:
    """Do what a mail asks for or tells of, committed when this returns. The same again changes
    nothing. ``to``: the envelope's recipients, where these are known."""
    report = reports.read(mail, to)
    if report is None:
        return Sort.LEFT if leave_by(tokens_in(mail)) else Sort.UNCLEAR
    ours = _proven(report)
    if ours is None:
        return Sort.UNMATCHED
    if report.feedback:
        return _complained(ours, report) if report.feedback.complains else Sort.NOTICE
    return _told(ours, report) if report.said else Sort.NOTICE


def _complained(ours: Ours, report: Report) -> Sort:
    assert report.feedback is not None
    words = report.feedback.words
    apply([_event(ours, Kind.COMPLAINED, report, Said(Ending.ARRIVED, words=words))])
    return Sort.COMPLAINT


def _told(ours: Ours, report: Report) -> Sort:
    said = _weightiest(report.said, ours.address)
    kind = _KINDS.get(said.ending)
    if kind is None:
        answer = f"By mail: {said.ending}."
        evidence.settle([Result(ours.id, DeliveryState.ACCEPTED, answer=answer)])
        return Sort.NOTICE
    apply([_event(ours, kind, report, said)])
    return Sort.NOTICE if kind is Kind.DELIVERED else Sort.BOUNCE


def _weightiest(all_said: Sequence[Said], address: str) -> Said:
    """What is said of the reader's own address; else, of those behind it, the worst.

    Where these are several, some may have got it: their owner's address is not gone.
    """
    own = [one for one in all_said if _same(one.address, address)]
    found = max(own or all_said, key=lambda one: _WEIGHT.index(one.ending))
    if not own and found.for_good and len({one.address for one in all_said}) > 1:
        return replace(found, ending=Ending.GIVEN_UP)
    return found


def _same(said: str, address: str) -> bool:
    return bool(said and address) and normal_address(said) == normal_address(address)


def _event(ours: Ours, kind: Kind, report: Report, said: Said) -> Event:
    now = timezone.now()
    at = report.at if report.at and report.at.tzinfo else None
    return Event(
        kind=kind,
        provider=Beside.MAIL,
        at=at if at and now - OLDEST < at < now + LATEST else None,
        # A message comes back once; what says the same of it is the same.
        id=said.code or "without a code",
        tags=(providers.tag(keys().tags, Beside.MAIL, ours.id),),
        code=said.code,
        words=said.words,
    )


# ---- whose ---------------------------------------------------------------------------------


def _proven(report: Report) -> Ours | None:
    """By the envelope sender, else by the Message-ID, both of which carry a MAC; a complaint else
    by the reader's own token, which names their last mail of that topic."""
    number = _by_sender(report.names)
    if number is None:
        number = _by_message_id(report.names)
    if number is None and report.feedback:
        number = _by_token(report.names)
    row = Delivery.objects.filter(id=number or 0).values_list("id", "address").first()
    return Ours._make(row) if row else None


def _by_sender(names: Names) -> int | None:
    found = (bounced_delivery(keys().bounces, sender) for sender in names.senders)
    return next((one for one in found if one is not None), None)


def _by_message_id(names: Names) -> int | None:
    told = [one for one in map(message.named, names.message_ids) if one]
    rows = Delivery.objects.filter(id__in=[one.recipient for one in told])
    mailings = dict(rows.values_list("id", "mailing_id"))
    return next(
        (
            one.recipient
            for one in told
            if one.recipient in mailings and one.is_ours(keys().messages, mailings[one.recipient])
        ),
        None,
    )


def _by_token(names: Names) -> int | None:
    opened = (links.opened(Purpose.UNSUBSCRIBE, token) for token in names.tokens)
    for link in filter(None, opened):
        went = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)
        theirs = Delivery.objects.filter(
            subscriber=link.person, mailing__topic=link.topic, state__in=went
        )
        return theirs.order_by("-id").values_list("id", flat=True).first()
    return None
