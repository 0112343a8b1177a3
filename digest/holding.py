"""Briefings that wait for an editor's look, and letting them go."""

from django.db import transaction
from django.utils import timezone

from digest.audit import audit
from digest.briefings import Briefing


@transaction.atomic
def release(briefing: Briefing, by: str) -> None:
    """Make a held briefing a candidate, as if it had come just now.

    Or an update that was approved meanwhile would have passed it over for good.
    """
    if briefing.held_at is not None:
        briefing.held_at, briefing.received_at = None, timezone.now()
        briefing.save(update_fields=["held_at", "received_at"])
        audit(by, "released briefing", f"{briefing.topic.slug}/{briefing.slug}"[:200])
