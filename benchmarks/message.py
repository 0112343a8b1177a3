"""What a message costs before it is sent: ``python -m benchmarks.message``."""

import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from rich.console import Console
from rich.table import Table

from digest.keyed import Keyed
from workers.dkim import SignedPieces, Signer
from workers.headers import Letterhead
from workers.journal import Journal
from workers.lint import lint
from workers.message import Pieces, message_id, prepare
from workers.outbox import Outcome, Verdict

KEY = Keyed("a secret of the benchmark", "message ids")
TOKENS = {f"__B7_{name}__": name.lower() for name in ("NAME", "LEAVE", "CHOOSE", "WEB")}
PARAGRAPH = '<p style="margin:0 0 16px">A paragraph of a story – with “quotes” – and more.</p>\n'
HTML = (
    "<!doctype html><html lang='en'><body><p>Dear __B7_NAME__,</p>\n" + PARAGRAPH * 420
    + '<a href="__B7_WEB__">On the web</a> <a href="__B7_CHOOSE__">Choose</a>'
    + ' <a href="__B7_LEAVE__">Leave</a></body></html>'
)  # fmt: skip
TEXT = "Dear __B7_NAME__,\n" + "A paragraph of a story.\n" * 300 + "Leave: __B7_LEAVE__\n"
LETTERHEAD = Letterhead(
    sender="Media Desk <news@example.org>",
    language="en",
    list_id="medias-ai-pivot.example.org",
    unsubscribe="__B7_LEAVE__",
    help_uri="https://example.org/help",
    archive_uri="https://example.org/t/medias-ai-pivot/",
    owner="desk@example.org",
    archived_at="https://example.org/t/medias-ai-pivot/2/",
    feedback_id="2:medias-ai-pivot:scheduled:digest",
)


def edition() -> Pieces:
    """An edition of about 50 KB with a handful of personal places."""
    return prepare(
        subject="A studio sold for its archive; agents go primetime",
        html=HTML,
        text=TEXT,
        headers=LETTERHEAD.headers(),
        tokens=TOKENS,
        secret=b"a secret of the benchmark",
    )


def reader(number: int, name: str = "Ann Reader") -> dict[str, str | bytes]:
    return {
        "address": f"r{number}@example.org",
        "name": name,
        "date": "Sat, 22 Nov 2025 10:00:00 +0000",
        "message_id": message_id(KEY, 1, number, 0, "example.org").encode(),
        "leave": f"https://example.org/leave/4f1q-{number:012}-zk3",
        "choose": f"https://example.org/choose/4f1q-{number:012}-zk3",
        "web": "https://example.org/t/medias-ai-pivot/2/",
    }


def signer() -> Signer:
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Signer("example.org", "bench", pem)


def by_email_package(fields: dict[str, str]) -> bytes:
    """The same message as the standard library makes it."""
    message = EmailMessage(policy=SMTP)
    message["From"] = LETTERHEAD.sender
    message["To"] = f"{fields['name']} <{fields['address']}>"
    message["Subject"] = "A studio sold for its archive; agents go primetime"
    text, html = TEXT, HTML
    for token, field in TOKENS.items():
        text, html = text.replace(token, fields[field]), html.replace(token, fields[field])
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def cpu(work: Callable[[int], object], times: int) -> float:
    """Microseconds of CPU for one, the best of five rounds."""
    rounds = []
    for _ in range(5):
        begun = time.process_time()
        for number in range(times):
            work(number)
        rounds.append((time.process_time() - begun) / times * 1e6)
    return min(rounds)


def rows() -> list[tuple[str, float]]:
    pieces, ann = edition(), reader(1)
    message = pieces.join(ann)
    signed = SignedPieces(pieces, signer())
    accepted = Outcome(Verdict.ACCEPTED, 250, "250 2.0.0 OK queued as 4F1A2B3C4D")
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal.open(Path(directory), "bench")

        def write_down(number: int) -> None:
            journal.begin(number)
            journal.settle(number, accepted)

        found = [
            ("prepare an edition, once", cpu(lambda _: edition(), 5)),
            ("look it over, once a batch", cpu(lambda _: lint(message, pieces.intended(ann)), 5)),
            (f"join {len(message):,} octets", cpu(lambda _: pieces.join(ann), 3000)),
            ("… for a name in other letters",
             cpu(lambda _: pieces.join({**ann, "name": "Jørgen Åsgård"}), 3000)),
            ("… and make its fields", cpu(lambda n: pieces.join(reader(n)), 3000)),
            ("join and sign (RSA-2048)", cpu(lambda _: signed.join(ann), 300)),
            ("both lines of the journal", cpu(write_down, 3000)),
            ("the same by the email package", cpu(lambda _: by_email_package(ann), 5)),
        ]  # fmt: skip
        journal.close(remove=True)
    return found


def main() -> None:
    table = Table("step", "µs CPU", title="A message before it is sent")
    table.columns[1].justify = "right"
    for step, cost in rows():
        table.add_row(step, f"{cost:,.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
