"""What happened to an update, in sentences, and by whom."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import Q

from digest.audit import AuditEntry
from digest.models import Update

MOST = 50
"""Sentences that a page has room for."""


class Happened(NamedTuple):
    """One thing: who, and what they did, as the rest of a sentence that begins with them."""

    entry: AuditEntry
    did: str
    times: int = 1


def to(update: Update) -> list[Happened]:
    """The last things that happened to it, the last first; what was done again is told once."""
    about = Q(update=update)
    if update.number is not None:  # entries of before they named the update itself
        about |= Q(update=None, about=f"{update.topic.slug}/{update.number}")
    told: list[Happened] = []
    for entry in AuditEntry.objects.filter(about).order_by("-pk")[: 4 * MOST]:
        did = sentence(entry)
        if told and (told[-1].entry.who, told[-1].did) == (entry.who, did):
            told[-1] = told[-1]._replace(times=told[-1].times + 1)
        else:
            told.append(Happened(entry, did))
    return told[:MOST]


def sentence(entry: AuditEntry) -> str:
    """What was done; an entry that is not known here speaks for itself."""
    say = _SENTENCES.get(entry.what)
    return say(entry.detail) if say else entry.what


def _approved(detail: dict[str, Any]) -> str:
    to = ", ".join(detail.get("segments") or []) or "everybody who follows the topic"
    despite = f", despite a check that blocks: “{detail['despite']}”" if detail["despite"] else ""
    return f"approved it for {to}{despite}"


def _assembled(detail: dict[str, Any]) -> str:
    items = "1 item" if detail["items"] == 1 else f"{detail['items']} items"
    return f"assembled it: {items}, {detail['left_out']} left out"


def _asked(detail: dict[str, Any]) -> str:
    return "asked for its approval" + (f": “{detail['note']}”" if detail.get("note") else "")


def _tested(detail: dict[str, Any]) -> str:
    many = len(detail.get("addresses", []))
    return f"asked for a test to {many} {'address' if many == 1 else 'addresses'}"


_SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    "assembled update": _assembled,
    "edited update": lambda detail: str(detail["did"]),
    "discarded update": lambda _: "threw the draft away",
    "approved update": _approved,
    "unapproved update": lambda _: "took the approval back",
    "voided approval": lambda detail: f"{detail['did']}, and so voided the approval",
    "stopped update": lambda detail: f"{detail['did']}, and so stopped it",
    "asked for approval of": _asked,
    "sent back": lambda detail: f"sent it back: “{detail['words']}”",
    "asked for a test of": _tested,
    "could not make a test of": lambda detail: f"could not make a test: {detail['why']}",
    "quarantined mailing": lambda detail: f"put its mailing in quarantine: {detail['why']}",
    "corrected update": lambda _: "mailed a correction",
}
"""By the audit log's words for it."""
