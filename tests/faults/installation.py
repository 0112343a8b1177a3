"""A whole installation whose update goes out while something breaks, and the checker's verdict."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.journeys.system import DIGEST, ROOT, System, until
from workers.drill.checker import Claim, judge

TOPIC = "medias-ai-pivot"
BRIEFINGS = ROOT / "workers" / "demo" / "briefings" / "update-1"


def drafted(system: System, readers: int) -> System:
    """With so many readers, reader0@example.org and on, and a draft of the demo's first week."""
    return _with_draft(system, readers)


def approved(system: System, readers: int, rate: int) -> System:
    """The same, and approved at so many a second."""
    return _with_draft(system, readers, ("approve", f"{TOPIC}/draft", "--rate", str(rate)))


def _with_draft(system: System, readers: int, *more: tuple[str, ...]) -> System:
    rows = "".join(f"reader{n}@example.org,Reader {n}\n" for n in range(readers))
    system.run_all(
        ("topic", "add", TOPIC, "--name", "Media's AI Pivot"),
        ("subscribers", "import", "-", "--topic", TOPIC, "--consent", "a test"),
        ("load", str(BRIEFINGS), "--topic", TOPIC),
        ("assemble", TOPIC, "--until", "2026-05-13T15:00:00Z"),
        *more,
        stdin=f"email,name\n{rows}",
    )
    return system


def audited(system: System) -> dict[str, Any]:
    """``digest audit``; empty while there is no mailing, or no database."""
    said = subprocess.run(
        [DIGEST, "audit", f"{TOPIC}/1", "--json"],
        env=system.env,
        cwd=system.data_dir,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found: dict[str, Any] = json.loads(said) if said else {}
    return found


def state(system: System) -> str:
    """Of its newest mailing."""
    found = system.asked("SELECT state FROM workers_mailing ORDER BY id DESC LIMIT 1")
    return str(found[0][0]) if found else "none"


def received(record: Path) -> int:
    return record.read_bytes().count(b"\n") if record.exists() else 0


def holds(system: System, record: Path, readers: int, *, uncertain: int = 0) -> None:
    """The ledger's promise, held against what the relay wrote down before it answered."""
    sheet = audited(system)
    claim = Claim(rows(system), sheet["candidates"], sheet["balanced"])
    assert judge(record.read_text().split(), claim, readers, uncertain).broken == {}


def rows(system: System) -> list[tuple[Any, ...]]:
    """(address, state) of each delivery, from the database itself."""
    return system.asked("SELECT address, state FROM workers_delivery")


def leasing(system: System) -> int:
    """The process that holds a batch now, by the name of its journal."""
    found: list[int] = []

    def holding() -> bool:
        leased = system.asked("SELECT worker FROM workers_batch WHERE state = 'leased'")
        found.extend(int(name.partition("-")[0]) for (name,) in leased)
        return bool(found)

    until(holding, 20)
    return found[0]
