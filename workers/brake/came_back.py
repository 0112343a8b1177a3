"""Refusals of us that come back after a relay took the mail: they count against a share, too.

A relay of one's own, or a service, takes everything; what Gmail says of us is told later, by a
bounce or a call. They are held against all that was accepted at that provider meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import Sum

from workers.brake import share_rules, shares
from workers.brake.mailboxes import domains_of, provider_of
from workers.brake.models import ProviderShare, Standing
from workers.feedback.events import OUTCOMES, speaks_of_us
from workers.ledger import LIVE
from workers.models import Mailing
from workers.queue.models import AtDomain
from workers.said import of_nobody

if TYPE_CHECKING:
    from workers.feedback.applying import Told


def refused(told: Iterable["Told"]) -> None:
    """Count those that blame us, in the transaction that keeps them; hold what refuses too much.

    Where there are none, which is nearly always, nothing is asked."""
    found: dict[tuple[int, str], list[str]] = defaultdict(list)
    for event, row in told:
        if row.address and event.kind in OUTCOMES and speaks_of_us(event.code):
            found[row.mailing_id, provider_of(row.address)].append(event.words or event.code)
    if found:
        live = set(Mailing.objects.filter(
            id__in={mailing for mailing, _ in found}, state__in=LIVE
        ).values_list("id", flat=True))  # fmt: skip
        for mailing_id in sorted(live):
            told_of = {name: words for (one, name), words in found.items() if one == mailing_id}
            for share in shares.locked(mailing_id, told_of):
                _count(share, told_of[share.provider])


def _count(share: ProviderShare, words: list[str]) -> None:
    if share.standing == Standing.HELD:
        return
    share.returned += len(words)
    share.words = of_nobody(words[-1])[:1000]
    accepted = _accepted(share.mailing_id, share.provider)
    since = accepted - share.accepted_before
    if share.standing == Standing.PROBING or share_rules.too_many_came_back(share.returned, since):
        share.returned, share.accepted_before, share.later = 0, accepted, True
        shares.move(share, Standing.HELD)
    share.save()


def _accepted(mailing_id: int, provider: str) -> int:
    rows = AtDomain.objects.filter(mailing=mailing_id, domain__in=domains_of(provider))
    return int(rows.aggregate(n=Sum("accepted", default=0))["n"])
