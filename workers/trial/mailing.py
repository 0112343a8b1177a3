"""A mailing to try things on: the demo's first update, and as many readers as are asked for."""

import datetime as dt
from pathlib import Path

from django.utils import timezone

from digest import approval, arranging, drafting
from digest.depths import Depth
from digest.intake import store
from digest.models import Topic, Update
from subscribers import planner
from workers import demo
from workers.models import Mailing, MailingKind
from workers.trial import readers
from workers.trial.readers import BY

SLUG = "medias-ai-pivot"
UNTIL = dt.datetime(2026, 5, 13, 15, tzinfo=dt.UTC)
"""The cut-off for which the demo's first week is written."""

_BRIEFINGS = Path(demo.__file__).parent / "briefings" / "update-1"
_IN_FULL = 2  # stories


def draft(number: int) -> Update:
    """An update in draft, of about 50 KB, for so many confirmed readers."""
    topic = Topic.objects.create(
        slug=SLUG, name="A trial of the workers", items_budget=12, minutes_budget=0
    )
    readers.make(topic, number)
    store.load([str(_BRIEFINGS)], topic.slug, by=BY)
    update = drafting.draft(topic, until=UNTIL, by=BY)
    for item in update.items.select_related("briefing")[:_IN_FULL]:
        arranging.set_depth(update, item.briefing.slug, Depth.LEAD, BY)
    planner.learn()  # as an import does at its end
    return update


def approve(update: Update) -> None:
    """Approve it, due in a second; a worker then makes its mailing."""
    far = timezone.now() + dt.timedelta(hours=1)
    approval.approve(update, BY, at=far, despite="A trial: nobody reads it.")
    # Rendering takes longer than a moment: due only now, so that what follows can be timed.
    soon = timezone.now() + dt.timedelta(seconds=1)
    Update.objects.filter(pk=update.pk).update(due_at=soon)


def of(update: Update) -> Mailing | None:
    """The update's main mailing, once there is one."""
    mailings = Mailing.objects.select_related("update__topic", "topic")
    return mailings.filter(update=update, kind=MailingKind.SCHEDULED).first()
