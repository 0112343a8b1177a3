"""How long a whole edition takes, and what it weighs.  Run: python -m benchmarks.rendering

An edition is what an approval makes: MJML, premailer, text and all checks but SpamAssassin, by a
renderer that is warm.  Of each time the best of some rounds is told: what else a machine does only
adds to it.
"""

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Row, at_most
from digest import checks
from digest.rendering import bounded, markup, pipeline
from digest.rendering.view import EmailView, StoryView
from tests import emails

ROUNDS = 20
PARAGRAPH = "The unit surfaced through job postings, in the order in which hires became known. "
CONTEXT = checks.Context(from_address="news@daily-press.co.uk", minutes_budget=6)


def long_lead(at: int) -> StoryView:
    """About 6 KB of text with its notes."""
    body = "\n\n".join(PARAGRAPH * 7 + f"[^{mark}]" for mark in range(7))
    body += "\n\n" + "\n".join(f"[^{mark}]: Said on the {mark}th." for mark in range(7))
    return emails.lead(at, body=markup.render(body, f"s{at}"))


def usual(at: int) -> StoryView:
    """With a summary and a takeaway as long as those of a real page."""
    summary, takeaway = ("A sentence of the usual length. " * 10)[:310], ("It matters. " * 10)[:115]
    return emails.story(at, summary=summary, key_takeaway=takeaway)


TWELVE, LONG = "twelve standard", "20 KB of text"
UPDATES = {
    "a lead and three": emails.update(),
    TWELVE: emails.update(*map(usual, range(1, 13))),
    LONG: emails.update(*map(long_lead, range(1, 5))),
    "forty standard": emails.update(*map(usual, range(1, 41))),
}


class Measured(NamedTuple):
    """Of one update: KB, and milliseconds of processor or, for the whole edition, of clock."""

    text: float
    html: float
    pipeline: float
    checks: float
    edition: float


def measured(view: EmailView) -> Measured:
    email = pipeline.render(view)
    return Measured(
        text=len(email.text.encode()) / 1024,
        html=len(email.html.encode()) / 1024,
        pipeline=milliseconds(partial(pipeline.render, view), time.process_time),
        checks=milliseconds(partial(checks.run, view, email, CONTEXT), time.process_time),
        edition=milliseconds(partial(edition, view), time.perf_counter),
    )


def milliseconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """The least of some rounds, after one that warms up."""
    work()
    taken = []
    for _ in range(ROUNDS):
        begun = clock()
        work()
        taken.append(clock() - begun)
    return min(taken) * 1000


def edition(view: EmailView) -> object:
    """What an approval does, but for the database."""
    return checks.run(view, bounded.render(view), CONTEXT)


def verdicts(told: Mapping[str, Measured]) -> list[Row]:
    """The figures that this project set itself."""
    return [
        at_most("HTML of twelve standard items", 45, told[TWELVE].html, "{:.1f} KB"),
        at_most(f"HTML of {LONG}", 60, told[LONG].html, "{:.1f} KB"),
        at_most("Whole edition, twelve standard items", 60, told[TWELVE].edition, "{:.1f} ms"),
        at_most(f"Whole edition, {LONG}", 60, told[LONG].edition, "{:.1f} ms"),
    ]


def main() -> int:
    told = {name: measured(view) for name, view in UPDATES.items()}
    table = Table(
        "update", "text KB", "HTML KB", "pipeline, CPU ms", "checks, CPU ms", "edition, ms"
    )
    for name, one in told.items():
        table.add_row(name, *(f"{value:.1f}" for value in one))
    held = Table("figure", "target", "measured", "")
    rows = verdicts(told)
    for row in rows:
        held.add_row(row.figure, row.target, row.measured, row.verdict)
    console = Console(width=100)
    console.print(table)
    console.print(held)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
