"""How fast it sends, against what was promised: ``make bench``, ``python -m benchmarks.sending``.

Each row is a run of ``digest bench``, in a place of its own: against a C sink that is compiled on
the fly (the built-in one where there is no compiler), with PostgreSQL where one can be had, and
beside Postfix's ``smtp-source`` where that is installed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from rich.console import Console
from rich.table import Table

from benchmarks import figures, peers
from benchmarks.figures import Bench, Row
from benchmarks.peers import Speed

DIGEST = Path(sys.executable).with_name("digest")
LATENCY = 0.05
FAR = 1600
"""Messages to a relay 50 ms away: ten seconds of them."""


class Place:
    """Where the runs happen, and with what."""

    def __init__(self, folder: Path, server: str, messages: int) -> None:
        self.folder, self.server, self.messages = folder, server, messages
        self.sink = peers.c_sink(folder)
        self.octets = 50_000  # of a message; known after the first run

    def bench(self, database: str, *options: object, messages: int = 0) -> Bench:
        """What ``digest bench`` says with these options."""
        words = ["--messages", messages or self.messages, "--sink", self.sink, *options]
        env = {**os.environ, "DATABASE_URL": database, "DATA_DIR": str(self.folder / "var")}
        told = subprocess.run(
            [DIGEST, "bench", "--json", *map(str, words)],
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if told.returncode:
            raise SystemExit(f"digest bench {' '.join(map(str, words))}:\n{told.stderr}")
        found: Bench = json.loads(told.stdout)
        self.octets = found["octets"]
        return found

    def smtp_source(self, messages: int) -> list[Speed]:
        """One run of it into the same sink; none where it is not installed."""
        if not peers.found("smtp-source"):
            return []
        with peers.recording(self.folder, self.sink) as port:
            return [peers.smtp_source(port, messages, self.octets)]


def unsigned(place: Place, _large: int) -> list[Row]:
    if not place.server:
        return figures.NEEDS_POSTGRESQL[:1]
    before = place.smtp_source(place.messages)
    ours = place.bench(place.server)
    source = before + place.smtp_source(place.messages)
    return figures.unsigned(ours, source) + figures.celery(ours)


def into_smtp_sink(place: Place, _large: int) -> list[Row]:
    if not (peers.found("smtp-sink") and peers.found("smtp-source")):
        return [figures.missing("Into smtp-sink, against smtp-source", "≥ 0.95 ×", "Postfix")]
    messages = max(2000, place.messages // 2)
    with peers.smtp_sink() as port:
        before = peers.smtp_source(port, messages, place.octets)
        ours = place.bench(place.server, "--relay", port, messages=messages)
        source = [before, peers.smtp_source(port, messages, place.octets)]
    return [figures.against_smtp_sink(ours, source)]


def signed(place: Place, _large: int) -> list[Row]:
    if not place.server:
        return figures.NEEDS_POSTGRESQL[1:2]
    ours = place.bench(place.server, "--dkim")
    return figures.signed(ours, bare_signature())


def embedded(place: Place, _large: int) -> list[Row]:
    return [figures.embedded(place.bench(""))]


def far(place: Place, _large: int) -> list[Row]:
    late = ("--sink", "", "--latency", LATENCY, "--workers", 1, "--connections", 8)
    return [figures.far(place.bench("", *late, messages=min(FAR, place.messages)), LATENCY)]


def growth(place: Place, large: int) -> list[Row]:
    if not place.server:
        return figures.NEEDS_POSTGRESQL[2:]
    small = place.bench(place.server, messages=min(10_000, place.messages))
    return figures.growth(small, place.bench(place.server, messages=large))


RUNS: dict[str, Callable[[Place, int], list[Row]]] = {
    "unsigned": unsigned,
    "smtp-sink": into_smtp_sink,
    "dkim": signed,
    "sqlite": embedded,
    "far": far,
    "growth": growth,
}


def bare_signature(times: int = 300) -> float:
    """Milliseconds of CPU for one RSA-2048 signature, the best of three rounds."""
    key = rsa.generate_private_key(65537, 2048)
    rounds = []
    for _ in range(3):
        begun = time.process_time()
        for _ in range(times):
            key.sign(b"a header", padding.PKCS1v15(), hashes.SHA256())
        rounds.append((time.process_time() - begun) / times * 1000)
    return min(rounds)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server for these runs: the user's, one of the wheel's, or "" for none."""
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        yield os.environ["DATABASE_URL"]
        return
    try:
        from tests.servers import postgres as started

        url = started()
    except ImportError:
        url = ""
    yield url


def main() -> None:
    asked = _asked()
    console = Console(width=None if sys.stdout.isatty() else 130)
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        place = Place(Path(folder), server, asked.messages)
        table = _table(place, asked)
        for name in asked.only or RUNS:
            with console.status(f"Measuring: {name}"):
                for row in RUNS[name](place, asked.large):
                    table.add_row(row.figure, row.target, row.measured, row.verdict, row.remark)
            table.add_section()
    console.print(table)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sending")
    parser.add_argument("--messages", type=int, default=20_000, help="of most runs (20000)")
    parser.add_argument("--large", type=int, default=100_000, help="audience to grow to (100000)")
    parser.add_argument(
        "--full", dest="large", action="store_const", const=1_000_000, help="--large 1000000"
    )
    parser.add_argument("--only", nargs="+", choices=list(RUNS), help="these runs alone")
    return parser.parse_args()


def _table(place: Place, asked: argparse.Namespace) -> Table:
    sink = "a sink in C" if place.sink else "the built-in sink (no C compiler)"
    title = f"Sending on {os.cpu_count()} cores that workers, database and sink share, into {sink}"
    table = Table("figure", "target", "measured", "", "", title=title, title_justify="left")
    table.columns[1].justify = table.columns[2].justify = "right"
    for column in table.columns[:4]:
        column.no_wrap = True
    table.caption = f"{asked.messages:,} messages unless said otherwise"
    return table


if __name__ == "__main__":
    main()
