"""What the figures are held against: sinks in C, and Postfix's ``smtp-source``."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CONNECTIONS = 8
"""As ``smtp-source -d -s 8``: messages over eight connections that stay open."""


@dataclass(frozen=True)
class Speed:
    """How one client did."""

    per_second: float
    cpu_ms: float  # of the client, a message


def found(program: str) -> str:
    """Its path, or ""; Debian keeps Postfix's where users don't look."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec") or ""


def c_sink(folder: Path) -> str:
    """The C sink, compiled; "" where there is no compiler for it."""
    compiler, program = found("cc"), folder / "sink"
    if not compiler or sys.platform != "linux":
        return ""
    subprocess.run([compiler, "-O2", "-o", program, HERE / "sink.c"], check=True)
    return str(program)


@contextmanager
def recording(folder: Path, program: str, *options: str) -> Iterator[int]:
    """The port of the C sink, or of the built-in one where ``program`` is ""."""
    command = [program] if program else [sys.executable, "-m", "workers.sink"]
    command += ["--record", str(folder / "record"), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


@contextmanager
def smtp_sink() -> Iterator[int]:
    """The port of Postfix's own, which throws away what it takes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    who = pwd.getpwuid(os.getuid()).pw_name if os.getuid() else "nobody"  # root it refuses to be
    with subprocess.Popen(
        [found("smtp-sink"), "-u", who, f"127.0.0.1:{port}", "512"], start_new_session=True
    ) as server:
        try:
            _answers(port)
            yield port
        finally:
            server.terminate()


def _answers(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def smtp_source(port: int, messages: int, octets: int) -> Speed:
    """So many messages of this size by Postfix's C client, one after another on each connection."""
    begun = time.perf_counter()
    child = subprocess.Popen(
        [found("smtp-source"), "-d", "-s", str(CONNECTIONS), "-m", str(messages),
         "-l", str(octets), "-f", "bounce@example.org", "-t", "reader@example.org",
         f"127.0.0.1:{port}"],
    )  # fmt: skip
    _, status, usage = os.wait4(child.pid, 0)
    took = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"smtp-source ended with status {child.returncode}")
    return Speed(messages / took, (usage.ru_utime + usage.ru_stime) / messages * 1000)
