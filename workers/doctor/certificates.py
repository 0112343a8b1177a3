"""When a server's certificate ends, told in time."""

import datetime as dt
import ssl

from django.utils import timezone

from workers.doctor.finding import Finding, bad, look, well

SOON, VERY_SOON = dt.timedelta(days=14), dt.timedelta(days=3)
"""Before its end: programs that renew them do so a month before."""


def end(connection: ssl.SSLSocket) -> dt.datetime | None:
    """Of the one that the other side showed."""
    said = (connection.getpeercert() or {}).get("notAfter")
    if not isinstance(said, str):
        return None
    return dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(said), dt.UTC)


def judged(host: str, until: dt.datetime, then: str, mend: str) -> Finding:
    """How long it is good; ``then`` says what happens when it isn't."""
    about, day, left = f"Certificate of {host}", f"{until:%d %B %Y}", until - timezone.now()
    if left < VERY_SOON:
        return bad(about, f"It ends on {day}; {then}.", mend)
    if left < SOON:
        return look(about, f"It ends on {day}, and should have been renewed by now.", mend)
    return well(about, f"It is good until {day}.")
