"""How many may sign up in a second among a million.  Run: python -m benchmarks.signup

Over real HTTP to ``digest up`` on PostgreSQL, each sign-up by a connection of its own and from an
address of its own, which a trusted proxy names. The generator is one process with one thread; it,
the server, the database and the workers share this machine.
"""

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg

from benchmarks.figures import Row, at_least, at_most
from benchmarks.printing import tell

DIGEST = Path(sys.executable).with_name("digest")
PER_SECOND, P95 = 150, 150
DOMAINS = 500
_NUMBERS = itertools.count(1)

_PEOPLE = """
    INSERT INTO subscribers_subscriber (email, email_hash, name, state, public_id, token_version,
        country, language, zone, attributes, source, joined_at)
    SELECT 'reader' || n || '@mail' || mod(n, 500) || '.example.net',
        md5(n::text) || md5(n::text), 'Reader ' || n, 'active',
        gen_random_uuid(), 0, 'GB', 'en', '', '{}', 'import', now() - n * interval '1 minute'
    FROM generate_series(1, %s) AS n"""
_SUBSCRIPTIONS = """
    INSERT INTO subscribers_subscription
        (subscriber_id, topic_id, state, consent, asked_at, confirmed_at, left_why, left_code)
    SELECT id, (SELECT id FROM digest_topic LIMIT 1), 'confirmed', 'Made up.', now(), now(), '', ''
    FROM subscribers_subscriber"""


def request(number: int, port: int) -> bytes:
    """A sign-up as a browser sends it: every third is of somebody who is a reader already."""
    name = "bea" if number % 3 else "reader"
    address = f"{name}{number}@mail{number % DOMAINS}.example.net"
    body = urlencode({"address": address, "topic": "harbour", "lang": "en", "website": ""})
    client = f"198.{18 + number // 65025 % 2}.{number // 255 % 255}.{number % 255}"
    return (
        f"POST /subscribe/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        f"X-Forwarded-For: {client}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def load(port: int, seconds: float, connections: int) -> tuple[list[float], float]:
    """Sign up over and over by so many at once: what each took, and how long it was in all."""
    begun, taken = time.perf_counter(), []

    async def visitor() -> None:
        while time.perf_counter() < begun + seconds:
            sent = request(next(_NUMBERS), port)
            at = time.perf_counter()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            answer = await reader.read()
            while more := await reader.read():
                answer += more
            writer.close()
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"not signed up: {answer[:300]!r}")
            taken.append(time.perf_counter() - at)

    await asyncio.gather(*(visitor() for _ in range(connections)))
    return taken, time.perf_counter() - begun


@contextmanager
def served(env: dict[str, str], folder: Path) -> Iterator[tuple[int, int]]:
    """Port and process of a ``digest up`` that is up."""
    process = subprocess.Popen(
        [DIGEST, "up", "--port", "0", "--workers", "1"],
        env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Digest is at "):
                yield int(urlsplit(line.split()[3]).port or 0), process.pid
                return
        raise SystemExit("digest up did not start")
    finally:
        process.terminate()
        process.wait(60)


def cpu(root: int) -> dict[int, float]:
    """CPU seconds so far of each process below this one."""
    stats = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        stats[int(file.parent.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = {root}
    while more := {pid for pid, (parent, _) in stats.items() if parent in family} - family:
        family |= more
    return {pid: stats[pid][1] / os.sysconf("SC_CLK_TCK") for pid in family}


def fill(url: str, people: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PEOPLE, [people])
        connection.execute(_SUBSCRIPTIONS)
        connection.execute("VACUUM ANALYZE subscribers_subscriber")
        connection.execute("VACUUM ANALYZE subscribers_subscription")


def noted(url: str, within: float) -> float:
    """Seconds until the workers have looked at every sign-up."""
    begun = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        while time.perf_counter() < begun + within:
            (left,) = connection.execute(
                "SELECT count(*) FROM subscribers_signuprequest"
            ).fetchone() or (0,)
            if not left:
                break
            time.sleep(0.05)
    return time.perf_counter() - begun


def measured(url: str, asked: argparse.Namespace, folder: Path) -> list[Row]:
    env = os.environ | {
        "DATABASE_URL": url, "DATA_DIR": str(folder), "TRUSTED_PROXIES": "127.0.0.0/8",
        "REDIS_URL": "", "SMTP_URL": "", "BASE_URL": "", "LOG_LEVEL": "warning",
    }  # fmt: skip
    for words in (["migrate"], ["topic", "add", "harbour", "--name", "Harbour"]):
        subprocess.run([DIGEST, *words], env=env, cwd=folder, check=True, capture_output=True)
    fill(url, asked.people)
    with served(env, folder) as (port, process):
        asyncio.run(load(port, 2, asked.connections))  # warm
        before = cpu(process)
        taken, seconds = asyncio.run(load(port, asked.seconds, asked.connections))
        used = {pid: spent - before.get(pid, 0) for pid, spent in cpu(process).items()}
        late = noted(url, 60)
    taken.sort()
    middle, p95 = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.95))
    remark = f"{asked.connections} at once; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    return [
        at_least("Sign-ups", PER_SECOND, len(taken) / seconds, "{:,.0f}/s", remark),
        at_most("… p95", P95, p95, "{:,.0f} ms", f"median {middle:,.0f} ms"),
        # Of all of them the web has most to do.
        at_most(
            "… CPU of the web, each",
            1000 / PER_SECOND,
            max(used.values()) / len(taken) * 1000,
            "{:.1f} ms",
            f"{sum(used.values()) / len(taken) * 1000:.1f} ms with the workers’",
        ),
        at_most("… all looked at after the last", 5, late, "{:.1f} s"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signup")
    parser.add_argument("--people", type=int, default=1_000_000, help="there already (1000000)")
    parser.add_argument("--seconds", type=float, default=20, help="of load (20)")
    parser.add_argument("--connections", type=int, default=16, help="at once (16)")
    asked = parser.parse_args()
    tell(lambda url, folder: measured(url, asked, folder))


if __name__ == "__main__":
    main()
