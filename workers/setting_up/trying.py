"""Whether a relay takes our mail: tried for real, without a mail; told with what mends it."""

import re
import socket
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from workers.doctor import ports
from workers.doctor.finding import Area, Finding, Grade
from workers.https.account import Account
from workers.relay import Relay, Security
from workers.routes import look
from workers.setting_up.trial import Refusal, Trial
from workers.smtp_dialogue import Insecure, NotLetIn, RelayTrouble
from workers.where import Where

ABOUT = "Relay"


class Fault(StrEnum):
    """What is wrong, which is what is asked for again."""

    HOST = "host"  # no name server knows it, or none answers
    PORT = "port"  # nobody takes the connection there, or says a word
    TLS = "tls"  # not offered, no good certificate, or another's name in it
    SIGN_IN = "sign in"  # it does not take user and password, or the key
    SENDER = "sender"  # it takes no mail from our sender
    RECIPIENT = "recipient"  # it takes our mail, but not for the address that was tried
    OTHER = "other"  # what it says can't be told apart


UNREACHED = {Fault.HOST, Fault.PORT}


@dataclass(frozen=True)
class Tried:
    """What came of it; a bad finding where nothing can be sent that way."""

    finding: Finding
    fault: Fault | None = None
    port: int | None = None  # another one, which answers where the relay's does not

    @property
    def is_usable(self) -> bool:
        return self.finding.grade is not Grade.BAD


def tried(place: Where, sender: str, recipient: str) -> Tried:
    """Try it, with this envelope: a quarter of a minute at most, and where a port is silent as long
    again to look for another."""
    if isinstance(place, Account):
        return _tried_account(place)
    visit = partial(Trial, sender=sender, recipient=recipient)
    try:
        place.tls_context()
    except OSError as problem:
        words = f"Its authority's file {place.cafile} can't be used: {problem.strerror or problem}."
        return _bad(Fault.TLS, words, "Name a file of certificates (PEM), or leave cafile= out.")
    try:
        trial = look.visited(place, visit, time.monotonic() + look.LONGEST)
    except OSError as problem:
        return _unfound(place, problem)
    if trial.trouble:
        return _troubled(place, trial.trouble, connected=trial.connected)
    if trial.refusal:
        return _refused(place, sender, recipient, trial.refusal)
    return _said(Grade.WELL, f"{place} lets us in, and takes mail from {sender}.")


def _said(grade: Grade, words: str, mend: str = "", fault: Fault | None = None) -> Tried:
    return Tried(Finding(ABOUT, grade, words, mend, area=Area.RELAYS), fault)


def _bad(fault: Fault, words: str, mend: str) -> Tried:
    return _said(Grade.BAD, words, mend, fault)


# ---- it is not reached -------------------------------------------------------------------------


def _unfound(relay: Relay, problem: OSError) -> Tried:
    words = problem.strerror or str(problem)
    if problem.errno == socket.EAI_AGAIN:
        mend = "See that this machine may ask its name servers (/etc/resolv.conf), and try again."
    elif _is_of_names(problem):
        mend = "See whether the host is spelt as the relay's operator writes it."
    else:
        return _unreached(relay, words)
    return _bad(Fault.HOST, f"{words}.", mend)


def _is_of_names(problem: OSError) -> bool:
    return isinstance(problem, socket.gaierror) or "is not found" in (problem.strerror or "")


def _unreached(relay: Relay, words: str) -> Tried:
    port = ports.that_answers(relay) if ports.is_shut(words) else None
    mend = ports.instead(relay, port) if ports.is_shut(words) else ports.way_out(relay, words)
    return replace(_bad(Fault.PORT, f"{relay}: {words}.", mend), port=port)


def _tried_account(account: Account) -> Tried:
    seen = look.look(account)
    if not seen.trouble:
        return _said(Grade.WELL, f"{account}: {seen.told}.")
    if "can't be reached" in seen.trouble:
        mend = "See that this machine may connect to it (port 443), and try again."
        return _bad(Fault.PORT, f"{seen.trouble}.", mend)
    mend = "Copy the key anew from the provider's console; it must be one that may send."
    return _bad(Fault.SIGN_IN, f"{seen.trouble}.", mend)


