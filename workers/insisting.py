"""What a worker knows is told to the database, however long that is away."""

import os
import time
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError, connection

log = structlog.get_logger()

PATIENCE = 600
"""Seconds for which a worker keeps results that the database can't take."""


def insist(do: Callable[[], None]) -> None:
    """Do it, however long the database is away.

    Nothing may be sent meanwhile, for nothing more could be recorded. After ten minutes, or
    whatever else goes wrong, the process ends at once: its journal then tells whoever comes
    next, which it could not once another batch had cut it.
    """
    try:
        for _ in range(PATIENCE):
            try:
                do()
            except (OperationalError, InterfaceError):
                log.warning("database away; what this worker knows waits")
                connection.close()
                time.sleep(1)
            else:
                return
    except BaseException:
        log.exception("the database can't be told; the journal tells")
    os._exit(1)
