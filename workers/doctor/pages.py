"""Our own pages, asked for at the address that stands in mails."""

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from workers.doctor.finding import Finding, bad, well

_LONGEST = 5.0
"""Seconds for our own page."""


def examine() -> Iterator[Finding]:
    """Our own page, asked for at the address that stands in mails."""
    about, said = f"Pages at {settings.BASE_URL}", _asked(settings.BASE_URL)
    if not said:
        yield well(about, "They answer: whoever leaves by a mail's link is heard.")
        return
    yield bad(
        about,
        f"They don't answer there: {said}. Readers can't leave.",
        "Start the pages, and let the web server in front of them pass that name on to them.",
    )


def _asked(url: str) -> str:
    """Why our page is not there; "" where it is."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    asked = kind(parts.netloc, timeout=_LONGEST)
    try:
        asked.request("GET", "/healthz")
        answer = asked.getresponse()
        body = answer.read(100)
    except (OSError, http.client.HTTPException) as problem:
        return str(problem) or type(problem).__name__
    finally:
        asked.close()
    return "" if body == b"ok\n" else f"somebody else does (status {answer.status})"
