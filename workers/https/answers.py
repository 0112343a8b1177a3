"""What an answer of a provider's API says: of the message, and of the account.

As by SMTP: what speaks of the reader fails for good, what speaks of a moment is put off, what
speaks of us stops the route and costs nobody an attempt, and what nobody can know is uncertain.
"""

import re
from typing import Any, NamedTuple

from anymail.exceptions import AnymailError

from workers.feedback.providers import Provider
from workers.https.account import Account
from workers.https.call import Answer, Broken
from workers.https.fields import Payload
from workers.outbox import Outcome, Verdict

WORDS = 300
"""Letters of a body that are kept."""

LONGEST = 3600.0
"""Seconds that a provider may ask us to wait."""

_SHUT_OUT = {401, 402, 403, 404, 405, 407}
"""These speak of the account, its key or its address: nothing goes by it."""

_NOBODY_KNOWS = {502, 504}
"""A gateway lost whoever was at work on it: the message may have been taken."""

_OF_THE_READER = re.compile(
    r"recipient|rcpt|inactive|suppress|blocklist|blacklist|unsubscribed"
    r"|\bto\b[^a-z]*(parameter|field|address|is not|email)|[\"'`]to\b|\bin to\b",
    re.IGNORECASE,
)
_OF_US = re.compile(r"\b(sender|from)\b", re.IGNORECASE)
_REFUSED = {"rejected", "invalid", "failed"}


class Heard(NamedTuple):
    """What an answer means."""

    outcome: Outcome
    trouble: str = ""  # of the account: nothing else is to be asked of it now
    wait: float = 0.0  # seconds for which it asks to be left alone
    strange: bool = False  # it took nothing, and not for this reader's sake


def heard(account: Account, payload: Payload | None, answer: Answer | Broken) -> Heard:
    """What became of a message; ``payload``: its fields, where it was handed over as such."""
    if isinstance(answer, Broken):
        if answer.whole:
            return Heard(Outcome(Verdict.UNCERTAIN, 0, f"no answer: {answer.why}"), strange=True)
        return Heard(Outcome(Verdict.UNTRIED, 0, f"not sent whole: {answer.why}"), strange=True)
    status = _by_itself(account, answer)
    if 200 <= status < 300:
        return _taken(account, payload, answer)
    return refused(account, answer._replace(status=status))


def _by_itself(account: Account, answer: Answer) -> int:
    """The status, also of those that say 200 or 500 to everything."""
    said = answer.said if account.provider in {Provider.POSTAL, Provider.MANDRILL} else None
    if not isinstance(said, dict):
        return answer.status
    if account.provider is Provider.MANDRILL:
        return _MANDRILL.get(str(said.get("name")), answer.status)
    if said.get("status") == "success":
        return answer.status
    return _POSTAL.get(str((said.get("data") or {}).get("code")), 400)


_POSTAL = {"AccessDenied": 403, "InvalidServerAPIKey": 401, "ServerSuspended": 403}
_MANDRILL = {
    "Invalid_Key": 401, "PaymentRequired": 402, "Unknown_Subaccount": 403, "ValidationError": 400,
}  # fmt: skip


def refused(account: Account, answer: Answer) -> Heard:
    """What a no means."""
    status, text = answer.status, words(answer)
    if status in _SHUT_OUT or 300 <= status < 400:
        trouble = f"{account} does not let us in: {text}"
        return Heard(Outcome(Verdict.UNTRIED, status, trouble), trouble)
    if status in _NOBODY_KNOWS:
        return Heard(Outcome(Verdict.UNCERTAIN, status, text), strange=True)
    of_the_reader = _OF_THE_READER.search(text) and not _OF_US.search(text)
    if status == 413 or (400 <= status < 429 and of_the_reader):
        return Heard(Outcome(Verdict.FAILED, status, text))
    wait = _wait(answer) if status in {429, 503} else 0.0
    return Heard(Outcome(Verdict.DEFERRED, status, text, wait), wait=wait, strange=status != 429)


def _taken(account: Account, payload: Payload | None, answer: Answer) -> Heard:
    try:
        said, name = payload.taken(answer) if payload else _OF_WHOLE[account.provider](answer.said)
    except (AnymailError, LookupError, TypeError, ValueError, AttributeError):
        text = f"{words(answer)} (not understood; it may have been taken)"
        return Heard(Outcome(Verdict.UNCERTAIN, answer.status, text), strange=True)
    if said in _REFUSED:
        return Heard(Outcome(Verdict.FAILED, answer.status, f"{said}: {words(answer)}"))
    text = f"{answer.status} {answer.reason}".strip()
    return Heard(
        Outcome(Verdict.ACCEPTED, answer.status, f"{text}; its id is {name}" if name else text)
    )


def _mailgun(said: Any) -> tuple[str, str]:
    return "queued", said["id"].strip("<>")


def _mandrill(said: Any) -> tuple[str, str]:
    (one,) = said
    return one["status"], one.get("_id") or ""


def _postal(said: Any) -> tuple[str, str]:
    (one,) = said["data"]["messages"].values()
    return "queued", str(one["id"])


def _sparkpost(said: Any) -> tuple[str, str]:
    results = said["results"]
    return "queued" if results["total_accepted_recipients"] else "rejected", results["id"]


_OF_WHOLE = {
    Provider.MAILGUN: _mailgun,
    Provider.MANDRILL: _mandrill,
    Provider.POSTAL: _postal,
    Provider.SPARKPOST: _sparkpost,
}


def words(answer: Answer) -> str:
    """The answer on one line, its status first."""
    body = " ".join(answer.body.decode("utf-8", "replace").split())
    return f"{answer.status} {answer.reason}: {body}"[:WORDS]


def _wait(answer: Answer) -> float:
    """Retry-After in seconds (RFC 9110 10.2.3; nobody of these gives a date), else one."""
    try:
        said = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return 1.0
    return min(max(said, 0.0), LONGEST) if said == said else 1.0
