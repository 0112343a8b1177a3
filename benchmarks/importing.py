"""How long a list takes to come in and to go out.  Run: python -m benchmarks.subscribers import

On PostgreSQL (a million people by the brief of it) and on SQLite, each in a process and a
database of its own. ``--people N`` takes another number, ``--sqlite`` or ``--postgres`` one alone.
"""

import argparse
import datetime as dt
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import Row, at_most

ROW = "{:58}{:>12}{:>14}  {:10}{}"
MILLION = 1_000_000
MEMORY = 200  # megabytes
WORDS = ("trade", "research", "press", "broadcast", "film", "games", "radio", "print")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.subscribers import")
    parser.add_argument("--people", type=int)
    parser.add_argument("--sqlite", action="store_true", help="SQLite alone")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL alone")
    said = parser.parse_args(arguments)
    print(ROW.format("Lists of people in and out", "target", "measured", "", ""))
    if not said.sqlite:
        on_postgresql(said.people or MILLION)
    if not said.postgres:
        on_sqlite(said.people or 10_000)


def on_postgresql(people: int) -> None:
    from tests.servers import postgres

    database = {"DATABASE_URL": os.environ.get("DATABASE_URL") or postgres()}
    measure(f"PostgreSQL, {people:,} people", people, database, seconds=90 * people / MILLION)


def on_sqlite(people: int) -> None:
    seconds = 5 * people / 10_000
    measure(f"SQLite, {people:,} people", people, {"DATABASE_URL": ""}, seconds=seconds)


def measure(what: str, people: int, environment: dict[str, str], *, seconds: float) -> None:
    """In a process of its own, so that its memory is the import's alone; told as it goes."""
    print(ROW.format(what, "", "", "", ""), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        subprocess.run(
            [sys.executable, "-m", "benchmarks.importing", str(people), str(seconds)],
            env={**os.environ, **environment, **place}, check=True,
        )  # fmt: skip


def told(row: Row) -> None:
    print(ROW.format(row.figure, row.target, row.measured, row.verdict, row.remark), flush=True)


def write_list(path: Path, people: int) -> None:
    """People as a list of some years has them: names, tags, a topic, two attributes."""
    dice = random.Random(6)
    since = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,status,topics,tags,language,zone,joined,source,City,Plan\n")
        for at in range(people):
            joined = since + dt.timedelta(seconds=dice.randrange(190_000_000))
            tags = " | ".join(dice.sample(WORDS, dice.randrange(3)))
            file.write(
                f"reader{at}@list{at % 997}.example.org,Rëader {at},confirmed,bench,{tags},en,"
                f"Europe/London,{joined:%Y-%m-%dT%H:%M:%SZ},web,Town {at % 300},free\n"
            )


def inside(people: int, seconds: float) -> None:
    """The measuring itself; prints each figure as it has it."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from digest.models import Topic
    from subscribers import exporting, importing
    from subscribers.models import Subscriber

    Topic.objects.create(slug="bench", name="Bench")
    path = Path(os.environ["DATA_DIR"]) / "list.csv"
    write_list(path, people)

    def load(**how: Any) -> importing.Report:
        with path.open("rb") as file:
            return importing.load(file, path.name, **how)

    def export(name: str) -> None:
        with (path.parent / name).open("w", encoding="utf-8", newline="") as out:
            (exporting.write if name == "csv" else exporting.write_json)(out)

    taken, cpu = timed(load)
    assert Subscriber.objects.count() == people
    rate = f"{people / taken:,.0f} rows/s, CPU {cpu:.0f} s of ours"
    told(at_most("  import", seconds, taken, "{:.1f} s", rate))
    told(at_most("  … memory", MEMORY, megabytes(), "{:.0f} MB"))
    for label, work in (
        ("the same list again", load), ("dry run", lambda: load(dry_run=True)),
        ("export as CSV", lambda: export("csv")), ("export as JSON", lambda: export("json")),
    ):  # fmt: skip
        taken, cpu = timed(work)
        told(Row(f"  {label}", "", f"{taken:.1f} s", f"CPU {cpu:.0f} s of ours"))
    told(at_most("  memory at the end of it all", MEMORY, megabytes(), "{:.0f} MB"))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """How long it took by the clock, and of this process's CPU, in seconds."""
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - cpu


def megabytes() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    inside(int(sys.argv[1]), float(sys.argv[2]))
