"""The balance sheet of a mailing, counted from the ledger's rows; exact at any moment.

candidates = queued + accepted + deferred + failed + excluded + uncertain
"""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, F

from workers.models import DeliveryState, Mailing

STATES = [
    state.value
    for state in (
        DeliveryState.ACCEPTED,
        DeliveryState.QUEUED,
        DeliveryState.DEFERRED,
        DeliveryState.FAILED,
        DeliveryState.EXCLUDED,
        DeliveryState.UNCERTAIN,
    )
]
"""In the order in which the sheet shows them everywhere."""


@dataclass(frozen=True)
class Sheet:
    """A mailing's balance sheet; the numbers are deliveries."""

    mailing: int
    update: str
    state: str
    candidates: int
    queued: int
    accepted: int
    deferred: int
    failed: int
    excluded: dict[str, int]
    uncertain: int
    balanced: bool

    @property
    def excluded_total(self) -> int:
        return sum(self.excluded.values())


def sheet(mailing: Mailing) -> Sheet:
    """Counted from the rows themselves, and held against candidates and counters.

    It balances when the states add up to the candidates, and when the counters that the
    pages show say what the rows say.  Rows and counters are read by one statement: two
    would see two moments of a mailing that moves.
    """
    counters = ["state", "candidates", *STATES]
    rows = (
        Mailing.objects.filter(id=mailing.id)
        .values(*counters, of=F("deliveries__state"), reason=F("deliveries__reason"))
        .annotate(n=Count("deliveries"))
    )
    by_state: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    found = list(rows)
    for row in found:
        by_state[row["of"]] += row["n"]
        if row["of"] == DeliveryState.EXCLUDED:
            excluded[row["reason"]] += row["n"]
    head = found[0]
    agree = all(by_state[state] == head[state] for state in STATES)
    return Sheet(
        mailing=mailing.id,
        update=mailing.update.ref if mailing.update else "",
        state=head["state"],
        candidates=head["candidates"],
        queued=by_state[DeliveryState.QUEUED],
        accepted=by_state[DeliveryState.ACCEPTED],
        deferred=by_state[DeliveryState.DEFERRED],
        failed=by_state[DeliveryState.FAILED],
        excluded=dict(excluded),
        uncertain=by_state[DeliveryState.UNCERTAIN],
        balanced=agree and sum(by_state.values()) == head["candidates"],
    )
