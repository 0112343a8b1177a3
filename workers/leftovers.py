"""What is left in the ledger of people who were erased while it was written.

A chunk of an audience that was read just before somebody was erased is written just after, and a
relay may answer minutes later with the address in its words. Neither waits for erasing, nor
erasing for them: what they leave is taken out here.
"""

import datetime as dt

from django.utils import timezone

from workers.models import Delivery

LOOKED_BACK = dt.timedelta(days=1)
"""A chunk is written within seconds, a batch settled within minutes."""


def sweep(now: dt.datetime | None = None) -> int:
    """Empty them, once a minute; how many there were."""
    now = now or timezone.now()
    if now.second:  # the tick comes once in each second
        return 0
    erased = Delivery.objects.filter(subscriber__erased_at__gte=now - LOOKED_BACK)
    left = list(erased.exclude(address="", name="", answer="").values_list("id", flat=True))
    if not left:
        return 0
    return Delivery.objects.filter(id__in=left).update(address="", name="", answer="")
