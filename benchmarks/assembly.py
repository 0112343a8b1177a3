"""How long a draft takes of many candidates, and loading them.  Run: python -m benchmarks.assembly

Made-up briefings in a SQLite file of their own; each size in a process of its own, whose peak of
memory is the system's word.
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
from pathlib import Path
from typing import Any

from benchmarks.figures import Row, at_most, below

SIZES = {10_000: 0.3, 100_000: 3.0}
"""Candidates, and the seconds that a draft of them may take."""

ELSEWHERE = {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": ""}
MEGABYTES = 300
LOADING = 300.0
"""Seconds for 100,000 briefings."""

ROUNDS = 3
UNTIL = dt.datetime(2026, 5, 17, 15, tzinfo=dt.UTC)

_WORDS = """agency answer archive audience auction audit author bill board book bridge budget call
camera case channel claim coast code council court crew data deal delay desk draft editor engine
exam fee ferry film fine fund game garden grant guild harbour hearing idea island issue judge
label lamp law lease letter library licence list loan market merger meter model museum news note
offer office order paper park patent pay permit pier plan poll port press price prize probe proof
radio range rate record reform rent report right river road robot rule sale school score screen
season share ship show site song staff stage station story strike studio suit survey tax team test
theatre ticket tide title tool tower trade train trial tunnel union vote wage wall watch wave
accept add agree allow announce appeal approve ask begin block build buy cancel change charge
clear close cut defend deny drop end expand face fail fight find follow freeze give hire hold join
launch lead lift lose make meet merge move name offer open pass pause plan pull push raise reject
release replace resign return reveal rule save seek sell settle sign slow split start stop sue
suspend take test urge win"""
WORDS = _WORDS.split()
_FIRST = """Ada Bela Cato Dora Emil Fenna Gero Hedda Ivo Jora Kai Lena Milo Nora Odo Pia Quin Rosa
Sten Tova Uma Vito Wanda Xeni Yara Zeno"""
FIRST = _FIRST.split()
_BEGIN = """Ald Bar Cor Dal Elm Far Gal Hol Ist Jan Kel Lar Mar Nor Ost Pel Quar Ren Sol Tor Ul Ver
Wen Yar Zel"""
BEGIN = _BEGIN.split()
_MIDDLE = "a be cor de el fi ga ho in ka lo mi na os pa ro sa ter un vi win yo zu er an ol"
MIDDLE = _MIDDLE.split()
_END = "beck bury dale den ford gate ham hurst land ley mark mont ness port sted ton wick worth"
END = _END.split()


def written(number: int, chance: random.Random) -> dict[str, Any]:
    """A briefing with names, numbers and some kilobytes of text; one in fifty is told twice."""
    topic = random.Random(number - number % 50 if number % 50 == 1 else number)
    names = [topic.choice(BEGIN) + topic.choice(MIDDLE) + topic.choice(END) for _ in range(3)]
    person = f"{topic.choice(FIRST)} {topic.choice(BEGIN)}{topic.choice(END)}"
    figure = f"${topic.randrange(1, 999)} million"
    said = [*names, person, figure, *topic.sample(WORDS, 12)]
    headline = " ".join([names[0], *topic.sample(WORDS, 5), figure])

    def sentence() -> str:
        words = chance.sample(said, 4) + chance.sample(WORDS, 9)
        chance.shuffle(words)
        return " ".join(words).capitalize() + "."

    published = UNTIL - dt.timedelta(seconds=topic.randrange(0, 29 * 86_400))
    return {
        "slug": f"s{number}",
        "headline": headline,
        "summary": " ".join(sentence() for _ in range(3)),
        "key_takeaway": sentence(),
        "body": "\n\n".join(" ".join(sentence() for _ in range(5)) for _ in range(4)),
        "published_at": published.isoformat(),
        "importance": topic.randrange(0, 4),
        "tag": topic.choice(["Industry", "Law", "Culture", "Money", "Science"]),
        "status": "Developing",
        "sources": [
            {"name": name, "url": f"https://{name.lower()}.example.org/{number}"}
            for name in names[: chance.randrange(1, 4)]
        ],
    }


def measured(size: int) -> dict[str, float]:
    """Load so many, draft them, and say what it took.  In this process and its database."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from digest import drafting
    from digest.intake import store
    from digest.models import Topic

    topic = Topic.objects.create(slug="size", name="Size")
    file = Path(os.environ["DATA_DIR"]) / "briefings.jsonl"
    chance = random.Random(size)
    with file.open("w") as out:
        for number in range(size):
            out.write(json.dumps(written(number, chance)) + "\n")
    begun = time.perf_counter()
    store.load([str(file)], "size")
    loading = time.perf_counter() - begun
    return {"loading": loading} | _drafted(topic, drafting.draft)


def _drafted(topic: Any, draft: Any) -> dict[str, float]:
    """In a child of its own, so that loading's memory isn't counted."""
    from django.db import connection

    connection.close()
    seen, told = os.pipe()
    if (child := os.fork()) == 0:
        # Pages of the database that are mapped are the system's cache, and no need of ours.
        connection.cursor().execute("PRAGMA mmap_size=0")
        took, used = [], []
        for _ in range(ROUNDS):
            begun, had = time.perf_counter(), time.process_time()
            update = draft(topic, until=UNTIL)
            took.append(time.perf_counter() - begun)
            used.append(time.process_time() - had)
        said = {
            "seconds": sorted(took)[len(took) // 2],
            "cpu": sorted(used)[len(used) // 2],
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "left_out": len(update.left_out),
        }
        os.write(told, json.dumps(said).encode())
        os._exit(0)
    os.waitpid(child, 0)
    answer: dict[str, float] = json.loads(os.read(seen, 10_000))
    return answer


def rows(size: int, said: dict[str, float]) -> list[Row]:
    remark = f"CPU {said['cpu'] * 1000:,.0f} ms; {said['left_out']:,.0f} left out"
    found = [
        at_most(
            f"Draft of {size:,}", SIZES[size] * 1000, said["seconds"] * 1000, "{:,.0f} ms", remark
        ),
        at_most("… memory at its peak", MEGABYTES, said["megabytes"], "{:.0f} MB"),
    ]
    if size == max(SIZES):
        found.append(below(f"Loading {size:,}", LOADING, said["loading"], "{:.0f} s", "SQLite"))
    return found


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--size", type=int)
    if size := wanted.parse_args().size:
        print(json.dumps(measured(size)))
        return
    form = "{:28}{:>12}{:>14}   {:10} {}"
    print(form.format("figure", "target", "measured", "", ""))
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            outcome = subprocess.run(
                [sys.executable, "-m", "benchmarks.assembly", "--size", str(size)],
                env=os.environ | ELSEWHERE | {"DATA_DIR": folder},
                check=True, capture_output=True, text=True,
            )  # fmt: skip
        for row in rows(size, json.loads(outcome.stdout.splitlines()[-1])):
            print(form.format(row.figure, row.target, row.measured, row.verdict, row.remark))


if __name__ == "__main__":
    main()
