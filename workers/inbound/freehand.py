"""Bounces of servers that write them as they like: flufl.bounce knows many, and what they say of
the reason is read from their words.  Pure."""

import logging
import re
from email.message import Message
from email.utils import parseaddr

from flufl.bounce import Recipients, all_failures

from digest.errors import Refused
from workers.feedback.events import refusal_in
from workers.headers import checked_address
from workers.inbound.parts import one_line, text_of, texts
from workers.inbound.status import Ending, Said

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it tells each step it takes

LINES = 100
"""Lines of such a mail that are read for the reason."""

LONGEST = 1000
"""Letters of a line of them: patterns take long over longer ones."""

_DAEMON = re.compile(r"mailer-?daemon|postmaster|mail[ -]?delivery|mail ?system", re.IGNORECASE)
_FAILED = re.compile(
    r"undeliver|could ?n[o']t be delivered|not be delivered|delivery (?:has )?(?:failed|failure)"
    r"|failure notice|returned mail|mail (?:delivery )?(?:error|failed)|delivery status notif",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"\s*(?:received|return-path|message-id):|-+ *(?:original|header)", re.IGNORECASE
)
_REASON = re.compile(r"\b[45]\d\d[ -]|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.]\d)")


def said_in(mail: Message) -> list[Said]:
    """What such a mail says of each recipient; of nobody in particular where it names none."""
    if _is_an_answer(mail):
        return []
    waits, failed = _known(mail)
    lines = _read(mail)
    if waits or failed:
        delayed = [Said(Ending.DELAYED, _plain(one)) for one in sorted(waits)]
        return delayed + [_failure(_plain(one), lines) for one in sorted(failed)]
    # Whatever it says, nothing tells that it was for good.
    return [_failure("", lines, Ending.GIVEN_UP)] if _looks_like_one(mail, lines) else []


def _known(mail: Message) -> tuple[Recipients, Recipients]:
    try:
        return all_failures(mail)
    except Exception:  # noqa: BLE001 - it trips over some, one without a From for one
        return frozenset(), frozenset()


def _failure(address: str, lines: list[str], else_ending: Ending = Ending.REFUSED) -> Said:
    words = _reason(lines, address)
    code = _code(words)
    ending = {"4": Ending.GIVEN_UP, "5": Ending.REFUSED}.get(code[:1], else_ending)
    return Said(ending, address, code, words)


def _code(line: str) -> str:
    code = refusal_in(line)
    return code if code[:1] in {"4", "5"} else ""


def _reason(lines: list[str], address: str) -> str:
    """The line that tells why: the first with a code, else with words that leave no doubt, else
    the one that names the address, and what follows it."""
    coded = (line for line in lines if _REASON.search(line))
    plain = (line for line in lines if _code(line))
    named = (" ".join(lines[at : at + 2]) for at, line in enumerate(lines) if address in line)
    return next(coded, next(plain, next(named, "") if address else ""))


def is_by_server(mail: Message) -> bool:
    """Whether it says that a server wrote it, and no person."""
    # A long one could be brackets within brackets, which overflow the stack.
    name, sender = parseaddr(one_line(mail.get("From", ""))[:200])
    return not sender or bool(_DAEMON.search(f"{name} {sender}"))


def _is_an_answer(mail: Message) -> bool:
    """Whether a person wrote it, in answer to ours: who quotes or jokes of bounces is none."""
    answers = "In-Reply-To" in mail or "References" in mail
    return answers and not is_by_server(mail) and not _is_nobodys(mail)


def _is_nobodys(mail: Message) -> bool:
    """Whether no answer to it could arrive anywhere."""
    return one_line(mail.get("Return-Path", "")) == "<>"


def _looks_like_one(mail: Message, lines: list[str]) -> bool:
    """Whether it is about a mail that did not arrive, by a server's own words."""
    subject = one_line(mail.get("Subject", ""))[:LONGEST]
    is_nobodys = _is_nobodys(mail) or is_by_server(mail)
    says_so = any(_FAILED.search(line) or _code(line) for line in lines)
    return bool(_FAILED.search(subject)) or (is_nobodys and says_so)


def _read(mail: Message) -> list[str]:
    """Its lines, before it quotes what came back."""
    found: list[str] = []
    for part in texts(mail):
        for line in text_of(part).splitlines():
            if _RETURNED.match(line) or len(found) >= LINES:
                break
            found.append(one_line(line[:LONGEST]))
    return list(filter(None, found))


def _plain(octets: bytes) -> str:
    try:
        return checked_address("A recipient", octets.decode("ascii", "replace"))
    except Refused:
        return ""
