"""The mails that come in: bounces, complaints, and those that unsubscribe."""

from collections.abc import Iterator

from workers.doctor.finding import Finding, look, unknown, well
from workers.inbound import standing

ABOUT = "Mails that come in"


def examine() -> Iterator[Finding]:
    """By what the workers, or the door, last saw; where none are to come in, nothing."""
    if not (found := standing.standing()):
        return
    if found.trouble:
        yield look(ABOUT, found.trouble, "Mend that, or INBOUND_URL: docs/feedback.md.")
    elif found.read_at is None:
        yield unknown(
            ABOUT, f"Nobody has looked into {found.where} yet.",
            "Start the workers, which look each minute: digest up",
        )  # fmt: skip
    else:
        yield well(ABOUT, f"They were last looked for at {found.read_at:%d %B %H:%M %Z}.")
