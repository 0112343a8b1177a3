"""What is looked at before an update may go out: one file per check, one shape.

A check module has a ``NAME``, a function ``check(view, email, context)`` that yields
findings, and ``FINE``, what to say when it yields none.  To add one, write the file and
put it into ``CHECKS``.

Those are pure: of the mail and the context alone.  ``reachability`` asks the web and ``spam``
a program, each only when somebody wants it.
"""

from collections.abc import Iterable
from typing import Protocol

from digest.checks import (
    alignment,
    alt_texts,
    budget,
    client_support,
    contrast,
    items,
    leftovers,
    links,
    partner,
    sender,
    slips,
    subject,
    text_part,
    title,
    unsubscribe,
    weight,
)
from digest.checks.findings import Context, Finding, Level, Place, Report
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

__all__ = ["CHECKS", "Context", "Finding", "Level", "Place", "Report", "run"]


class Check(Protocol):
    """The shape of a check module."""

    NAME: str

    def check(
        self, view: EmailView, email: RenderedEmail, context: Context, /
    ) -> Iterable[Finding]: ...


CHECKS: tuple[Check, ...] = (
    items,
    subject,
    title,
    links,
    leftovers,
    slips,
    partner,
    alt_texts,
    contrast,
    client_support,
    text_part,
    unsubscribe,
    sender,
    alignment,
    weight,
    budget,
)


def run(view: EmailView, email: RenderedEmail, context: Context) -> Report:
    """What every check says of the mail; one that has nothing to say says so."""
    found: list[Finding] = []
    for one in CHECKS:
        said = list(one.check(view, email, context))
        found += said or [Finding(one.NAME, Level.OK, getattr(one, "FINE", ""))]
    return Report(tuple(found))
