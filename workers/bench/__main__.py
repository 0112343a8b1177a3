"""``python -m workers.bench JSON``: the bench itself; ``digest bench`` prepares its place."""

import dataclasses
import json
import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from rich.console import Console  # noqa: E402

from digest.database import bring_up_to_date, told  # noqa: E402
from digest.errors import DigestError  # noqa: E402
from workers.bench.run import Asked, Bench, Figures  # noqa: E402


def main() -> int:
    """Run it and print the figures; the exit status."""
    words = json.loads(sys.argv[1])
    as_json = words.pop("as_json")
    console = Console(stderr=as_json, highlight=False)
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, lambda *_: sys.exit(130))
    try:
        with told():
            bring_up_to_date()
            figures = Bench(Asked(**words), console).run()
    except DigestError as problem:
        console.print(f"The bench stopped: {problem}", style="red", markup=False)
        return problem.status
    except KeyboardInterrupt:
        return 130
    if as_json:
        sys.stdout.write(json.dumps(dataclasses.asdict(figures)) + "\n")
    else:
        _show(console, figures)
    return 0 if figures.correct else 1


def _show(console: Console, figures: Figures) -> None:
    console.print(
        f"\n[bold]{figures.per_second:,.0f} messages a second[/]: {figures.messages:,} of "
        f"{figures.octets:,} octets by {figures.workers} workers with "
        f"{figures.connections} connections each, on {figures.database}"
    )
    for what, figure in {
        "CPU of the senders, ms a message": f"{figures.cpu_ms:.3f}",
        "Celery's share of it, %": f"{figures.celery_percent:.1f}",
        "the ledger: claim and record, µs a message": f"{figures.ledger_us:.0f}",
        "first message after it was due, s": f"{figures.first_after:.2f}",
        "done after it was due, s": f"{figures.seconds:.1f}",
        "audience filled, deliveries a second": f"{figures.fill_per_second:,.0f}",
        "audience complete after it was due, s": f"{figures.filled_after:.1f}",
        "memory of the largest worker, MB": f"{figures.memory_mb:.0f}",
    }.items():
        console.print(f"  {what:<44}{figure:>10}")
    if not figures.correct:
        console.print("✗ not each reader exactly once, or the sheet does not balance", style="red")


if __name__ == "__main__":
    sys.exit(main())
