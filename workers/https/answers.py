"""What an answer of a provider's API says: of the message, and of the account.

As by SMTP: what speaks of the reader fails for good, what speaks of a moment is put off, what
speaks of us stops the route and costs nobody an attempt, and what nobody can know is uncertain.
"""

import re
from typing import Any, NamedTuple

from workers.feedback.providers import Provider
from workers.https.account import Account
from workers.https.call import Answer, Broken
from workers.https.fields import Payload
from workers.outbox import Outcome, Verdict
from workers.said import printable

WORDS = 300
"""Letters of a body that are kept."""

SECRET = 8
"""Letters from which on a key is one, and no common word.  The sink's is shorter."""

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
_TAKEN = {"queued", "sent", "scheduled", "delivered"}
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
    try:
        return _understood(account, payload, answer)
    except Exception:  # noqa: BLE001  whatever an answer holds, its message is settled by it
        return _unclear(account, answer)


def _understood(account: Account, payload: Payload | None, answer: Answer) -> Heard:
    status = _by_itself(account, answer)
    if 200 <= status < 300:
        return _taken(account, payload, answer)
    return refused(account, answer._replace(status=status))


def _unclear(account: Account, answer: Answer) -> Heard:
    text = f"{words(account, answer)} (not understood; it may have been taken)"
    return Heard(Outcome(Verdict.UNCERTAIN, answer.status, text), strange=True)


def _by_itself(account: Account, answer: Answer) -> int:
    """The status, also of those that say 200 or 500 to everything."""
    said = answer.said if account.provider in {Provider.POSTAL, Provider.MANDRILL} else None
    if not isinstance(said, dict):
        return answer.status
    if account.provider is Provider.MANDRILL:
        return _MANDRILL.get(str(said.get("name")), answer.status)
    if said.get("status") not in {"error", "parameter-error"}:
        return answer.status
    data = said.get("data")
    return _POSTAL.get(str(data.get("code")), 400) if isinstance(data, dict) else 400


_POSTAL = {"AccessDenied": 403, "InvalidServerAPIKey": 401, "ServerSuspended": 403}
_MANDRILL = {
    "Invalid_Key": 401, "PaymentRequired": 402, "Unknown_Subaccount": 403, "ValidationError": 400,
}  # fmt: skip


def refused(account: Account, answer: Answer) -> Heard:
    """What a no means."""
    status, text = answer.status, words(account, answer)
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
    said, name = payload.taken(answer) if payload else _OF_WHOLE[account.provider](answer.said)
    if said in _REFUSED and answer.said:
        no = f"{said}: {words(account, answer)}"
        return Heard(Outcome(Verdict.FAILED, answer.status, no))
    if said not in _TAKEN:  # a no without a word of why is none
        return _unclear(account, answer)
    text = f"{answer.status} {answer.reason}".strip()
    told = _line(f"{text}; its id is {name}" if name else text)
    return Heard(Outcome(Verdict.ACCEPTED, answer.status, told))


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


def words(account: Account, answer: Answer) -> str:
    """The answer on one line, its status first; without our keys, should it repeat them."""
    body = answer.body.decode("utf-8", "replace")
    for key in (account.key, account.secret):
        if len(key) >= SECRET:
            body = body.replace(key, "(our key)")
    return _line(f"{answer.status} {answer.reason}: {body}")[:WORDS]


def _line(text: str) -> str:
    """On one line, and nothing in it that no page or database can hold."""
    return printable(" ".join(text.encode("utf-8", "replace").decode().split()))


def _wait(answer: Answer) -> float:
    """Retry-After in seconds (RFC 9110 10.2.3; nobody of these gives a date), else one."""
    try:
        said = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return 1.0
    return min(max(said, 0.0), LONGEST) if said == said else 1.0
