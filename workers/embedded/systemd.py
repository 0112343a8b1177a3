"""What systemd offers to a service that it started; nothing here does anything elsewhere."""

import contextlib
import os
import socket
from pathlib import Path


def awaits() -> str:
    """Where it waits to be told that all is up; gunicorn, a part, would else say so for us."""
    return os.environ.pop("NOTIFY_SOCKET", "")


def ready(where: str) -> None:
    """Say that all is up (sd_notify(3)): ``systemctl start`` has waited for that."""
    if not where:
        return
    # The leading @ stands for the NUL of an abstract address, unix(7).
    address = f"\0{where[1:]}" if where.startswith("@") else where
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as said:
        said.sendto(b"READY=1", address)


def journal_hears() -> bool:
    """Whether what we write on standard error goes to the journal (systemd.exec(5))."""
    stream = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def runtime_directory() -> Path | None:
    """The service's own directory for sockets, which people's shells see too; /tmp may be hidden
    from them (PrivateTmp)."""
    named = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(named) if named else None
