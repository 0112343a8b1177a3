"""The door as a program: ``python -m workers.inbound``, where ``digest up`` does not run it."""

import os
import socket
import sys

import django
from django.conf import settings
from django.db import DatabaseError

from digest import logs
from digest.errors import DigestError


def main() -> int:
    """Listen until SIGTERM; the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from digest.database import refuse_another_key
    from workers.inbound import door
    from workers.inbound.source import DoorAt, source

    at = source(settings.INBOUND_URL) if settings.INBOUND_URL else None
    if not isinstance(at, DoorAt):
        return _ended(
            2,
            "INBOUND_URL names no door, as lmtp://127.0.0.1:2424 would; nothing was started. "
            "A mailbox (imap://…) is read by the workers.",
        )
    logs.set_up()
    try:
        refuse_another_key()  # with another, nothing would be known as ours
        family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
        listening = socket.create_server((at.host, at.port), family=family)
    except DigestError as problem:
        return _ended(problem.status, str(problem))
    except DatabaseError as problem:
        return _ended(
            3,
            f"The database can't be asked ({type(problem).__name__}); nothing was started. "
            "Start it, and bring it up to date with digest migrate.",
        )
    except OSError as problem:
        why = os.strerror(problem.errno or 0)
        return _ended(
            3,
            f"Can't listen on {at.host} port {at.port} ({why}); nothing was started. "
            "Choose another in INBOUND_URL.",
        )
    door.serve(listening, lambda: _say(f"Mails are taken at {at}"))
    return 0


def _ended(status: int, why: str) -> int:
    sys.stderr.write(f"digest: {why}\n")
    return status


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
