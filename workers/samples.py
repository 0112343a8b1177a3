"""How far each moving mailing is, written down every ten seconds, for its rate over time."""

import datetime as dt

from django.db import connection
from django.db.models import F
from django.utils import timezone

from workers.models import MailingState
from workers.queue.models import Sample

EVERY = 10
"""Seconds between two samples of a mailing."""

FINE = dt.timedelta(hours=2)
"""For so long every sample is kept, then one of each ten minutes."""

COARSE = 600 // EVERY

KEPT = dt.timedelta(days=30)
"""After its mailing's end."""

# One statement each second, however many mailings: it walks the index on (state, due_at) and,
# but for once in ten seconds, finds that the samples are there.  Two ticks at once take one.
_TAKE = """
    INSERT INTO workers_sample (mailing_id, slot, at, accepted)
    SELECT id, %s, %s, accepted FROM workers_mailing
    WHERE state IN ('preparing', 'sending', 'paused') AND started_at IS NOT NULL
    ON CONFLICT DO NOTHING"""


def take(now: dt.datetime | None = None) -> None:
    """A sample of each mailing that has begun and not ended; once a minute, old ones go."""
    now = now or timezone.now()
    with connection.cursor() as cursor:
        slot = int(now.timestamp()) // EVERY
        cursor.execute(_TAKE, [slot, connection.ops.adapt_datetimefield_value(now)])
    if not now.second:
        thin(now)


def thin(now: dt.datetime) -> None:
    """Keep one of ten minutes of what is hours old, and nothing of what ended long ago."""
    begun = int((now - FINE).timestamp()) // EVERY
    passed = Sample.objects.filter(slot__lt=begun, slot__gte=begun - 2 * COARSE)
    passed.annotate(place=F("slot") % COARSE).exclude(place=0).delete()
    Sample.objects.filter(
        mailing__state__in=[MailingState.DONE, MailingState.CANCELLED],
        mailing__finished_at__lt=now - KEPT,
    ).delete()
