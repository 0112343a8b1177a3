"""The inbox read, by IMAP (RFC 3501): a mail that was acted on is marked as read.

All others stay as they are, unread, for a person. The row says how far it was read, so that none
is fetched twice; dying in between costs a second look at a mail, and to act on one again changes
nothing.
"""

import datetime as dt
import re
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from imaplib import IMAP4, IMAP4_SSL
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from workers.inbound.account import Account
from workers.inbound.handling import handle
from workers.inbound.models import FOR_A_PERSON, Inbox, Sort
from workers.inbound.parts import OCTETS
from workers.inbound.source import source
from workers.relay import Security

log = structlog.get_logger()

EVERY = dt.timedelta(minutes=1)
LATEST = dt.timedelta(minutes=15)
"""Between two looks; doubled after each that failed, up to this: whoever mends a password need
not wait long to see that it was right."""

CLAIM = dt.timedelta(minutes=4)
"""For which a worker has it to itself: longer than a task may last."""

MAILS, SECONDS = 200, 30
"""What one turn does at most; the next one follows at once."""

SPAN = 100_000
"""Numbers asked for at a time: a line of more than a million octets is not taken."""

TIMEOUT = 20.0
"""Seconds for each answer of the server."""


class CantRead(Exception):
    """The inbox can't be read; the message says in words why not."""


def is_due() -> bool:
    """Whether there is a mailbox, and it is time to look into it."""
    if not (settings.INBOUND_URL and isinstance(source(settings.INBOUND_URL), Account)):
        return False
    inbox = current()
    return inbox is None or inbox.next_at <= timezone.now()


def current() -> Inbox | None:
    """How the inbox that is set fares; None where none is, or nobody has looked yet."""
    if not settings.INBOUND_URL:
        return None
    return Inbox.objects.filter(name=str(source(settings.INBOUND_URL))).first()


def read() -> None:
    """Look into the inbox, if it is due and no other worker is at it."""
    theirs = source(settings.INBOUND_URL)
    assert isinstance(theirs, Account), "a door is not read"
    inbox, _ = Inbox.objects.get_or_create(name=str(theirs))
    now = timezone.now()
    ours = Inbox.objects.filter(pk=inbox.pk, next_at__lte=now).update(next_at=now + CLAIM)
    if not ours:
        return
    inbox.refresh_from_db()  # another may have read on in between
    try:
        is_done = _turn(theirs, inbox)
    except CantRead as problem:
        _went_wrong(inbox, str(problem))
    except Exception:  # what nobody foresaw must not be tried every second
        log.exception("inbox failed", inbox=inbox.name)
        _went_wrong(inbox, "something went wrong that the log tells of")
    else:
        inbox.trouble, inbox.failures, inbox.read_at = "", 0, timezone.now()
        inbox.next_at = inbox.read_at + (EVERY if is_done else dt.timedelta())
    inbox.save()


def _went_wrong(inbox: Inbox, why: str) -> None:
    log.warning("inbox can't be read", inbox=inbox.name, why=why)
    inbox.trouble = why
    inbox.next_at = timezone.now() + min(EVERY * 2 ** min(inbox.failures, 10), LATEST)
    inbox.failures += 1


def _turn(theirs: Account, inbox: Inbox) -> bool:
    """Read on from where ``inbox`` says, and write down there how far; whether that was all."""
    ends = time.monotonic() + SECONDS
    with _signed_in(theirs) as imap:
        numbers = _look(imap, theirs)
        newest = numbers["UIDNEXT"] - 1
        if numbers["UIDVALIDITY"] != inbox.validity:
            # Mails that were acted on long ago may be there under new numbers, and their writers
            # may have come back since.
            inbox.validity, inbox.last_uid = numbers["UIDVALIDITY"], 0
            inbox.there_before = newest
        sorts: Counter[Sort] = Counter()
        uids, until = _next(imap, inbox, newest)
        for uid in uids:
            sorts[_handled(imap, uid)] += 1
            inbox.last_uid = uid
            if sorts.total() == MAILS or time.monotonic() > ends:
                break
        else:
            inbox.last_uid = max(inbox.last_uid, until)
        acted_on = sum(n for sort, n in sorts.items() if sort not in FOR_A_PERSON)
        inbox.unread = max(0, numbers["UNSEEN"] - acted_on)
        inbox.count(sorts)
    if sorts:
        log.info("inbox read", inbox=inbox.name, **{sort.value: n for sort, n in sorts.items()})
    return inbox.last_uid >= newest


