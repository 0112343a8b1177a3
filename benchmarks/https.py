"""How fast mail goes out by providers' HTTP APIs: ``python -m benchmarks.https [MESSAGES]``.

Against the built-in stand-in, which answers at once, so that this is what a worker can do at most:
a real provider's answer takes 50 to 300 ms, and as many calls are under way as there are
connections. CPU is that of the sending process alone, without TLS.
"""

import sys

from rich.console import Console
from rich.table import Table

from benchmarks.message import edition, reader
from benchmarks.smtp import CONNECTIONS, Outbox, measured
from workers.feedback.providers import Provider
from workers.https.account import WHOLE, Account
from workers.https.client import Client
from workers.outbox import Envelope
from workers.sink import api

SHOWN = (Provider.MAILGUN, Provider.SPARKPOST, Provider.POSTMARK, Provider.SENDGRID)


class Tagged(Outbox):
    """The same, with what names a message to its provider."""

    def take(self) -> Envelope | float | None:
        item = super().take()
        return item._replace(tag=b"1f-0123456789abcdef0123") if isinstance(item, Envelope) else item


def by(provider: Provider, port: int, messages: int) -> None:
    client = Client(Account.from_url(api.url(provider, port, CONNECTIONS)))
    outbox = Tagged(messages)
    report = client.send_all(outbox)
    client.close()
    if report.trouble or outbox.accepted != messages:
        raise SystemExit(f"{outbox.accepted} of {messages} accepted; {report.trouble}")


def main() -> None:
    import django
    from django.conf import settings

    settings.configure()
    django.setup()
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000
    size = len(edition().join(reader(0)))
    table = Table(
        "API", "message", "messages/s", "µs CPU",
        title=f"{size:,} octets, {CONNECTIONS} connections",
    )  # fmt: skip
    for provider in SHOWN:
        how = "whole" if provider in WHOLE else "of fields"
        send = lambda port, many, provider=provider: by(provider, port, many)  # noqa: E731
        table.add_row(provider, how, *measured(send, messages, "--api", provider))
    late = ("--api", Provider.MAILGUN, "--latency", "0.1")
    few = messages // 10
    said = measured(lambda port, many: by(Provider.MAILGUN, port, many), few, *late)
    table.add_row("mailgun", "whole, answered after 100 ms", *said)
    Console().print(table)


if __name__ == "__main__":
    main()
