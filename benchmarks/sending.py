"""The sending figures, as ``make bench`` prints them: ``python -m benchmarks.sending [MESSAGES]``.

``digest bench`` on SQLite and, where one can be had, on PostgreSQL, against a C sink that is
compiled on the fly (the built-in one where there is no compiler); and Postfix's ``smtp-source``
against the same sink, where it is installed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
DIGEST = Path(sys.executable).with_name("digest")
CONNECTIONS = 8
ROWS = {
    "messages/s": ("per_second", "{:,.0f}"),
    "CPU of the senders, ms a message": ("cpu_ms", "{:.3f}"),
    "Celery's share of it, %": ("celery_percent", "{:.1f}"),
    "ledger, µs a message": ("ledger_us", "{:.0f}"),
    "first message after due, s": ("first_after", "{:.2f}"),
    "done after due, s": ("seconds", "{:.1f}"),
    "audience filled, deliveries/s": ("fill_per_second", "{:,.0f}"),
    "largest worker, MB": ("memory_mb", "{:.0f}"),
}
"""What is shown → its key in ``digest bench --json``, and how it is written."""


def sink(folder: Path) -> str:
    """A sink's program: the C one, or "" for the built-in one."""
    compiler, program = shutil.which("cc"), folder / "sink"
    if compiler is None or sys.platform != "linux":
        return ""
    subprocess.run([compiler, "-O2", "-o", program, HERE / "sink.c"], check=True)
    return str(program)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server for this run: the user's, one of the wheel's, or "" for none."""
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        yield os.environ["DATABASE_URL"]
        return
    try:
        from tests.servers import postgres as started

        url = started()
    except ImportError:
        url = ""
    yield url


def measured(folder: Path, program: str, messages: int, database: str) -> dict[str, Any]:
    """What ``digest bench --json`` says."""
    env = {**os.environ, "DATABASE_URL": database, "DATA_DIR": str(folder / "var")}
    told = subprocess.run(
        [DIGEST, "bench", "--json", "--messages", str(messages), "--sink", program],
        env=env, stdout=subprocess.PIPE, check=True,
    ).stdout  # fmt: skip
    found: dict[str, Any] = json.loads(told)
    return found


def by_smtp_source(folder: Path, program: str, messages: int, octets: int) -> dict[str, Any]:
    """The same number of messages of the same size by Postfix's C client."""
    command = [program] if program else [sys.executable, "-m", "workers.sink"]
    with subprocess.Popen(
        [*command, "--record", str(folder / "record")], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        port = server.stdout.readline().strip()
        begun = time.perf_counter()
        child = subprocess.Popen(
            ["smtp-source", "-d", "-s", str(CONNECTIONS), "-m", str(messages), "-l", str(octets),
             "-f", "bounce@example.org", "-t", "reader@example.org", f"127.0.0.1:{port}"],
        )  # fmt: skip
        _, status, usage = os.wait4(child.pid, 0)
        took = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        server.terminate()
    if child.returncode:
        raise SystemExit(f"smtp-source ended with status {child.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return {"per_second": messages / took, "cpu_ms": cpu / messages * 1000}


def main() -> None:
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    columns: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as place, postgres() as server:
        folder = Path(place)
        program = sink(folder)
        columns["SQLite"] = measured(folder, program, messages, "")
        octets = columns["SQLite"]["octets"]
        if server:
            columns["PostgreSQL"] = measured(folder, program, messages, server)
        if shutil.which("smtp-source"):
            columns["smtp-source -d -s 8"] = by_smtp_source(folder, program, messages, octets)
    title = f"{messages:,} messages of {octets:,} octets, {os.cpu_count()} cores, "
    table = Table("", *columns, title=title + ("a sink in C" if program else "the built-in sink"))
    for name, (key, form) in ROWS.items():
        cells = [form.format(one[key]) if key in one else "–" for one in columns.values()]
        table.add_row(name, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
