"""Who this worker process is: the host's lasting name and the process's own."""

import os
import secrets
import socket
from functools import cache
from pathlib import Path

from django.conf import settings


def journals() -> Path:
    """Where this host's journals lie."""
    path: Path = settings.DATA_DIR / "journals"
    path.mkdir(parents=True, exist_ok=True)
    return path


@cache
def host() -> str:
    """A name that lasts as long as the journals do, whatever the machine calls itself.

    A lease names it: only whoever can read the journals may say what became of the lease.
    """
    path = journals() / "host"
    if not path.exists():
        draft = path.with_name(f".host.{os.getpid()}.{secrets.token_hex(4)}")
        draft.write_text(f"{socket.gethostname()[:40]}-{secrets.token_hex(4)}")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its name stands
        finally:
            draft.unlink()
    return path.read_text().strip()


_names: dict[int, str] = {}


def worker() -> str:
    """This process's name, new in every process, a forked one too."""
    return _names.setdefault(os.getpid(), f"{os.getpid()}-{secrets.token_hex(4)}")
