"""Judging an email address: its normal form, or why it can't be mailed.

No DNS is asked. What passes can stand on an SMTP envelope as it is: ASCII alone, one ``@``,
no quotes, comments, display name or control characters, so that no two programs read it
differently (CVE-2023-27043). A domain in another script is kept in its ASCII form (RFC 5891).
A local part in another script is refused: it needs SMTPUTF8 (RFC 6531) of every relay on the
way, and a mailing can't promise that.
"""

import functools
import re
from collections.abc import Iterable

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

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
    if not address:
        raise Refused("There is no email address. Write one, as in ann@example.org.")
    if len(address) > LONGEST:
        raise Refused(f"The address is longer than {LONGEST} characters.")
    if _CONTROL.search(address):
        raise Refused("The address holds a control or line-separator character.")
    local, at, domain = address.rpartition("@")
    if not at:
        raise Refused(f"{address!r} is no email address: {_without_at(address)}")
    if len(local) > _LONGEST_LOCAL:
        raise Refused(f"{address!r} has more than {_LONGEST_LOCAL} characters before the @.")
    if not _LOCAL.fullmatch(local):
        why = _first(_LOCAL_FAULTS, local)
        raise Refused(f"{address!r} is no address that can be mailed: {why}")
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
    except EmailNotValidError:
        why = _RESERVED if _is_reserved(domain) else _first(_DOMAIN_FAULTS, domain)
        raise Refused(f"{domain!r} is no domain that can be mailed: {why}") from None
    return judged.ascii_domain.lower()


# ---- what is wrong, and what to do ---------------------------------------------------------------

_SEVERAL = "there is more than one address. Write one alone."
_NAME = "something stands beside the address. Write the address alone, as in ann@example.org."
_RESERVED = "that name is kept for tests and networks of one's own. Write where mail arrives."

# A name before "<", a comment and a quotation may hold an @ of their own, so they come first.
_LOCAL_FAULTS = (
    (r"$", "nothing stands before the @. Write whose mailbox it is."),
    (r".*[<>]", _NAME),
    (r".*@.*[,;\s]|[^@]*[,;]", _SEVERAL),
    (r".*[\"\\()\[\]]", "there are quotes or brackets before the @. Write it without."),
    (r".*@", "it has more than one @. Write one address alone."),
    (r".*\s", "there is a space in it. Take it out."),
    (r".*[^\x00-\x7f]", "a letter before the @ has an accent or is no plain one. Write another."),
    (r"\.", "it begins with a dot. Take that off."),
    (r".*\.$", "there is a dot right before the @. Take it off."),
    (r".*\.\.", "two dots follow each other. Take one off."),
    (r"", "a character before the @ can't stand there. Look at it letter by letter."),
)  # fmt: skip
"""What is wrong before the @, as patterns from its beginning, the likeliest meaning first."""

_DOMAIN_FAULTS = (
    (r"$", "nothing stands behind the @. Write where the mailbox is, as in example.org."),
    (r"\[", "that is a computer's number. Write the name of a domain, as in example.org."),
    (r".*[,;]", _SEVERAL),
    (r".*[<>()\"]", _NAME),
    (r".*\s", "there is a space in it. Take it out."),
    (r"\.|.*\.\.", "a dot is one too many. Take it off."),
    (r".*\.$", "there is a dot at its end. Take it off."),
    (r"-|.*(?:\.-|-\.|-$)", "a hyphen stands at the end of a part of it. Take it off."),
    (r".*[^.]{64}", "a part of it has more than 63 characters."),
    (r".{254}", "it has more than 253 characters."),
    (r"[^.]*$", "it has no ending, as .org is one. Write all of it."),
    (r".*\.[0-9]+$", "that is a computer's number. Write the name of a domain, as in example.org."),
    (r"", "no domain is spelt like that. Look at it letter by letter."),
)
"""What is wrong behind the @."""


def _first(faults: Iterable[tuple[str, str]], text: str) -> str:
    return next(words for pattern, words in faults if re.match(pattern, text, re.DOTALL))


def _is_reserved(domain: str) -> bool:
    """RFC 6761 and the like, as the library lists them."""
    return any(f".{domain.lower()}".endswith(f".{name}") for name in SPECIAL_USE_DOMAIN_NAMES)


def _without_at(text: str) -> str:
    if "\uff20" in text or "\ufe6b" in text:  # what some keyboards write
        return "its @ is another character that looks like one. Write a plain @."
    return "it has no @. Write it as in ann@example.org."
