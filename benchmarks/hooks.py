"""What the hooks take of providers' calls.  Run: python -m benchmarks.hooks

Over real HTTP to gunicorn as the image and ``digest up`` run it, on PostgreSQL, with a mailing's
deliveries by SQL: calls of one event each (Postmark's way) and of two hundred (Mailjet's), most of
them delivered, some bounced or called spam; as fast as they go, and at the rate that is asked for.
At last every event that was answered 200 is looked up. The generator, the pages and the database
share this machine.
"""

import argparse
import asyncio
import itertools
import json
import math
import os
import subprocess
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

import psycopg
from django.conf import settings

from benchmarks.figures import Row, at_least, at_most
from benchmarks.printing import tell
from benchmarks.signup import DIGEST, cpu, fill
from benchmarks.unsubscribe import pages

SINGLE, BATCHED, P99 = 500, 3_000, 200
SECRET = "a benchmark's own secret key, of fifty letters and more"
HOOK = "twenty-random-letters"

Body = Callable[[], tuple[bytes, list[str]]]
"""Makes a call's body, and says what its events tell."""

_MAILING = """
    INSERT INTO workers_mailing (topic_id, kind, state, paused_from, why, tries, audience, due_at,
        give_up_after, created_at, started_at, filled_to, candidates, queued, accepted, deferred,
        failed, excluded, uncertain)
    SELECT id, 'scheduled', 'done', '', '', 0, '[]', now(), '1 day', now(), now(), 0,
        {n}, 0, {n}, 0, 0, 0, 0 FROM digest_topic"""
_BATCH = """
    INSERT INTO workers_batch (mailing_id, state, size, host, worker)
    SELECT id, 'done', {n}, '', '' FROM workers_mailing"""
_DELIVERIES = """
    INSERT INTO workers_delivery (id, mailing_id, subscriber_id, batch_id, address, name, variant,
        token_version, generation, state, reason, outcome, attempts, code, answer, settled_at)
    SELECT s.id, m.id, s.id, b.id, s.email, '', 'arranged', 0, 0, 'accepted', '', 'unknown', 1, 250,
        '250 2.0.0 ok', now()
    FROM subscribers_subscriber s, workers_mailing m, workers_batch b"""


def kind(number: int) -> str:
    """What became of a delivery: of a thousand, six bounce and one is called spam."""
    return "spam" if number % 1000 == 0 else "bounce" if number % 1000 <= 6 else "sent"


class Load:
    """Calls, one after the other, by so many connections at once; each event is told once."""

    def __init__(self, port: int, path: str, body: Body) -> None:
        self._port, self._path, self._body = port, path, body
        self.taken: list[float] = []  # seconds of each call
        self.told: Counter[str] = Counter()

    async def run(self, seconds: float, connections: int, rate: float = math.inf) -> float:
        """How long it was in all. At a rate of calls a second each is timed from when it was due,
        whether or not a connection was free then; without one they follow each other at once."""
        begun = time.perf_counter()
        self._due = (begun + number / rate for number in itertools.count())
        calls = (self._calls(begun + seconds, rate) for _ in range(connections))
        await asyncio.gather(*calls)
        return time.perf_counter() - begun

    async def _calls(self, until: float, rate: float) -> None:
        source, sink = await asyncio.open_connection("127.0.0.1", self._port)
        while time.perf_counter() < until:
            body, kinds = self._body()
            at = next(self._due) if rate < math.inf else time.perf_counter()
            await asyncio.sleep(at - time.perf_counter())
            sink.write(
                f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await source.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"not taken: {head[:300]!r}")
            if b"connection: close" in head.lower():
                sink.close()
                source, sink = await asyncio.open_connection("127.0.0.1", self._port)
            self.taken.append(time.perf_counter() - at)
            self.told.update(kinds)
        sink.close()


