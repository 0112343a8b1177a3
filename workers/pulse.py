"""The pulse: when the tick last ran, as the database knows it and as this machine does.

Two things show in it that nothing else would tell. A database whose last tick is hours old
stood still, and what it was sending is old news. One whose last tick is older than the one that
this machine remembers was put back from a backup: what was sent since that was taken is not in
it, and would be sent again.
"""

import datetime as dt
import json
import os
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from django.db import transaction

from workers.identity import journals
from workers.models import Pulse
from workers.slots import GRACE

SLACK = dt.timedelta(seconds=60)
"""A machine that lost power may have lost its last commits; that is no backup."""


class Cause(Enum):
    """Why there is a gap."""

    STOOD_STILL = "stood still"  # no tick for longer than the grace
    PUT_BACK = "put back"  # the database is older than this machine's memory of it


class Gap(NamedTuple):
    """A time of which the database knows nothing."""

    cause: Cause
    since: dt.datetime
    until: dt.datetime


@transaction.atomic
def beat(now: dt.datetime, on_gap: Callable[[Gap], None]) -> None:
    """Write down that the tick runs; if it ends a gap, in one transaction with ``on_gap``.

    The row is locked: of two ticks only one sees the gap. The time never goes back, whatever a
    clock does.
    """
    pulse = Pulse.objects.select_for_update().order_by("id").first() or Pulse(at=now)
    found = _gap(pulse, now)
    if found is not None:
        on_gap(found)
    pulse.at = max(pulse.at, now, found.until if found else now)
    pulse.save()
    # Once it is committed: this machine must never remember more than the database ever knew.
    transaction.on_commit(lambda: _remember(pulse))


def _gap(pulse: Pulse, now: dt.datetime) -> Gap | None:
    remembered = _remembered(pulse)
    if remembered is not None and remembered - pulse.at > SLACK:
        return Gap(Cause.PUT_BACK, pulse.at, remembered)
    if now - pulse.at > GRACE:
        return Gap(Cause.STOOD_STILL, pulse.at, now)
    return None


def _path() -> Path:
    return journals() / "pulse"


def _remembered(pulse: Pulse) -> dt.datetime | None:
    """When this machine last touched this very database."""
    with suppress(OSError, ValueError, KeyError):
        said = json.loads(_path().read_text())
        if said["database"] == str(pulse.database):
            return dt.datetime.fromisoformat(said["at"])
    return None


def _remember(pulse: Pulse) -> None:
    draft = _path().with_name(f".pulse.{os.getpid()}")
    draft.write_text(json.dumps({"database": str(pulse.database), "at": pulse.at.isoformat()}))
    draft.replace(_path())
