"""Our pages as readers find them: at BASE_URL, by the address that DNS gives it.

A link to leave is followed and a mail program's own button is pressed, both with a link that is
nobody's (``subscribers/specimen.py``).
"""

import datetime as dt
import errno
import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit

from django.conf import settings

from subscribers import specimen
from subscribers.pages.leaving_page import ONE_CLICK
from workers.doctor import certificates
from workers.doctor.finding import Finding, bad, look, unknown, well
from workers.doctor.names import Names, Unanswered
from workers.relay import on_loopback

PATIENCE = 5.0
"""Seconds for each step."""

MOST = 4
"""Addresses of one name that are tried."""


class Unreached(Exception):
    """No answer of ours; the message says why, ``mend`` what to do."""

    def __init__(self, words: str, mend: str) -> None:
        super().__init__(words)
        self.mend = mend


class NoWay(Unreached):
    """This machine can reach nobody by that kind of address: it says nothing of the pages."""


_NO_WAY = {errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


@dataclass
class Visit:
    """What was seen at one address."""

    address: str
    answer: str = ""
    until: dt.datetime | None = None  # the certificate's end


def examine(names: Names) -> Iterator[Finding]:
    parts = urlsplit(settings.BASE_URL)
    about = f"Pages at {settings.BASE_URL}"
    try:
        found = _addresses(names, str(parts.hostname))
    except Unanswered as problem:
        yield unknown(about, f"{problem}.", "Look again when the name servers answer.")
        return
    if not found:
        yield bad(
            about,
            f"{parts.hostname} has no address in DNS: readers' links lead nowhere.",
            "Add an A record (and AAAA, where it has IPv6) that names this server.",
        )
    visits = [Visit(address) for address in found]
    for visit in visits:
        yield from _left(about if len(found) == 1 else f"{about}, {visit.address}", parts, visit)
    if ends := [visit.until for visit in visits if visit.until]:
        mend = "See why it was not renewed: the log of Caddy, or of certbot."
        yield certificates.judged(
            str(parts.hostname), min(ends), "browsers then refuse the pages", mend
        )
    public = not on_loopback(str(parts.hostname))
    if public and any(specimen.STRAIGHT in visit.answer for visit in visits):
        yield bad(
            "Web server in front",
            "It hides who asks: all the world looks like a program on this machine, for which "
            "/metrics is open.",
            "Let it pass on the Host that it was asked for, and X-Forwarded-For, as "
            "deploy/nginx.conf does.",
        )
    if any(specimen.BEHIND in visit.answer for visit in visits):
        yield look(
            "Setting TRUSTED_PROXIES",
            "A web server stands in front of the pages, and is not named: sign-ups are not limited "
            "by where they come from.",
            "Set TRUSTED_PROXIES to its address.",
        )


def _addresses(names: Names, host: str) -> list[str]:
    if on_loopback(host):
        return [host]
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except OSError:
        return names.addresses(host)[:MOST]
    return [host]


def _left(about: str, parts: SplitResult, visit: Visit) -> Iterator[Finding]:
    """A link to leave, and the button, at one address."""
    try:
        _ask(parts, visit, "GET")
    except NoWay as problem:
        yield unknown(about, f"They can't be looked at from here: {problem}.", problem.mend)
        return
    except Unreached as problem:
        yield bad(about, f"A reader's link to leave leads to none of our pages: {problem}.",
                  problem.mend)  # fmt: skip
        return
    try:
        _ask(parts, visit, "POST")
    except Unreached as problem:
        yield bad(
            about,
            "A reader's link to leave is heard, but mail programs' own button is not (RFC 8058): "
            f"{problem}.",
            "Let POST to /unsubscribe/ through without a challenge, a redirect or a login.",
        )
    else:
        yield well(about, "Readers can leave by a mail's link, and by their mail program's button.")


# ---- one request -------------------------------------------------------------------------------


def _ask(parts: SplitResult, visit: Visit, method: str) -> None:
    """Hear our own answer; Unreached where it is none."""
    asked = http.client.HTTPConnection(parts.netloc)
    try:
        asked.sock = _connected(parts, visit)
        form = urlencode([ONE_CLICK]) if method == "POST" else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        asked.request(method, specimen.path(), form, kind)
        answer = asked.getresponse()
        visit.answer = answer.read(2000).decode("utf-8", "replace")
    except ssl.SSLError as problem:
        raise Unreached(*_of_tls(problem)) from None
    except (OSError, http.client.HTTPException) as problem:
        if ":" in visit.address and getattr(problem, "errno", 0) in _NO_WAY:
            raise NoWay(
                f"this machine has no IPv6, by which {visit.address} is reached",
                "Look from elsewhere; without IPv6 on the server take the AAAA record away.",
            ) from None
        raise Unreached(
            getattr(problem, "strerror", None) or str(problem) or type(problem).__name__,
            "Start the pages and the web server in front of them, and open its port in the "
            "firewall.",
        ) from None
    finally:
        asked.close()
    if not visit.answer.startswith(f"{method} {specimen.SAYS}"):
        raise Unreached(*_of_another(answer))


def _connected(parts: SplitResult, visit: Visit) -> socket.socket:
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    made = socket.create_connection((visit.address, port), PATIENCE)
    if not secure:
        return made
    try:
        tls = ssl.create_default_context().wrap_socket(made, server_hostname=parts.hostname)
    except OSError:
        made.close()
        raise
    visit.until = certificates.end(tls)
    return tls


def _of_tls(problem: ssl.SSLError) -> tuple[str, str]:
    if not isinstance(problem, ssl.SSLCertVerificationError):
        words = f"TLS failed ({problem.reason or problem})"
        return words, "See that the web server speaks https at that port."
    words, said = f"its certificate is not good: {problem.verify_message}", problem.verify_message
    if "expired" in said:
        return words, "Renew it, and see why that did not happen by itself."
    if "mismatch" in said or "not valid for" in said:
        return words, "Get one for this very name, or mend BASE_URL."
    return words, (
        "Get one that browsers know, from Let's Encrypt say, and let the web server send its whole "
        "chain (fullchain.pem)."
    )


def _of_another(answer: http.client.HTTPResponse) -> tuple[str, str]:
    status = answer.status
    if 300 <= status < 400:
        where = answer.getheader("Location", "")[:200]
        return f"it leads on to {where}", "Set BASE_URL to where it leads, or let it end here."
    if status == 400:
        return (
            "the answer is 400, as for a host name that we don't serve",
            (
                "Let the web server in front pass on the Host that it was asked for; ALLOWED_HOSTS "
                "names it."
            ),
        )
    if status in {502, 503, 504}:
        return (
            f"the web server in front says {status}: the pages are down, or their database is",
            "Start the pages (digest up), and see that the web server asks at their port.",
        )
    return (
        f"somebody else answers (status {status}), or pages with another SECRET_KEY",
        "Let the web server in front pass that name on to these pages.",
    )
