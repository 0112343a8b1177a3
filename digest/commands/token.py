"""``digest token``: which programs may use the API."""

import click

from digest.api import tokens
from digest.api.tokens import ApiToken, Scope


@click.group()
def token() -> None:
    """Tokens that let programs in at the API (/api/docs)."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(Scope.values),
    multiple=True,
    required=True,
    help="What it may do; may be given twice.",
)
def add(name: str, scopes: tuple[str, ...]) -> None:
    """Make a token for the program NAME; it is shown this once."""
    made = tokens.make(name, scopes, by="command line")
    click.echo("Keep it; it is not shown again. To take it back: digest token revoke …", err=True)
    click.echo(made)


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Take a token back at once."""
    tokens.revoke(name, by="command line")
    click.echo(f"The token {name} lets nobody in any more.")


@token.command(name="list")
def list_() -> None:
    """Who has one, for what, and when it was last used."""
    found = list(ApiToken.objects.all())
    if not found:
        click.echo("None yet. Make one with: digest token add NAME --scope briefings:write")
    for one in found:
        used = f"last used {one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "never used"
        state = f"revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else used
        click.echo(f"{one.name:<30} {' '.join(one.scopes):<34} {state}")
