"""Leases whose worker may be dead: whose they are, and how long they have been silent."""

import datetime as dt

from django.db.models.functions import Now

from workers.models import Batch, BatchState

LOST = dt.timedelta(minutes=10)
"""How long a lease that ran out may be silent before its host, journal and all, is given up."""


def of_worker(host: str, worker: str) -> list[Batch]:
    """Batches on lease to a worker of this host, which is dead or knows nothing of them."""
    return list(
        Batch.objects.select_related("mailing").filter(
            state=BatchState.LEASED, host=host, worker=worker
        )
    )


def given_up(host: str) -> list[Batch]:
    """Batches of other hosts whose lease ran out, and who then stayed silent for ``LOST``.

    Counted from when somebody first saw it, not from the lease's end: while the database was
    away nobody could renew. Leases of this host are told by their journals.
    """
    silent = Batch.objects.filter(state=BatchState.LEASED, leased_until__lt=Now()).exclude(
        host=host
    )
    silent.filter(missed_at=None).update(missed_at=Now())
    return list(silent.select_related("mailing").filter(missed_at__lt=Now() - LOST))


def of_host(host: str) -> list[Batch]:
    """Batches on lease to workers of this host."""
    return list(Batch.objects.select_related("mailing").filter(state=BatchState.LEASED, host=host))
