"""The door as a program: ``python -m workers.inbound``, where ``digest up`` does not run it."""

import socket
import sys

import django
from django.conf import settings


def main() -> int:
    django.setup()
    from digest import logs
    from workers.inbound import door
    from workers.inbound.source import DoorAt, source

    at = source(settings.INBOUND_URL) if settings.INBOUND_URL else None
    if not isinstance(at, DoorAt):
        sys.stderr.write(
            "digest: INBOUND_URL names no door, as lmtp://127.0.0.1:2424 would; nothing was "
            "started. A mailbox (imap://…) is read by the workers.\n"
        )
        return 2
    logs.set_up()
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    try:
        listening = socket.create_server((at.host, at.port), family=family)
    except OSError as problem:
        sys.stderr.write(
            f"digest: can't listen on {at.host} port {at.port} ({problem.strerror}); nothing was "
            "started. Choose another in INBOUND_URL.\n"
        )
        return 3
    door.serve(listening, lambda: _say(f"Mails are taken at {at}\n"))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
