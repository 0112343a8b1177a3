"""What is kept and handed on: the database, the broker, and the workers between them."""

from collections.abc import Iterator

from django.db import connection
from django.utils import timezone

from workers.doctor.finding import Finding, bad, well
from workers.watch import readings


def database() -> Iterator[Finding]:
    kind = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite, beside the program"
    yield well("Database", f"{kind}; {readings.database_size() / 1e6:,.0f} MB.")


def broker() -> Iterator[Finding]:
    if (found := readings.broker()).up:
        yield well("Broker", "It answers.")
    else:
        yield bad(
            "Broker", f"It does not answer ({found.why}); nothing is sent.",
            "Start it, or mend REDIS_URL; `digest up` starts one of its own without that.",
        )  # fmt: skip


def workers() -> Iterator[Finding]:
    age = readings.tick_age(timezone.now())
    if age is None or age > readings.TICK_LATE:
        when = "ever" if age is None else f"for {age:,.0f} s"
        yield bad("Workers", f"None has looked for what is due {when}.", "Start them: digest up")
    else:
        yield well("Workers", "They look for what is due each second.")