def _next(imap: IMAP4, inbox: Inbox, newest: int) -> tuple[list[int], int]:
    """The mails to look at next, and the number up to which these are all."""
    first, until, which = inbox.last_uid + 1, min(newest, inbox.last_uid + SPAN), ""
    if first <= inbox.there_before:
        until, which = min(until, inbox.there_before), " UNSEEN"
    if first > newest:
        return [], newest
    (found,) = _ok(imap.uid("SEARCH", f"UID {first}:{until}{which}"))[:1] or [b""]
    return sorted(int(uid) for uid in (found or b"").split()), until


def _handled(imap: IMAP4, uid: int) -> Sort:
    """Act on one mail and mark it as read; nothing of it is changed where it is for a person."""
    mail = _body(imap, uid)
    try:
        sort = handle(mail)
    except (InterfaceError, OperationalError):  # it is away
        raise
    except Exception:  # a mail that nobody foresaw must not keep those behind it
        log.exception("a mail can't be read; it was left", uid=uid)
        return Sort.UNCLEAR
    if sort not in FOR_A_PERSON:
        _ok(imap.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)"))
    return sort


# ---- the server -----------------------------------------------------------------------


@contextmanager
def _signed_in(theirs: Account) -> Iterator[IMAP4]:
    """A session; whatever goes wrong with it is told as CantRead."""
    imap = _connected(theirs)
    try:
        _sign_in(imap, theirs)
        yield imap
    except (OSError, IMAP4.abort) as problem:
        raise CantRead(f"{theirs.host} broke off: {_said(problem)}") from None
    except IMAP4.error as problem:
        raise CantRead(f"{theirs.host} refuses: {_said(problem)}") from None
    finally:
        with suppress(OSError, IMAP4.error):
            imap.logout()


def _sign_in(imap: IMAP4, theirs: Account) -> None:
    try:
        imap.login(theirs.user, theirs.password)
    except (OSError, IMAP4.abort):
        raise
    except Exception as problem:  # noqa: BLE001 - no traceback: its frames hold the password
        why = f"{theirs.host} does not let {theirs.user} in: {_said(problem)}"
        raise CantRead(why) from None


def _connected(theirs: Account) -> IMAP4:
    try:
        return _connection(theirs)
    except ssl.SSLCertVerificationError as problem:
        why = f"{theirs.host}'s certificate is not valid: {problem.verify_message}"
    except OSError as problem:
        why = f"{theirs.host}:{theirs.port} can't be reached: {problem.strerror or problem}"
    except (IMAP4.error, ValueError, LookupError) as problem:
        why = f"{theirs.host}:{theirs.port} does not answer as an IMAP server: {_said(problem)}"
    raise CantRead(why)


def _connection(theirs: Account) -> IMAP4:
    if theirs.security is Security.IMPLICIT:
        context = theirs.tls_context()
        return IMAP4_SSL(theirs.host, theirs.port, ssl_context=context, timeout=TIMEOUT)
    imap = IMAP4(theirs.host, theirs.port, timeout=TIMEOUT)
    if theirs.security is Security.STARTTLS:
        imap.starttls(theirs.tls_context())
    return imap


def _look(imap: IMAP4, theirs: Account) -> dict[str, int]:
    """Open the folder: its UIDVALIDITY, UIDNEXT, and UNSEEN, how many are unread."""
    folder = '"' + re.sub(r'([\\"])', r"\\\1", theirs.folder) + '"'
    answer, said = imap.status(folder, "(UIDVALIDITY UIDNEXT UNSEEN)")
    numbers = dict(re.findall(r"(UIDVALIDITY|UIDNEXT|UNSEEN) (\d+)", str(said)))
    if answer != "OK" or len(numbers) != 3:
        raise CantRead(f"{theirs.host} has no folder {theirs.folder}: {_said(said)}")
    _ok(imap.select(folder))
    return {name: int(number) for name, number in numbers.items()}


def _body(imap: IMAP4, uid: int) -> bytes:
    """The mail's beginning, without marking it as read; empty for one that is gone meanwhile."""
    parts = _ok(imap.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{OCTETS}>)"))
    return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    if answer[0] != "OK":
        raise IMAP4.error(answer[1])
    return answer[1]


def _said(what: object) -> str:
    """The server's own words, as text of one line."""
    if isinstance(what, Exception) and what.args:
        what = what.args[0]
    if isinstance(what, list) and what:
        what = what[0]
    text = what.decode("ascii", "replace") if isinstance(what, bytes) else str(what)
    return re.sub(r"[^ -~]+", " ", text).strip()[:200].rstrip(".")
