"""Judging an email address: its normal form, or why it can't be mailed.

No DNS is asked. What passes can stand on an SMTP envelope as it is: ASCII alone, one ``@``,
no quotes, comments, display name or control characters, so that no two programs read it
differently (CVE-2023-27043). A domain in another script is kept in its ASCII form (RFC 5891).
A local part in another script is refused: it needs SMTPUTF8 (RFC 6531) of every relay on the
way, and a mailing can't promise that.
"""

import functools
import re

from email_validator import EmailNotValidError, validate_email

from digest.errors import Refused

LONGEST = 254  # RFC 5321 4.5.3.1.3: a path has 256 octets, < and > among them
_LONGEST_LOCAL = 64  # RFC 5321 4.5.3.1.1
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*", re.ASCII)  # RFC 5322 3.2.3, dot-atom
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def normal(address: str) -> str:
    """The address as it is kept, compared and mailed: trimmed, lower case, ASCII.

    Raises Refused, in words that go after "line 7:" as well as on a form.
    """
    address = address.strip(" \t\xa0")
    if len(address) > LONGEST:
        raise Refused(f"The address is longer than {LONGEST} characters.")
    if _CONTROL.search(address):
        raise Refused("The address holds a control or line-separator character.")
    local, at, domain = address.rpartition("@")
    if not at:
        raise Refused(f"{address!r} is no email address: it has no @.")
    if len(local) > _LONGEST_LOCAL:
        raise Refused(f"{address!r} has more than {_LONGEST_LOCAL} characters before the @.")
    if not _LOCAL.fullmatch(local):
        raise Refused(f"{address!r} is no address that can be mailed: {_why(address)}")
    judged = f"{local.lower()}@{_domain(domain)}"
    if len(judged) > LONGEST:
        raise Refused(f"The address is longer than {LONGEST} characters with an ASCII domain.")
    return judged


def mailbox(address: str) -> str:
    """One key for all the spellings by which a person might reach the same mailbox.

    ``A.nn+news@…`` and ``ann@…`` count as one when confirmations are limited. Too coarse for
    anything else: elsewhere a dot may tell two people apart.
    """
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0].replace('.', '') or local}@{domain}"


def masked(address: str) -> str:
    """The address as a page shows it that others may come to see: ``a•••@example.org``."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def mention(address: str) -> str:
    """A pattern, to be compiled for any case, of the address where it stands by itself in a text:
    ``ann@…`` isn't mentioned by ``joann@…``."""
    return rf"(?<![\w.!#$%&*+/=?^`{{|}}~-]){re.escape(address)}(?![\w.-])"


@functools.lru_cache(maxsize=10_000)
def _domain(domain: str) -> str:
    """A domain in ASCII; cached, for a list has few domains and judging one takes 70 µs."""
    try:
        judged = validate_email(f"a@{domain}", check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as problem:
        raise Refused(f"{domain!r} is no domain that can be mailed: {problem}") from None
    return judged.ascii_domain.lower()


def _why(address: str) -> str:
    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as problem:
        return str(problem)
    return "What stands before the @ is quoted or holds a space."
