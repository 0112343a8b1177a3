"""``digest up``: the whole system with one command."""

import click
from django.conf import settings

from workers.embedded.up import Wish, become_supervisor
from workers.inbound.source import DoorAt, source


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free."
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Processes that send updates.",
)
def up(host: str, port: int, workers: int) -> None:
    """Run web, workers and schedule in one go.

    A broker and a mailbox are started beside them where REDIS_URL and SMTP_URL name none.
    Ctrl-C lets the workers finish what they are sending; a second one ends at once.
    """
    at = source(settings.INBOUND_URL) if settings.INBOUND_URL else None
    become_supervisor(
        Wish(
            data_dir=settings.DATA_DIR,
            host=host,
            port=port,
            workers=workers,
            with_broker=not settings.REDIS_URL,
            with_mailbox=settings.MAILBOX_IS_RELAY,
            door=(at.host, at.port) if isinstance(at, DoorAt) else None,
        )
    )
