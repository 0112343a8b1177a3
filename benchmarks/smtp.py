"""How fast mail goes out, against the built-in sink: ``python -m benchmarks.smtp [MESSAGES]``.

CPU is that of the sending process alone. Where Postfix's ``smtp-source`` is installed, it sends
as many messages of the same size over as many connections to the same sink.
"""

import os
import resource
import shutil
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from benchmarks.message import edition, reader
from workers.outbox import Envelope, Outcome, Verdict
from workers.relay import Relay
from workers.smtp import Client

CONNECTIONS = 8


class Outbox:
    """So many messages, each joined when it is asked for."""

    def __init__(self, messages: int) -> None:
        self._pieces = edition()
        self._left = messages
        self.accepted = 0

    def take(self) -> Envelope | float | None:
        if not self._left:
            return None
        self._left -= 1
        fields = reader(self._left)
        message = self._pieces.join(fields)
        return Envelope(self._left, b"bounce@example.org", fields["address"].encode(), message)

    def begin(self, key: int) -> None:
        pass

    def settle(self, key: int, outcome: Outcome) -> None:  # noqa: ARG002  the protocol's
        self.accepted += outcome.verdict is Verdict.ACCEPTED

    def tick(self) -> None:
        pass


@contextmanager
def sink(*options: str) -> Iterator[int]:
    """The port of a sink in a process of its own."""
    command = [sys.executable, "-m", "workers.sink", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.terminate()


def ours(port: int, messages: int) -> None:
    client = Client(Relay("127.0.0.1", port, connections=CONNECTIONS))
    outbox = Outbox(messages)
    report = client.send_all(outbox)
    client.close()
    if report.trouble or outbox.accepted != messages:
        raise SystemExit(f"{outbox.accepted} of {messages} accepted; {report.trouble}")


def by_smtplib(port: int, messages: int) -> None:
    pieces = edition()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(messages):
            fields = reader(number)
            server.sendmail("bounce@example.org", fields["address"], pieces.join(fields))


def by_smtp_source(port: int, messages: int) -> None:
    size = len(edition().join(reader(0)))
    subprocess.run(
        ["smtp-source", "-d", "-s", str(CONNECTIONS), "-m", str(messages), "-l", str(size),
         "-f", "bounce@example.org", "-t", "r@example.org", f"127.0.0.1:{port}"],
        check=True,
    )  # fmt: skip


def measured(send: Callable[[int, int], None], messages: int, *options: str) -> tuple[str, str]:
    """Messages a second, and microseconds of CPU a message, of a process that only sends."""
    with sink(*options) as port:
        begun = time.perf_counter()
        child = os.fork()
        if not child:
            send(port, messages)
            os._exit(0)
        _, status, usage = os.wait4(child, 0)
        took = time.perf_counter() - begun
    if status:
        return "failed", "–"
    return f"{messages / took:,.0f}", f"{_cpu(usage) / messages * 1e6:,.0f}"


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    table = Table(
        "client", "messages/s", "µs CPU",
        title=f"{len(edition().join(reader(0))):,} octets, {CONNECTIONS} connections",
    )  # fmt: skip
    table.add_row("ours, pipelined", *measured(ours, messages))
    table.add_row("ours, one command at a time", *measured(ours, messages, "--no-pipelining"))
    table.add_row("ours, replies 50 ms late",
                  *measured(ours, min(messages, 2000), "--latency", "0.05"))  # fmt: skip
    table.add_row("smtplib, 1 connection, ready octets", *measured(by_smtplib, messages // 5))
    if shutil.which("smtp-source"):
        table.add_row("smtp-source -d", *measured(by_smtp_source, messages))
    else:
        table.add_row("smtp-source -d", "not installed", "–")
    Console().print(table)


if __name__ == "__main__":
    main()
