"""How fast a segment's rule is counted.  Run: python -m benchmarks.segments [--people N]

On a PostgreSQL of its own from the wheel, or the empty one that DATABASE_URL names; then, in a
process of its own, 10,000 people on SQLite (``--sqlite``: these alone). Rules are five conditions
each, over all fields and operators, nested by chance, the same ones in each run.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.crowd import COUNTRIES, LANGUAGES, PLANS, SOURCES, TAGS, TOPICS, UPDATES, ZONES
from benchmarks.figures import Row, at_most

RULES = 100
"""So that the 95th percentile is more than chance, and a million people take minutes."""

Made = Callable[[random.Random], dict[str, Any]]


def _among(field: str, values: list[str]) -> Made:
    def made(chance: random.Random) -> dict[str, Any]:
        if chance.random() < 0.5:
            return {"field": field, "is": chance.choice(values)}
        return {"field": field, "in": chance.sample(values, 2)}

    return made


def _exists(field: str) -> Made:
    return lambda chance: {"field": field, "exists": True}  # noqa: ARG005


def _joined(chance: random.Random) -> dict[str, Any]:
    day = f"{chance.choice([2023, 2024, 2025])}-{chance.randint(1, 12):02}-01"
    return {"field": "joined", chance.choice(["before", "after", "at_least", "at_most"]): day}


def _seats(chance: random.Random) -> dict[str, Any]:
    return {
        "field": "attribute.seats",
        chance.choice(["at_least", "at_most"]): chance.randint(1, 99),
    }


def _sample(chance: random.Random) -> dict[str, Any]:
    return {"field": f"sample.{chance.choice('abc')}", "before": chance.choice([5, 10, 50])}


def _contains(field: str, parts: list[str]) -> Made:
    return lambda chance: {"field": field, "contains": chance.choice(parts)}


_TAGGED = [f"tag {n}" for n in range(TAGS)]
_SENT = [f"{TOPICS[0]}/{n}" for n in range(1, UPDATES + 1)]
CONDITIONS: list[Made] = [
    _among("topic", TOPICS),
    _among("tag", _TAGGED),
    _contains("tag", ["tag 1", "9"]),
    _exists("tag"),
    _among("country", COUNTRIES),
    _exists("country"),
    _among("language", LANGUAGES),
    _among("zone", ZONES),
    _contains("zone", ["Europe/"]),
    _among("source", SOURCES),
    _contains("source", ["fair", "import"]),
    _joined,
    _joined,
    _among("received", _SENT),
    _exists("received"),
    _among("attribute.plan", PLANS),
    _exists("attribute.company"),
    _seats,
    _contains("attribute.company", ["Firm 12"]),
    _sample,
]


def rules(many: int) -> list[dict[str, Any]]:
    """So many rules of five conditions, the same ones each time."""
    chance = random.Random(6)  # no secret
    return [_rule(chance) for _ in range(many)]


def _rule(chance: random.Random) -> dict[str, Any]:
    five = [made(chance) for made in chance.sample(CONDITIONS, 5)]
    parts = [{"not": one} if chance.random() < 0.2 else one for one in five]
    match chance.randrange(4):
        case 0 | 1:  # what the builder makes first
            return {"all": parts}
        case 2:
            return {"all": [*parts[:3], {"any": parts[3:]}]}
    return {"any": [parts[0], {"all": parts[1:3]}, {"all": parts[3:]}]}


def milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def percentile(measured: list[float], percent: int) -> float:
    return statistics.quantiles(measured, n=100)[percent - 1]


def measured(people: int) -> list[Row]:
    """The figures on the database at hand."""
    from subscribers import glance, segments

    tried = rules(RULES)
    glances, counts, twenties, missed = [], [], [], 0
    for rule in tried:
        told: list[glance.Glance] = []
        glances.append(milliseconds(lambda: told.append(glance.quick(rule))))  # noqa: B023
        exact: list[int] = []
        counts.append(milliseconds(lambda: exact.append(segments.count(rule))))  # noqa: B023
        twenties.append(milliseconds(lambda: glance.twenty(rule)))  # noqa: B023
        missed += abs(told[0].count - exact[0]) > told[0].margin
    return [
        at_most(f"Count and twenty people while typing, {people:,}: p95", 300,
                percentile(glances, 95), MS, f"{spread(glances)}; {missed} of {RULES} outside "
                "their margin"),
        at_most("… exact to the last person: p95", 300, percentile(counts, 95), MS,
                f"{spread(counts)}: {tried[counts.index(max(counts))]}"),
        at_most("… twenty people alone: p95", 50, percentile(twenties, 95), MS,
                f"{spread(twenties)}: {tried[twenties.index(max(twenties))]}"),
    ]  # fmt: skip


def measured_on_sqlite(people: int) -> list[Row]:
    """The page's first answer is the exact one there. What follows a key at once feels instant."""
    from subscribers import glance

    tried = rules(RULES)
    counts = [milliseconds(lambda: glance.quick(rule)) for rule in tried]  # noqa: B023
    twenties = [milliseconds(lambda: glance.twenty(rule)) for rule in tried]  # noqa: B023
    return [
        at_most(f"Count and twenty people, {people:,} on SQLite: p95", 100,
                percentile(counts, 95), MS, spread(counts)),
        at_most("… twenty people alone: p95", 50, percentile(twenties, 95), MS, spread(twenties)),
    ]  # fmt: skip


def spread(measured: list[float]) -> str:
    return f"median {statistics.median(measured):,.0f}, worst {max(measured):,.0f}"


MS = "{:,.0f} ms"


def show(rows: list[Row]) -> None:
    table = Table("figure", "target", "measured", "", "remark")
    for row in rows:
        table.add_row(row.figure, row.target, row.measured, row.verdict, row.remark)
    Console(width=160).print(table)


def on(database: str, people: int) -> None:
    """Fill this database and print its figures."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATABASE_URL": database, "DATA_DIR": folder}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        from benchmarks import crowd

        crowd.gather(people)
        show(measured(people))


def on_sqlite(people: int) -> None:
    """The same on a SQLite file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATABASE_URL": "", "DATA_DIR": folder}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        from benchmarks import small_crowd

        small_crowd.gather(people)
        show(measured_on_sqlite(people))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--people", type=int)
    words.add_argument("--sqlite", action="store_true", help="SQLite alone")
    asked = words.parse_args()
    if asked.sqlite:
        on_sqlite(asked.people or 10_000)
        return
    if "DATABASE_URL" not in os.environ:
        from tests.servers import postgres

        os.environ["DATABASE_URL"] = postgres()
    on(os.environ["DATABASE_URL"], asked.people or 1_000_000)
    subprocess.run([sys.executable, "-m", "benchmarks.segments", "--sqlite"], check=True)


if __name__ == "__main__":
    main()
