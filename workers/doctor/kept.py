"""Examinations that are kept: one at a time, whoever asks for it, and one each day.

In a thread of the process that was asked, or in a worker; so the page has one to show while the
broker is away or no worker runs, which is when somebody looks at it.
"""

import dataclasses
import datetime as dt
import platform
import threading
from collections.abc import Sequence

import structlog
from django.db import close_old_connections, connections
from django.db.models import Q
from django.utils import timezone

from workers.doctor.finding import Finding, Grade, amiss
from workers.doctor.models import Examination

log = structlog.get_logger()

LONGEST = dt.timedelta(minutes=3)
"""After which one that never ended is taken for dead, and another may begin."""

DAY = dt.timedelta(days=1)
SETTLING = dt.timedelta(hours=1)
"""Before a new installation's first daily one: whoever sets it up is still at it."""

DAILY = "the daily look"

WATCHED = {"Database", "Broker", "Workers", "Disk"}
"""What the watch looks at each minute: it has alerts of its own."""


def current() -> Examination:
    """The row, or an empty one."""
    return Examination.objects.filter(id=1).first() or Examination(id=1)


def _made() -> Examination:
    """The row, made where there is none."""
    later = timezone.now() + SETTLING
    return Examination.objects.get_or_create(id=1, defaults={"daily_at": later})[0]


def is_running(one: Examination, now: dt.datetime | None = None) -> bool:
    """Whether somebody is at it now."""
    return one.begun_at is not None and one.begun_at > (now or timezone.now()) - LONGEST


def begin(by: str) -> threading.Thread | None:
    """Examine in a thread of its own; None where somebody is at it already."""
    if not _claim():
        return None
    thread = threading.Thread(target=_in_thread, args=(by,), name="doctor", daemon=True)
    thread.start()
    return thread


def look_daily() -> None:
    """The daily one, where it is due and nobody else is at it."""
    now, _ = timezone.now(), _made()
    due = Examination.objects.filter(id=1, daily_at__lte=now)
    if due.update(daily_at=now + DAY) and _claim():
        _examine(DAILY)


def is_due(now: dt.datetime) -> bool:
    """Whether it is time for the daily one."""
    due = _made().daily_at
    return due is not None and due <= now


def findings(one: Examination) -> list[Finding]:
    """What was found last."""
    return [Finding(**{**each, "grade": Grade(each["grade"])}) for each in one.findings]


def in_a_word() -> tuple[Grade, str] | None:
    """The weightiest grade of the last one, and how many are of it; None before the first."""
    found = findings(current())
    if not found:
        return None
    for grade, words in ((Grade.BAD, "to mend"), (Grade.LOOK, "to look at")):
        if n := sum(one.grade is grade for one in found):
            return grade, f"{n} {words}"
    return Grade.WELL, "all well"


def news() -> list[Finding]:
    """What the daily one found amiss that was well the day before, and that still is so."""
    row = current()
    return [one for one in findings(row) if one.about in row.news]


def _claim() -> bool:
    now, row = timezone.now(), _made()
    free = Q(begun_at=None) | Q(begun_at__lte=now - LONGEST)
    return bool(Examination.objects.filter(free, id=row.id).update(begun_at=now))


def _in_thread(by: str) -> None:
    close_old_connections()
    try:
        _examine(by)
    except Exception:
        log.exception("could not examine")
    finally:
        connections.close_all()


def _examine(by: str) -> None:
    from workers.doctor.examination import examine  # 2 MB of each process that never examines

    try:
        keep(list(examine()), by)
    finally:
        Examination.objects.filter(id=1).update(begun_at=None)


def keep(found: Sequence[Finding], by: str) -> None:
    """Make this the last examination.

    What only the daily one finds amiss is news, and an alert: somebody who asks for one sees it
    with their own eyes. It is news until an examination finds it well, or no more; what could not
    be looked at, since a name server was silent say, leaves it as it was.
    """
    row = _made()
    bad = [one.about for one in found if amiss(one) and one.about not in WATCHED]
    unsure = [one.about for one in found if one.grade is Grade.UNKNOWN]
    news = [about for about in row.news if about in {*bad, *unsure}]
    if by == DAILY:
        if row.known is not None:
            news += [about for about in bad if about not in {*row.known, *news}]
        row.known = [*bad, *(about for about in row.known or () if about in unsure)]
    row.news, row.by, row.host, row.ended_at = news, by, platform.node(), timezone.now()
    row.findings = [dataclasses.asdict(one) for one in found]
    row.save(update_fields=["news", "known", "by", "host", "ended_at", "findings"])
