"""digest pause, resume, cancel, retry, rate, settle and unsuppress."""

import click

from workers import mailings
from workers.feedback import returns
from workers.models import DeliveryState

BY = "command line"


@click.command()
@click.argument("mailing")
def pause(mailing: str) -> None:
    """Begin no new message within 2 seconds."""
    found = mailings.named(mailing)
    mailings.pause(found, BY)
    click.echo(f"Paused mailing {found.id}. Go on with: digest resume {found.id}")


@click.command()
@click.argument("mailing")
@click.option("--despite", default="", metavar="REASON", help="Why, where the brake holds it.")
def resume(mailing: str, despite: str) -> None:
    """Go on where a mailing stopped."""
    found = mailings.named(mailing)
    mailings.resume(found, BY, despite)
    click.echo(f"Mailing {found.id} goes on.")


@click.command()
@click.argument("mailing")
def cancel(mailing: str) -> None:
    """Exclude whatever has not gone out; what has gone stays."""
    found = mailings.named(mailing)
    mailings.cancel(found, BY)
    found.refresh_from_db()
    click.echo(
        f"Cancelled mailing {found.id}: {found.accepted:,} had gone, {found.excluded:,} "
        f"will not go, {found.queued + found.deferred:,} are being taken back."
    )


@click.command()
@click.argument("mailing")
def retry(mailing: str) -> None:
    """Try failed and deferred deliveries again, at once."""
    found = mailings.named(mailing)
    n = mailings.retry(found, BY)
    click.echo(f"{n:,} deliveries of mailing {found.id} are queued again.")


@click.command()
@click.argument("mailing")
@click.argument("n", metavar="N", type=click.FloatRange(min=0))
def rate(mailing: str, n: float) -> None:
    """Set a mailing's messages a second; 0: as fast as the relay takes them."""
    found = mailings.named(mailing)
    mailings.set_rate(found, n or None, BY)
    said = f"{n:g} messages a second" if n else "as fast as the relay takes them"
    click.echo(f"Mailing {found.id} goes at {said}.")


@click.command()
@click.argument("mailing")
@click.option(
    "--resend",
    "how",
    flag_value=DeliveryState.QUEUED,
    help="Send them again, with the same Message-ID, Date and bytes.",
)
@click.option("--accept", "how", flag_value=DeliveryState.ACCEPTED, help="Take them as sent.")
def settle(mailing: str, how: str | None) -> None:
    """Settle a mailing's uncertain deliveries."""
    if how is None:
        raise click.UsageError("Say --resend or --accept.")
    found = mailings.named(mailing)
    n = mailings.settle(found, DeliveryState(how), BY)
    click.echo(
        f"{n:,} uncertain deliveries of mailing {found.id} "
        + ("are queued again." if how == DeliveryState.QUEUED else "are taken as sent.")
    )


@click.command()
@click.argument("mailing")
def unsuppress(mailing: str) -> None:
    """Let those be mailed again whom this mailing's bounces put on the suppression list."""
    found = mailings.named(mailing)
    n = returns.unsuppress(found, BY)
    click.echo(
        f"{n:,} {'address' if n == 1 else 'addresses'} that mailing {found.id} had suppressed "
        "may be mailed again. Whoever called it spam stays out."
    )
