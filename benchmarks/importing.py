"""How long a list takes to come in and to go out.  Run: python -m benchmarks.subscribers import

On PostgreSQL (a million people by the brief of it) and on SQLite, each in a process and a
database of its own. ``--people N`` takes another number, ``--sqlite`` or ``--postgres`` one alone.
"""

import argparse
import datetime as dt
import json
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

    found = measured(people, {"DATABASE_URL": os.environ.get("DATABASE_URL") or postgres()})
    show(f"PostgreSQL, {people:,} people", found, seconds=90 * people / MILLION, megabytes=200)


def on_sqlite(people: int) -> None:
    found = measured(people, {"DATABASE_URL": ""})
    show(f"SQLite, {people:,} people", found, seconds=5 * people / 10_000, megabytes=200)


def show(what: str, found: dict[str, Any], *, seconds: float, megabytes: float) -> None:
    once = found["import"]
    print(ROW.format(what, "", "", "", ""))
    rate = f"{found['people'] / once['seconds']:,.0f} rows/s, CPU {once['cpu']:.0f} s of ours"
    told(at_most("  import", seconds, once["seconds"], "{:.1f} s", rate))
    told(at_most("  … memory", megabytes, found["import_mb"], "{:.0f} MB"))
    for name, label in (("dry", "dry run"), ("again", "the same list again"),
                        ("csv", "export as CSV"), ("json", "export as JSON")):  # fmt: skip
        one = found[name]
        told(Row(f"  {label}", "", f"{one['seconds']:.1f} s", f"CPU {one['cpu']:.0f} s of ours"))
    told(at_most("  memory at the end of it all", megabytes, found["all_mb"], "{:.0f} MB"))


def told(row: Row) -> None:
    print(ROW.format(row.figure, row.target, row.measured, row.verdict, row.remark), flush=True)


def measured(people: int, environment: dict[str, str]) -> dict[str, Any]:
    """In a process of its own, so that its memory is the import's alone."""
    with tempfile.TemporaryDirectory() as folder:
        place = {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.importing", str(people)],
            env={**os.environ, **environment, **place}, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


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


def inside(people: int) -> None:
    """The measuring itself; prints what it found as JSON."""
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

    found: dict[str, Any] = {"people": people}
    found["dry"] = timed(lambda: load(dry_run=True))
    found["import"] = timed(load)
    found["import_mb"] = megabytes()
    assert Subscriber.objects.count() == people
    found["again"] = timed(load)
    found["csv"] = timed(lambda: export("csv"))
    found["json"] = timed(lambda: export("json"))
    found["all_mb"] = megabytes()
    print(json.dumps(found))


def timed(work: Callable[[], object]) -> dict[str, float]:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}


def megabytes() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    inside(int(sys.argv[1]))
