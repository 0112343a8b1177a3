"""How long a whole edition takes, and what it weighs.  Run: python -m benchmarks.rendering"""

import statistics
import time
from collections.abc import Callable
from functools import partial

from digest import checks
from digest.rendering import bounded, markup, pipeline
from digest.rendering.view import EmailView
from tests import emails

ROUNDS = 20
PARAGRAPH = "The unit surfaced through job postings, in the order in which hires became known. "
CONTEXT = checks.Context(from_address="news@daily-press.co.uk", minutes_budget=6)


def long_lead(at: int) -> object:
    """About 6 KB of text with its notes."""
    body = "\n\n".join(PARAGRAPH * 7 + f"[^{mark}]" for mark in range(7))
    body += "\n\n" + "\n".join(f"[^{mark}]: Said on the {mark}th." for mark in range(7))
    return emails.lead(at, body=markup.render(body, f"s{at}"))


UPDATES = {
    "a lead and three": emails.update(),
    "twelve standard": emails.update(*map(emails.story, range(1, 13))),
    "20 KB of text": emails.update(*map(long_lead, range(1, 5))),  # type: ignore[arg-type]
    "forty standard": emails.update(*map(emails.story, range(1, 41))),
}


def milliseconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """The median of some rounds, after one that warms up."""
    work()
    taken = []
    for _ in range(ROUNDS):
        begun = clock()
        work()
        taken.append((clock() - begun) * 1000)
    return statistics.median(taken)


def edition(view: EmailView) -> object:
    """What an approval does, but for the database."""
    return checks.run(view, bounded.render(view), CONTEXT)


def main() -> None:
    row = "{:18}{:>9}{:>9}{:>18}{:>16}{:>19}"
    print(
        row.format(
            "update",
            "text KB",
            "HTML KB",
            "pipeline, CPU ms",
            "checks, CPU ms",
            "whole edition, ms",
        )
    )
    for name, view in UPDATES.items():
        email = pipeline.render(view)
        print(
            row.format(
                name,
                f"{len(email.text.encode()) / 1024:.1f}",
                f"{len(email.html.encode()) / 1024:.1f}",
                f"{milliseconds(partial(pipeline.render, view), time.process_time):.1f}",
                f"{milliseconds(partial(checks.run, view, email, CONTEXT), time.process_time):.1f}",
                f"{milliseconds(partial(edition, view), time.perf_counter):.1f}",
            )
        )


if __name__ == "__main__":
    main()
