"""How many may leave in a second while a send runs.  Run: python -m benchmarks.unsubscribe

A mail program's POST (RFC 8058) over real HTTP, each by a connection of its own and for a reader of
its own, to gunicorn as the image and ``digest up`` run it, among a million on PostgreSQL. Meanwhile
``digest up`` sends to that million at half of what it just did unhindered. At last the pages are
killed with SIGKILL under load, and each that was answered 200 is looked up in the database. The
generator, the pages, the workers, the database and the sink share this machine.
"""

import argparse
import asyncio
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings

from benchmarks import peers
from benchmarks.figures import Row, at_least, at_most
from benchmarks.printing import tell
from benchmarks.signup import DIGEST, cpu, fill, served

PER_SECOND, P99 = 300, 250
UNHINDERED = 10
"""Seconds of sending from which the peak rate is taken."""

BRIEFINGS = Path(__file__).parents[1] / "workers" / "demo" / "briefings" / "update-1"
SECRET = "a benchmark's own secret key, of fifty letters and more"
BODY = "List-Unsubscribe=One-Click"


class Load:
    """Readers who leave, one after the other, by so many connections at once."""

    def __init__(self, port: int, topic: int, first: int) -> None:
        self._port, self._topic, self._numbers = port, topic, itertools.count(first)
        self.left: list[int] = []  # answered 200
        self.taken: list[float] = []  # seconds of each

    async def run(self, seconds: float, connections: int) -> float:
        """How long it was in all; ends early where the pages are gone."""
        begun = time.perf_counter()
        await asyncio.gather(*(self._leave(begun + seconds) for _ in range(connections)))
        return time.perf_counter() - begun

    async def _leave(self, until: float) -> None:
        while time.perf_counter() < until:
            reader = next(self._numbers)
            at = time.perf_counter()
            try:
                answer = await self._post(reader)
            except OSError:
                return
            if not answer:
                return
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"not unsubscribed: {answer[:300]!r}")
            self.left.append(reader)
            self.taken.append(time.perf_counter() - at)

    async def _post(self, number: int) -> bytes:
        from subscribers.tokens import Purpose, make

        path = f"/unsubscribe/{make(Purpose.UNSUBSCRIBE, number, self._topic, 0)}/"
        source, sink = await asyncio.open_connection("127.0.0.1", self._port)
        sink.write(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nConnection: close\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(BODY)}\r\n\r\n{BODY}".encode()
        )
        try:
            return await source.read()
        finally:
            sink.close()


@contextmanager
def pages(env: dict[str, str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """gunicorn with one worker of eight threads, and its port."""
    process = subprocess.Popen(
        [Path(sys.executable).with_name("gunicorn"), "config.wsgi", "--bind=127.0.0.1:0",
         "--worker-class=gthread", "--threads=8", "--no-control-socket"],
        env=env, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line):
                yield process, int(found[1])
                return
        raise SystemExit(f"gunicorn did not start in {folder}")
    finally:
        process.terminate()
        process.wait(20)


def accepted(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT accepted FROM workers_mailing").fetchone()
    return int(row[0]) if row else 0


def peak(url: str) -> float:
    """Messages a second while nothing hinders them, counted from the first thousand."""
    while accepted(url) < 1000:
        time.sleep(0.1)
    begun, before = time.perf_counter(), accepted(url)
    time.sleep(UNHINDERED)
    return (accepted(url) - before) / (time.perf_counter() - begun)


def missing(url: str, left: list[int]) -> int:
    """How many of those who were told that they have left have not."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM subscribers_subscription "
            "WHERE subscriber_id = ANY(%s) AND state <> 'unsubscribed'",
            [left],
        ).fetchone()
    return int(row[0]) if row else len(left)


async def _killed_under(load: Load, seconds: float, connections: int, pid: int) -> None:
    running = asyncio.create_task(load.run(seconds, connections))
    await asyncio.sleep(seconds / 2)
    os.killpg(pid, signal.SIGKILL)
    await running


def measured(url: str, asked: argparse.Namespace, folder: Path, sink: int) -> list[Row]:
    env = os.environ | {
        "DATABASE_URL": url, "DATA_DIR": str(folder), "SECRET_KEY": SECRET, "REDIS_URL": "",
        "SMTP_URL": f"smtp://127.0.0.1:{sink}?connections=8", "BASE_URL": "",
        "LOG_LEVEL": "warning",
    }  # fmt: skip

    def digest(*words: str) -> None:
        subprocess.run([DIGEST, *words], env=env, cwd=folder, check=True, capture_output=True)

    digest("migrate")
    digest("topic", "add", "medias-ai-pivot", "--name", "Media's AI Pivot")
    fill(url, asked.people)
    digest("load", str(BRIEFINGS), "--topic", "medias-ai-pivot")
    digest("assemble", "medias-ai-pivot", "--until", "2026-05-13T15:00:00Z")
    with served(env, folder), pages(env, folder) as (web, port):
        # The last readers of all leave: the send has not come to them yet.
        load = Load(port, 1, asked.people // 2)
        digest("approve", "medias-ai-pivot/draft")
        highest = peak(url)
        digest("rate", "medias-ai-pivot/1", str(round(highest / 2)))
        asyncio.run(load.run(2, asked.connections))  # warm
        load.taken.clear()
        before, begun, spent = accepted(url), time.perf_counter(), sum(cpu(web.pid).values())
        seconds = asyncio.run(load.run(asked.seconds, asked.connections))
        meanwhile = (accepted(url) - before) / (time.perf_counter() - begun)
        spent = sum(cpu(web.pid).values()) - spent
        taken = sorted(load.taken)
        asyncio.run(_killed_under(load, 4, asked.connections, web.pid))
    middle, p99 = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.99))
    remark = f"{len(taken):,} in {seconds:.0f} s by {asked.connections} at once"
    sent = f"{meanwhile:,.0f}/s sent meanwhile, {highest / 2:,.0f}/s asked: half of {highest:,.0f}"
    return [
        at_least("One-click unsubscribes", PER_SECOND, len(taken) / seconds, "{:,.0f}/s", remark),
        at_most("… p99", P99, p99, "{:,.0f} ms", f"median {middle:,.0f} ms; {sent}"),
        at_most(
            "… CPU of the pages, each", 1000 / PER_SECOND, spent / len(taken) * 1000, "{:.1f} ms",
            f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        ),
        at_most(
            "… lost when the pages are killed", 0, missing(url, load.left), "{:,.0f}",
            f"of {len(load.left):,} that were answered",
        ),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unsubscribe")
    parser.add_argument("--people", type=int, default=1_000_000, help="there (1000000)")
    parser.add_argument("--seconds", type=float, default=20, help="of load (20)")
    parser.add_argument("--connections", type=int, default=16, help="at once (16)")
    asked = parser.parse_args()
    settings.configure(SECRET_KEY=SECRET)

    def with_sink(url: str, folder: Path) -> Iterator[Row]:
        with peers.recording(folder, peers.c_sink(folder)) as sink:
            yield from measured(url, asked, folder, sink)

    tell(with_sink)


if __name__ == "__main__":
    main()
