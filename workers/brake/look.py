"""What a mailing's page shows of the brake: its figures, each beside what it is held at."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Now

from workers.brake import judging
from workers.brake.mailboxes import BY_DOMAIN, SILENT, domains_of
from workers.brake.models import STOPPED, Braking, Postmaster, ProviderShare, Standing
from workers.brake.verdict import Verdict
from workers.models import Batch, BatchState, Mailing
from workers.queue.models import AtDomain


@dataclass(frozen=True)
class Silent:
    """A provider that tells of no complaints, and what its postmaster page last said."""

    provider: str
    accepted: int
    read: Postmaster | None


@dataclass(frozen=True)
class Look:
    """A mailing's figures, and what the brake makes of them."""

    verdict: Verdict
    row: Braking | None
    silent: Sequence[Silent]
    shares: Sequence[ProviderShare]


def look(mailing: Mailing) -> Look:
    """In a handful of queries, whatever the mailing's size."""
    return Look(
        judging.verdicts([mailing])[mailing.id],
        Braking.objects.filter(mailing=mailing).first(),
        _silent(mailing),
        troubled([mailing.id]),
    )


def troubled(mailing_ids: Sequence[int]) -> list[ProviderShare]:
    """Providers' shares that do not go as all the others, those held back first."""
    rows = ProviderShare.objects.filter(mailing__in=mailing_ids).exclude(standing=Standing.FREE)
    return sorted(rows, key=lambda one: (one.standing == Standing.SLOW, one.provider))


def refusing() -> QuerySet[ProviderShare]:
    """Shares of open mailings that are held back."""
    rows = ProviderShare.objects.filter(standing__in=STOPPED, mailing__state__in=judging.OPEN)
    return rows.select_related("mailing__topic", "mailing__update__topic")


_BATCHES = Batch.objects.filter(mailing=OuterRef("pk"))
_RESTED = Q(not_before=None) | Q(not_before__lte=Now())
_MAY_GO = Q(state=BatchState.LEASED) | Q(state=BatchState.PENDING) & _RESTED

RESTS = ~Exists(_BATCHES.filter(_MAY_GO)) & Exists(_BATCHES.filter(state=BatchState.PENDING))
"""Mailings with batches that rest, and none that is leased or may be claimed."""


def _silent(mailing: Mailing) -> list[Silent]:
    domains = [domain for name in SILENT for domain in domains_of(name)]
    rows = AtDomain.objects.filter(mailing=mailing, domain__in=domains)
    accepted: dict[str, int] = {}
    for domain, n in rows.values_list("domain").annotate(n=Sum("accepted")):
        accepted[BY_DOMAIN[domain]] = accepted.get(BY_DOMAIN[domain], 0) + n
    read = Postmaster.objects.filter(provider__in=list(accepted)).order_by("day")
    latest = {one.provider: one for one in read}
    return [
        Silent(name, n, latest.get(name))
        for name, n in sorted(accepted.items(), key=lambda one: -one[1])
    ]