class Events:
    """Bodies about one delivery after the other."""

    def __init__(self, first: int) -> None:
        from digest.keyed import Keyed

        self._next, self._key = first, Keyed(SECRET, "workers.tag")

    def postmark(self) -> tuple[bytes, list[str]]:
        number, what = self._one()
        said = {
            "sent": {"RecordType": "Delivery", "DeliveredAt": "2026-11-20T09:30:00Z"},
            "bounce": {"RecordType": "Bounce", "Type": "HardBounce", "Details": "550 5.1.1 nobody"},
            "spam": {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
        }[what]
        tagged = {"MessageID": "883953f4", "Metadata": {"digest": self._tag("postmark", number)}}
        return json.dumps({**said, **tagged}).encode(), [what]

    def mailjet(self, size: int) -> Body:
        """Calls of so many."""

        def body() -> tuple[bytes, list[str]]:
            many = [self._one() for _ in range(size)]
            said = [
                {"event": what, "time": 1795337575, "MessageID": number, "hard_bounce": True,
                 "error": "user unknown", "email": f"reader{number}@example.org",
                 "Payload": json.dumps({"digest": self._tag("mailjet", number)})}
                for number, what in many
            ]  # fmt: skip
            return json.dumps(said).encode(), [what for _, what in many]

        return body

    def _one(self) -> tuple[int, str]:
        self._next += 1
        return self._next, kind(self._next)

    def _tag(self, provider: str, number: int) -> str:
        from workers.feedback.providers import Provider, tag

        return tag(self._key, Provider(provider), number)


def repeated(body: Body, times: int) -> Body:
    """Each call so many times, one beside the other; its events are told once."""
    again: deque[tuple[bytes, list[str]]] = deque()

    def call() -> tuple[bytes, list[str]]:
        if again:
            return again.popleft()
        said, kinds = body()
        again.extend([(said, [])] * (times - 1))
        return said, kinds

    return call


def prepared(url: str, env: dict[str, str], folder: Path, people: int) -> int:
    """A mailing that so many accepted; the id before its first delivery."""
    for words in (["migrate"], ["topic", "add", "harbour", "--name", "Harbour"]):
        subprocess.run([DIGEST, *words], env=env, cwd=folder, check=True, capture_output=True)
    fill(url, people)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (_MAILING, _BATCH, _DELIVERIES):
            connection.execute(statement.format(n=people))  # type: ignore[arg-type]
        connection.execute("VACUUM ANALYZE workers_delivery")
        found = connection.execute("SELECT min(id) FROM workers_delivery").fetchone()
    return int(found[0]) - 1 if found else 0


def counted(url: str) -> tuple[Counter[str], int, int]:
    """Deliveries by outcome; what the counters say in all; addresses that are suppressed."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT outcome, count(*) FROM workers_delivery WHERE outcome <> 'unknown' GROUP BY 1"
        ).fetchall()
        sums = connection.execute(
            "SELECT coalesce(sum(delivered + bounced + complained), 0) FROM workers_cameback"
        ).fetchone()
        barred = connection.execute("SELECT count(*) FROM subscribers_suppression").fetchone()
    assert sums is not None
    assert barred is not None
    return Counter(dict(rows)), int(sums[0]), int(barred[0])


def measured(url: str, asked: argparse.Namespace, folder: Path) -> list[Row]:
    env = os.environ | {
        "DATABASE_URL": url, "DATA_DIR": str(folder), "SECRET_KEY": SECRET, "REDIS_URL": "",
        "SMTP_URL": "", "BASE_URL": "", "LOG_LEVEL": "warning",
        "HOOKS": f"postmark={HOOK} mailjet={HOOK}",
    }  # fmt: skip
    events = Events(prepared(url, env, folder, asked.deliveries))
    rows: list[Row] = []
    told: Counter[str] = Counter()
    with pages(env, folder) as (web, port):
        for figure, target, size, path, body in (
            ("Calls of one event", SINGLE, 1, f"/hooks/postmark/{HOOK}/", events.postmark),
            (f"Events in calls of {asked.size}", BATCHED, asked.size, f"/hooks/mailjet/{HOOK}/",
             events.mailjet(asked.size)),
        ):  # fmt: skip
            load = Load(port, path, body)
            asyncio.run(load.run(2, asked.connections))  # warm
            load.taken.clear()
            spent = sum(cpu(web.pid).values())
            seconds = asyncio.run(load.run(asked.seconds, asked.connections))
            spent = sum(cpu(web.pid).values()) - spent
            rows += _rows(figure, target, size, load.taken, seconds, spent, asked)
            if size > 1:
                load.taken.clear()
                asyncio.run(load.run(asked.seconds, asked.connections, BATCHED / size))
                rows.append(_p99(f"… p99 of a call, while {BATCHED:,} events/s come", load.taken))
            told += load.told
        many = repeated(events.mailjet(asked.size), asked.connections)
        replayed = Load(port, f"/hooks/mailjet/{HOOK}/", many)
        asyncio.run(replayed.run(4, asked.connections))
        told += replayed.told
    outcomes, sums, barred = counted(url)
    wanted = Counter(delivered=told["sent"], bounced=told["bounce"], complained=told["spam"])
    lost = (wanted - outcomes).total() + (outcomes - wanted).total()
    remark = f"{told.total():,} events, some told {asked.connections} times at once"
    off = abs(sums - told.total()) + abs(barred - told["bounce"] - told["spam"])
    return [
        *rows,
        at_most("Outcomes that are not as told", 0, lost, "{:,.0f}", remark),
        at_most("… counters and suppressions", 0, off, "{:,.0f}", f"{barred:,} suppressed"),
    ]


def _rows(
    figure: str, target: int, size: int, taken: list[float], seconds: float, spent: float,
    asked: argparse.Namespace,
) -> list[Row]:  # fmt: skip
    remark = f"{asked.connections} at once; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    cost = f"; {spent / len(taken) / size * 1000:.2f} ms of CPU an event"
    many = at_least(figure, target, len(taken) * size / seconds, "{:,.0f}/s", remark + cost)
    if size > 1:  # as fast as it goes is no latency to promise: the next row has a rate
        return [many]
    return [many, _p99("… p99 of a call", taken)]


def _p99(figure: str, taken: list[float]) -> Row:
    middle, p99 = (sorted(taken)[int(len(taken) * share)] * 1000 for share in (0.5, 0.99))
    return at_most(figure, P99, p99, "{:,.0f} ms", f"median {middle:,.0f} ms, {len(taken):,} calls")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hooks")
    parser.add_argument("--deliveries", type=int, default=1_000_000, help="there (1000000)")
    parser.add_argument("--seconds", type=float, default=15, help="of load, each (15)")
    parser.add_argument("--connections", type=int, default=4, help="at once (4)")
    parser.add_argument("--size", type=int, default=200, help="events in a call (200)")
    asked = parser.parse_args()
    settings.configure(SECRET_KEY=SECRET)
    tell(lambda url, folder: measured(url, asked, folder))


if __name__ == "__main__":
    main()
