"""What went wrong with a mailing, for an editor: where, why, and what to do."""

import re
from dataclasses import dataclass

from django.db.models import Count, Max

from workers.models import DeliveryState, Mailing
from workers.queue.answers import IS_TO_SEE, enhanced_of, meaning
from workers.queue.by_domain import DOMAIN

MOST = 8
"""Problems that are named; the queue's page of the mailing has all answers."""

NAMED = 20
"""Uncertain readers who are named."""

_ABOUT_US = re.compile(r"[45]\.(1\.[78]|7\.)")
_NO_SUCH = re.compile(r"5\.1\.[126]")
_FULL = re.compile(r"[45]\.2\.2")


@dataclass(frozen=True)
class Problem:
    """One reason at one mail domain, and how many readers it kept from the mail."""

    domain: str
    state: str
    code: int
    enhanced: str
    count: int

    @property
    def why(self) -> str:
        return meaning(self.state, self.code, self.enhanced)

    @property
    def mend(self) -> str:
        """What somebody can do."""
        if self.state == DeliveryState.DEFERRED:
            return "It is tried again by itself; a slower rate helps where they ask for it."
        if self.code == 0:
            return "Ask ops whether the relay can be reached: digest doctor."
        if _ABOUT_US.match(self.enhanced):
            return "It is about the sender, not the reader: look at SPF, DKIM and DMARC."
        if _NO_SUCH.match(self.enhanced):
            return "Nothing: the address is wrong or gone."
        if _FULL.match(self.enhanced):
            return "Nothing now: it may have room for the next update."
        return "The words of their answer stand in the queue."


def problems(mailing: Mailing) -> list[Problem]:
    """The most frequent first, by the index of what wants a look."""
    rows = (
        mailing.deliveries.filter(
            IS_TO_SEE, state__in=[DeliveryState.FAILED, DeliveryState.DEFERRED]
        )
        .annotate(at=DOMAIN)
        .values("at", "state", "code")
        .annotate(n=Count("id"), example=Max("answer"))
        .order_by("-n", "at")[:MOST]
    )
    return [
        Problem(row["at"], row["state"], row["code"], enhanced_of(row["example"]), row["n"])
        for row in rows
    ]
