"""``python -m workers.demo.slow``: a correction that goes slowly, and a worker that dies in it.

For whoever looks at the demo's queue: a mailing at work, with one reader of whom nobody knows
whether the mail arrived. This process does what a worker does with its first message, and is killed
at the worst moment, between the message and the relay's answer. What then becomes of its batch is
the workers' own doing.
"""

import os
import signal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402

from digest import logs  # noqa: E402
from digest.models import Update  # noqa: E402
from workers import audience, corrections, ledger, mailings  # noqa: E402
from workers.demo.run import BY, SENT, SLUG  # noqa: E402
from workers.identity import host, journals, worker  # noqa: E402
from workers.journal import Journal  # noqa: E402
from workers.models import BULK, Batch, Mailing  # noqa: E402

RATE = 0.4
"""Messages a second: some eight minutes for the demo's readers."""

TEXT = (
    "In the last update one figure stood beside the wrong name. The story below has both as they "
    "should be."
)


def begun() -> Batch:
    """The correction made, and its first batch on lease to this process, before any worker can
    see it."""
    with transaction.atomic():
        update = Update.objects.get(topic__slug=SLUG, number=SENT[-1])
        first = update.items.order_by("position").select_related("briefing")[0]
        made = corrections.correct(update, TEXT, [first.briefing.slug], BY)
        mailings.set_rate(made, RATE, BY)
        audience.fill(made.id)
        batch = ledger.claim(BULK, host(), worker())
        assert batch is not None, "nothing else is on its way in the demo"
        Mailing.objects.filter(id=made.id).update(started_at=batch.dated_at)
    return batch


def main() -> None:
    logs.for_a_command()
    # First, as every worker does: a lease without a journal counts as lost.
    journal = Journal.open(journals(), worker(), fsync=settings.JOURNAL_FSYNC)
    journal.begin(ledger.queued(begun())[0].id)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
