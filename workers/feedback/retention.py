"""Events are kept for a while, not for ever: what they came to stays with delivery and mailing."""

import datetime as dt

from django.utils import timezone

from workers.feedback.models import Returned

KEPT_FOR = dt.timedelta(days=90)
"""Long enough to know a repetition, and to count five bounces of a weekly mail."""

A_TURN = 2_000
"""Events forgotten in one tick at most: as many as come in, at any rate that holds for a day."""


def forget(now: dt.datetime | None = None) -> int:
    """Forget the oldest; how many. By the index on when they were heard."""
    old = Returned.objects.filter(heard_at__lt=(now or timezone.now()) - KEPT_FOR)
    keys = list(old.order_by("heard_at").values_list("key", flat=True)[:A_TURN])
    if not keys:
        return 0
    return Returned.objects.filter(key__in=keys).delete()[0]
