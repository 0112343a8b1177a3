"""A benchmark of the pages, from the place it needs to the lines it prints."""

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.figures import Row
from benchmarks.sending import postgres

_LINE = "{:44}{:>10}{:>12}   {:10} {}\n"


def tell(measured: Callable[[str, Path], Iterable[Row]]) -> None:
    """Measure with a PostgreSQL's URL and an empty folder, and print each figure as it is known."""
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        if not url:
            raise SystemExit("No PostgreSQL: name one in DATABASE_URL, or run make dev.")
        for row in measured(url, Path(folder)):
            said = (row.figure, row.target, row.measured, row.verdict, row.remark)
            sys.stdout.write(_LINE.format(*said))
