"""The ledger's promise, held against what the sink wrote down before it answered.  Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """What must hold; the value says it to whoever reads the verdict."""

    ONCE = "no recipient more than once at the sink"
    ARRIVED = "whoever the ledger calls accepted is at the sink"
    KNOWN = "whoever is at the sink is accepted or uncertain in the ledger"
    BALANCED = "the states add up to the audience"
    SETTLED = "nothing is queued, deferred or failed"
    BOUNDED = "no more uncertain than connections that broke"


@dataclass(frozen=True)
class Claim:
    """What the ledger says once the mailing is done."""

    states: Sequence[tuple[str, str]]  # (address, state) of each delivery
    candidates: int
    balanced: bool  # by the balance sheet's own reckoning


@dataclass(frozen=True)
class Verdict:
    """Which rules were broken, and by whom: addresses, or a line that says it."""

    broken: dict[Rule, list[str]]

    @property
    def holds(self) -> bool:
        return not self.broken


def judge(sink: Iterable[str], claim: Claim, audience: int, uncertain_at_most: int) -> Verdict:
    """Hold the sink's record (a recipient for each message taken) against the ledger's claim.

    ``audience``: how many were to be mailed.  ``uncertain_at_most``: connections of the
    processes that were killed, and connections that the sink broke after a body.
    """
    got = Counter(sink)
    of = {state: _addresses(claim, state) for state in ("accepted", "uncertain")}
    known = of["accepted"] | of["uncertain"]
    found = {
        Rule.ONCE: [f"{who} ({n} times)" for who, n in sorted(got.items()) if n > 1],
        Rule.ARRIVED: sorted(of["accepted"] - set(got)),
        Rule.KNOWN: sorted(set(got) - known),
        Rule.BALANCED: _unbalanced(claim, audience),
        Rule.SETTLED: sorted(
            f"{who} ({state})"
            for who, state in claim.states
            if state in {"queued", "deferred", "failed"}
        ),
        Rule.BOUNDED: _beyond(len(of["uncertain"]), uncertain_at_most),
    }
    return Verdict({rule: what for rule, what in found.items() if what})


def _addresses(claim: Claim, state: str) -> set[str]:
    return {who for who, of in claim.states if of == state}


def _unbalanced(claim: Claim, audience: int) -> list[str]:
    wrong = []
    if not len(claim.states) == claim.candidates == audience:
        wrong.append(
            f"{len(claim.states)} deliveries, {claim.candidates} candidates, {audience} readers"
        )
    twice = [who for who, n in Counter(who for who, _ in claim.states).items() if n > 1]
    wrong += [f"{who} has several deliveries" for who in sorted(twice)]
    if not claim.balanced:
        wrong.append("the balance sheet itself says that it does not balance")
    return wrong


def _beyond(uncertain: int, at_most: int) -> list[str]:
    return [f"{uncertain}, and {at_most} may be"] if uncertain > at_most else []
