"""Taking a briefing back: it goes into nothing that is still to come."""

from django.db import transaction
from django.utils import timezone

from digest import voiding
from digest.audit import audit
from digest.briefings import Briefing
from digest.models import Topic, Update


@transaction.atomic
def withdraw(briefing: Briefing, by: str) -> list[Update]:
    """Keep a briefing out of every further update; what was sent stays as it was.

    The updates that were approved with it and wait are drafts again; those are given.
    """
    _locked(briefing)
    if briefing.withdrawn_at is None:
        briefing.withdrawn_at = timezone.now()
        briefing.save(update_fields=["withdrawn_at"])
        audit(by, "withdrew briefing", _about(briefing))
        return voiding.of_briefing(briefing, by, f"withdrew “{briefing.headline}”")
    return []


@transaction.atomic
def put_back(briefing: Briefing, by: str) -> None:
    """Make a withdrawn briefing a candidate again."""
    _locked(briefing)
    if briefing.withdrawn_at is not None:
        # Its window may have passed meanwhile: it counts as come in just now.
        briefing.withdrawn_at, briefing.received_at = None, timezone.now()
        briefing.save(update_fields=["withdrawn_at", "received_at"])
        audit(by, "put back briefing", _about(briefing))


def _locked(briefing: Briefing) -> None:
    """As it is now, and so until this is done: an approval that is being given either sees the
    withdrawal or is voided by it, and of two who withdraw one does."""
    Topic.objects.select_for_update(no_key=True).get(pk=briefing.topic_id)
    briefing.refresh_from_db(fields=["withdrawn_at"])


def _about(briefing: Briefing) -> str:
    return f"{briefing.topic.slug}/{briefing.slug}"[:200]
