"""The built-in mailbox as a program: ``python -m workers.mailbox``, where containers share it.

It listens on every address at ``DIGEST_MAILBOX_PORT``; whoever can reach that can put mails in.
"""

import socket
import sys

import django
from django.conf import settings

from workers.mailbox import smtp


def main() -> None:
    django.setup()
    listening = socket.create_server(("", settings.MAILBOX_PORT))
    smtp.serve(listening, settings.DATA_DIR / "mailbox", _say_so)


def _say_so() -> None:
    sys.stdout.write(f"The mailbox listens on port {settings.MAILBOX_PORT}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
