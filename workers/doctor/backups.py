"""Backups: whether there are any, and how old the last one is."""

import datetime as dt
from collections.abc import Iterator

from django.utils import timezone

from workers.backup.models import Backup
from workers.doctor.finding import Finding, bad, look, well

ABOUT = "Backup"

NOTICED, WRONG = dt.timedelta(hours=30), dt.timedelta(days=7)
"""How old the last may be before it is said (one a day may come some hours late), and before
nothing more should be sent that nobody could restore."""

_MEND = "digest backup FILE, once a day by cron or systemd: docs/backup.md"


def examine() -> Iterator[Finding]:
    """By the database's own memory, which a backup brings along: it says when that was taken."""
    last = Backup.objects.filter(trouble="").first()
    tried = Backup.objects.first()
    if tried and tried.trouble:
        when = f"{tried.taken_at:%d %B %H:%M %Z}"
        yield look(ABOUT, f"That of {when} failed: {tried.trouble}", "Mend that, and back up anew.")
    if last is None:
        yield look(ABOUT, "None was made yet: a lost disk would be the end of all of it.", _MEND)
        return
    age = timezone.now() - last.taken_at
    said = f"The last is of {last.taken_at:%d %B %Y %H:%M %Z} ({last.file})"
    if age > WRONG:
        yield bad(ABOUT, f"{said}: {age.days} days old.", _MEND)
    elif age > NOTICED:
        yield look(ABOUT, f"{said}: {age.total_seconds() / 3600:,.0f} hours old.", _MEND)
    else:
        yield well(ABOUT, f"{said}.")
