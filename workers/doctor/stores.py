"""What is kept and handed on: the database, the broker, and the workers between them."""

from collections.abc import Iterator

from django.db import Error, connection
from django.utils import timezone

from digest.database import refuse_another_key, told
from digest.errors import DigestError
from workers.doctor.finding import Finding, bad, well
from workers.watch import health, readings


def database() -> Iterator[Finding]:
    kind = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite, beside the program"
    try:
        with told():
            connection.ensure_connection()
            if trouble := health.no_pages():
                yield bad("Database", trouble, "Then start all of the program's parts anew.")
                return
            refuse_another_key()
            size = readings.database_size()
    except DigestError as problem:  # its words say what mends it
        yield bad("Database", str(problem), "Then look again: digest doctor")
        return
    except Error as problem:
        yield bad("Database", f"It can't be read: {problem}.", "Put the last backup back.")
        return
    yield well("Database", f"{kind}; {size / 1e6:,.0f} MB.")


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
        said = "None has ever looked for what is due"
        if age is not None:
            said = f"None has looked for what is due for {age:,.0f} s"
        yield bad("Workers", f"{said}.", "Start them: digest up")
    else:
        yield well("Workers", "They look for what is due each second.")
