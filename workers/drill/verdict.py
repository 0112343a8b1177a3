"""What a drill says: its plan before, its verdict after."""

import dataclasses
from collections import Counter
from typing import Any

from rich.console import Console
from rich.text import Text

from workers import progress
from workers.drill.checker import Rule
from workers.drill.plan import Fault, Plan
from workers.drill.run import CONNECTIONS, Asked, Result

NAMES = {
    Fault.WORKER: "a worker killed",
    Fault.CELERY: "Celery killed with its workers",
    Fault.SYSTEM: "everything's supervisor killed",
    Fault.FLUSH: "the broker flushed",
    Fault.BROKER: "the broker killed and away",
    Fault.CUT: "PostgreSQL's connections cut",
    Fault.RESTART: "PostgreSQL restarted",
}
_SHOWN = 10  # of those who broke a rule


def announce(console: Console, asked: Asked, planned: Plan) -> None:
    """The plan, as the seed makes it."""
    console.print(
        f"[bold]A drill[/]: {asked.messages:,} messages by {asked.workers} workers with "
        f"{CONNECTIONS} connections each, seed {planned.seed}.\n"
        "Its own database, broker and sink; nothing of yours is touched. The plan:"
    )
    for fault, n in Counter(event.fault for event in planned.events).items():
        at = ", ".join(f"{event.at:,}" for event in planned.events if event.fault is fault)
        console.print(f"  {n} × {NAMES[fault]}, once the sink has taken {at}")
    for what, numbers in (("before", planned.drop_before), ("after", planned.drop_after)):
        console.print(f"  {len(numbers)} × the sink hangs up {what} a message's last line")
    console.print()


def holds(result: Result) -> bool:
    """A fault that came too late proves nothing."""
    return result.verdict.holds and not result.missed


def show(console: Console, result: Result) -> None:
    """The balance sheet and each rule, held or broken, and by whom."""
    console.print()
    console.print(progress.bar(result.sheet))
    console.print(progress.words(result.sheet))
    console.print(
        f"{result.killed} sending processes killed, {result.at_sink:,} messages at the sink, "
        f"{result.sheet.uncertain} uncertain where {result.uncertain_at_most} may be, "
        f"{result.seconds:.0f} s"
    )
    console.print(f"Of these no message came for {_waits(result)}\n")
    for rule in Rule:
        console.print(_line(rule, result.verdict.broken.get(rule, [])))
    if result.missed:
        console.print(
            f"✗ {result.missed} faults came after the last message: ask for more --messages",
            style="red",
        )
    console.print("[bold green]It holds.[/]" if holds(result) else "[bold red]It does not hold.[/]")


def _waits(result: Result) -> str:
    """Which faults the time went to, the costliest first."""
    names = {fault.value: name for fault, name in NAMES.items()}
    return ", ".join(
        f"{seconds:.0f} s after {names.get(what, what)}"
        for what, seconds in sorted(result.waits.items(), key=lambda one: -one[1])
    )


def _line(rule: Rule, broken: list[str]) -> Text:
    if not broken:
        return Text.assemble(("✓ ", "green"), rule.value)
    more = f" and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    return Text.assemble(("✗ ", "red"), rule.value, f": {', '.join(broken[:_SHOWN])}{more}")


def plain(asked: Asked, result: Result) -> dict[str, Any]:
    """The same for ``--json``."""
    return {
        "holds": holds(result),
        "seed": asked.seed,
        "messages": asked.messages,
        "killed": result.killed,
        "missed": result.missed,
        "faults": dict(Counter(one.event.fault.value for one in result.done)),
        "at_sink": result.at_sink,
        "uncertain_at_most": result.uncertain_at_most,
        "broken": {rule.name.lower(): what for rule, what in result.verdict.broken.items()},
        "sheet": dataclasses.asdict(result.sheet),
        "seconds": round(result.seconds, 1),
        "waits": {what: round(seconds, 1) for what, seconds in result.waits.items()},
    }
