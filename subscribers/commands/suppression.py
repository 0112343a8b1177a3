"""digest suppression: who must not be mailed."""

import json

import click

from subscribers import suppression as listed
from subscribers.models import SuppressedDomain, Suppression, SuppressionReason

BY = "command line"


@click.group()
def suppression() -> None:
    """Suppression: addresses and whole domains that must not be mailed."""


@suppression.command()
@click.argument("what", metavar="ADDRESS|DOMAIN")
@click.option("--why", default="", help="Kept with it.")
def add(what: str, why: str) -> None:
    """Never mail this address, or anybody at this domain and those that end in it."""
    if listed.add(what, BY, why):
        click.echo(f"{what.strip()} is not mailed from now on.")
    else:
        click.echo(f"{what.strip()} was suppressed already; nothing was changed.")


@suppression.command()
@click.argument("what", metavar="ADDRESS|DOMAIN")
@click.option("--why", default="", help="Kept in the audit log.")
def remove(what: str, why: str) -> None:
    """Let an address or a domain be mailed again."""
    listed.remove(what, BY, why)
    click.echo(f"{what.strip()} may be mailed again.")


@suppression.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS|DOMAIN…")
@click.pass_context
def check(ctx: click.Context, addresses: tuple[str, ...]) -> None:
    """Say of each address why it is not mailed; status 1 where one is suppressed."""
    said = [(address, _why(address)) for address in addresses]
    for address, why in said:
        click.echo(f"{address}: {why or 'not suppressed'}")
    ctx.exit(1 if any(why for _, why in said) else 0)


@suppression.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def list_(as_json: bool) -> None:
    """How many addresses are suppressed and why, and which domains."""
    reasons = [one for one in SuppressionReason if one != SuppressionReason.DOMAIN]
    counts = {one.value: Suppression.objects.filter(reason=one).count() for one in reasons}
    domains = list(SuppressedDomain.objects.order_by("domain").values("domain", "detail", "by"))
    if as_json:
        click.echo(json.dumps({"addresses": counts, "domains": domains}))
        return
    for reason in reasons:
        click.echo(f"{reason.label}: {counts[reason.value]:,}")
    for one in domains:
        click.echo(f"Everybody at {one['domain']}  {one['detail']}")


def _why(what: str) -> str:
    """Why an address, or anybody at a domain, is not mailed."""
    domain, email = listed.named(what)
    found = listed.suppressed([email or f"anybody@{domain}"])
    return next((reason.label.lower() for reason in found.values()), "")
