"""PostgreSQL, Redis and several worker processes: the same code on bigger parts."""

import csv
from collections import Counter
from pathlib import Path

from tests.faults.installation import state
from tests.journeys.system import ROOT, System, until

READERS = 5000
BRIEFINGS = ROOT / "workers" / "demo" / "briefings" / "update-1"


def test_five_thousand_readers_get_one_mail_each_from_two_workers(
    tmp_path: Path, postgres_url: str, redis_url: str, sink: tuple[str, Path]
) -> None:
    relay, record = sink
    system = System(
        tmp_path / "var", DATABASE_URL=postgres_url, REDIS_URL=redis_url, SMTP_URL=relay
    )
    system.run("topic", "add", "medias-ai-pivot", "--name", "Media's AI Pivot")
    with (tmp_path / "readers.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "name"])
        rows.writerows([f"reader{n}@example.org", f"Reader {n}"] for n in range(READERS))
    report = system.json(
        "subscribers",
        "import",
        str(tmp_path / "readers.csv"),
        "--topic",
        "medias-ai-pivot",
        "--consent",
        "asked for it in a test",
    )
    assert report["created"] == READERS
    system.run_all(
        ("load", str(BRIEFINGS), "--topic", "medias-ai-pivot"),
        ("assemble", "medias-ai-pivot", "--until", "2026-05-13T15:00:00Z"),
        ("approve", "medias-ai-pivot/draft"),
    )
    with system.workers(bulk=2):
        until(lambda: state(system) == "done", 180, what=system.log)
    sheet = system.json("audit", "medias-ai-pivot/1")
    assert sheet["balanced"]
    assert (sheet["candidates"], sheet["accepted"]) == (READERS, READERS)
    got = Counter(record.read_text().split())
    assert got == Counter(f"reader{n}@example.org" for n in range(READERS))
