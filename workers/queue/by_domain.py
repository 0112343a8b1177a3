"""What became of a mailing at each mail domain: the biggest ones, and the others as one."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Value
from django.db.models.functions import Lower, StrIndex, Substr

from workers.models import Mailing
from workers.queue.answers import IS_TO_SEE
from workers.queue.models import AtDomain

SHOWN = 8

DOMAIN = Lower(Substr("address", StrIndex("address", Value("@")) + Value(1)))
"""The mail domain of a delivery, for queries."""


@dataclass(frozen=True)
class Domain:
    """One mail domain's part of the mailing, or what is left."""

    name: str  # "" for the others
    accepted: int
    deferred: int
    failed: int
    uncertain: int

    @property
    def attempted(self) -> int:
        return self.accepted + self.deferred + self.failed + self.uncertain


def domains(mailing: Mailing) -> list[Domain]:
    """Those with most attempts first; the last row is the others', so that sums are the sheet's.

    The accepted come from their counters, the rest by the index of what wants a look.
    """
    trouble: dict[str, dict[str, int]] = defaultdict(dict)
    rows = mailing.deliveries.filter(IS_TO_SEE).annotate(at=DOMAIN).values("at", "state")
    for row in rows.annotate(n=Count("id")):
        trouble[row["at"]][row["state"]] = row["n"]
    counted = AtDomain.objects.filter(mailing=mailing)
    accepted = dict(counted.order_by("-accepted", "domain").values_list("domain", "accepted")[:50])
    worst = sorted(trouble, key=lambda name: -sum(trouble[name].values()))[:50]
    accepted |= dict(counted.filter(domain__in=worst).values_list("domain", "accepted"))
    found = [
        _domain(name, accepted.get(name, 0), trouble.get(name, {})) for name in {*accepted, *worst}
    ]
    shown = sorted(found, key=lambda one: (-one.attempted, one.name))[:SHOWN]
    others = _others(mailing, shown)
    return [*shown, others] if others.attempted else shown


def _domain(name: str, accepted: int, of_state: dict[str, int]) -> Domain:
    return Domain(
        name, accepted, *(of_state.get(s, 0) for s in ("deferred", "failed", "uncertain"))
    )


def _others(mailing: Mailing, shown: list[Domain]) -> Domain:
    """What the sheet has beyond the domains that are shown; none is less than nothing, for the
    mailing may move between the queries."""
    left = (
        max(0, getattr(mailing, state) - sum(getattr(one, state) for one in shown))
        for state in ("accepted", "deferred", "failed", "uncertain")
    )
    return Domain("", *left)
