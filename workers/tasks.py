"""The tasks.  They take ids, are a few lines, hold no logic, and may run twice or never."""

from celery import shared_task

from digest.intake import polling
from subscribers.importing import at_work
from workers import mailings, sending, ticking
from workers.doctor import kept
from workers.drain import draining
from workers.inbound import reading
from workers.models import BULK, URGENT
from workers.routes import health
from workers.wakeups import wake

BUSY = 5
"""Seconds that a task works before it hands the rest back to the database, so that what has
become due since need not wait long for a free worker."""


@shared_task(name="workers.tasks.tick")
def tick() -> None:
    """Find what is due and wake whoever does it; the schedule's only entry."""
    ticking.tick()


@shared_task(name="workers.tasks.prepare")
def prepare(mailing_id: int) -> None:
    """Fill a mailing's audience, for a while."""
    mailings.prepare(mailing_id, seconds=BUSY)


@shared_task(name="workers.tasks.look_at_route")
def look_at_route(route_id: int) -> None:
    """See whether a relay that was set aside can be used again."""
    health.look_again(route_id)


@shared_task(name="workers.tasks.examine", soft_time_limit=170, time_limit=180)
def examine() -> None:
    """The doctor's daily look."""
    kept.look_daily()


@shared_task(name="workers.tasks.read_feed")
def read_feed(feed_id: int) -> None:
    """Ask a feed for what is new."""
    polling.poll(feed_id)


@shared_task(name="workers.tasks.read_inbox")
def read_inbox() -> None:
    """Look for mails that unsubscribe, bounced or complain."""
    reading.read()


@shared_task(name="workers.tasks.import_list", soft_time_limit=1000, time_limit=1060)
def import_list(import_id: int) -> None:
    """Check or carry out an import of a list, for a while."""
    if at_work.go_on(import_id, seconds=4 * BUSY, stopping=draining):
        wake("import_list", import_id)


@shared_task(name="workers.tasks.send_bulk", soft_time_limit=1000, time_limit=1060)
def send_bulk() -> None:
    """Send batches of updates, for a while."""
    if sending.send(BULK, seconds=BUSY):
        wake("send_bulk")


@shared_task(name="workers.tasks.send_urgent", soft_time_limit=1000, time_limit=1060)
def send_urgent() -> None:
    """Send what a person waits for: confirmations, tests."""
    sending.send(URGENT, seconds=BUSY)