# ---- it is reached, and no use -----------------------------------------------------------------


def _troubled(relay: Relay, trouble: RelayTrouble, *, connected: bool) -> Tried:
    words = f"{relay}: {trouble}."
    if isinstance(trouble, NotLetIn):
        return _bad(
            Fault.SIGN_IN, words,
            "Give user and password anew. Many providers have a password for SMTP alone, or an API "
            "key in its place; in a URL @ : / ? # % are written %40 %3A %2F %3F %23 %25.",
        )  # fmt: skip
    if isinstance(trouble, Insecure):
        return _bad(Fault.TLS, words, _secured(relay, str(trouble)))
    if connected and relay.port == 465 and relay.security is not Security.IMPLICIT:
        mend = "Port 465 speaks TLS from the first octet: begin the address with smtps://"
        return _bad(Fault.TLS, words, mend)
    if not connected or "too long" in str(trouble):
        return _unreached(relay, str(trouble))
    return _bad(Fault.OTHER, words, "See what the relay's log says of it, or ask its operator.")


def _secured(relay: Relay, words: str) -> str:
    """What mends TLS that can't be had."""
    if "mismatch" in words:
        return f"Name the relay as its certificate does, in place of {relay.host}."
    if "offers no STARTTLS" in words:
        return "Try port 587, or smtps:// with port 465; ask its operator which of them has TLS."
    if "expired" in words:
        return "Its operator must renew it; nothing is sent meanwhile."
    if "WRONG_VERSION" in words:
        return "smtps:// is for port 465; at 587 and 25 write smtp://…?starttls=1"
    return (
        "If it is a relay of your own, name the authority that signed its certificate, "
        "&cafile=/etc/digest/authority.pem, or give it one that the world knows."
    )


# ---- it says no to our mail --------------------------------------------------------------------

_UNKNOWN_DOMAIN = re.compile(r"\b[45]\.1\.8\b|domain (not found|does not exist)", re.IGNORECASE)
_STRANGERS = re.compile(r"relay|authenticat|sign in|log ?in|logged in", re.IGNORECASE)


def _refused(relay: Relay, sender: str, recipient: str, refusal: Refusal) -> Tried:
    said, domain = refusal.reply.text, sender.rpartition("@")[2]
    from_us = f"{relay} says to mail from {sender}: {said}."
    if _UNKNOWN_DOMAIN.search(said):
        mend = f"Paste the records that digest init prints, for it looks for those of {domain}."
        return _said(Grade.LOOK, from_us, mend, Fault.SENDER)
    if "STARTTLS" in said:
        return _bad(Fault.TLS, from_us, "Add ?starttls=1 to its address.")
    if not relay.user and _STRANGERS.search(said):
        mend = "It takes mail from those alone who sign in: give its user and password."
        return _bad(Fault.SIGN_IN, from_us, mend)
    if refusal.verb == "MAIL" or sender.partition("@")[0] in said or "sender" in said.lower():
        return _bad(Fault.SENDER, from_us, _allowed(relay, sender, domain))
    return _refused_to(relay, recipient, refusal)


def _refused_to(relay: Relay, recipient: str, refusal: Refusal) -> Tried:
    said = refusal.reply.text
    to_them = f"{relay} says to mail to {recipient}: {said}."
    if refusal.reply.code < 500:
        return _said(Grade.LOOK, to_them, "It may say so to strangers once: try again in a while.")
    if _STRANGERS.search(said):
        mend = f"It passes on no mail of {relay.user}'s: have its operator let that user send."
        return _bad(Fault.SIGN_IN, to_them, mend)
    mend = "See whether that address is right; for others the relay may well take mail."
    return _said(Grade.LOOK, to_them, mend, Fault.RECIPIENT)


def _allowed(relay: Relay, sender: str, domain: str) -> str:
    who = f"{relay.user} at the relay" if relay.user else "this machine at the relay"
    return (
        f"Let {who} send from all addresses of {domain}, since every message has a sender of its "
        f"own there ({sender.partition('+')[0]}+…); or name a From, or a bounce domain, that it "
        "may send from."
    )
