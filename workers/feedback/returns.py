"""What came back of a mailing, in figures, for pages and whoever watches; and taken back."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum

from digest.audit import audit
from subscribers import suppression
from workers.feedback.applying import COUNTED
from workers.feedback.events import mailing_name
from workers.models import Mailing


@dataclass(frozen=True)
class Returns:
    """Deliveries of a mailing by their outcome. Each stands in one of the first five."""

    delivered: int
    bounced: int
    dropped: int
    complained: int
    unreported: int
    hard: int
    """Of the bounced, and of those who complained: who bounced for good."""

    @property
    def any(self) -> bool:
        """Whether anything came back."""
        return bool(self.delivered or self.bounced or self.dropped or self.complained)


def of(mailing: Mailing) -> Returns:
    """From eight rows at most, whatever the mailing's size."""
    names = [outcome.value for outcome in COUNTED]
    sums = mailing.came_back.aggregate(**{name: Sum(name, default=0) for name in [*names, "hard"]})
    came = sum(sums[name] for name in names)
    # An event may be told before the relay's answer is recorded, which is a second later.
    return Returns(**sums, unreported=max(0, mailing.accepted - came))


def suppressed(mailing: Mailing) -> int:
    """How many addresses its bounces put on the suppression list, where they still are."""
    return suppression.barred_by(mailing_name(mailing.id)).count()


@transaction.atomic
def unsuppress(mailing: Mailing, by: str) -> int:
    """Let those be mailed again whom this mailing's bounces put on the suppression list."""
    n, _ = suppression.barred_by(mailing_name(mailing.id)).delete()
    if n:
        audit(by, "took off suppression", mailing_name(mailing.id), addresses=n)
    return n
