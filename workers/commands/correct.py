"""digest correct."""

import click

from digest import updates
from workers import corrections
from workers.commands.mailings import BY


@click.command()
@click.argument("update")
@click.argument("briefings", nargs=-1, metavar="[SLUG]...")
@click.option(
    "--says", required=True, metavar="TEXT", help="What was wrong and is right; Markdown."
)
def correct(update: str, briefings: tuple[str, ...], says: str) -> None:
    """Mail a correction to those who got UPDATE, with these briefings as they stand now."""
    mailing = corrections.correct(updates.find(update), says, briefings, BY)
    click.echo(f"Mailing {mailing.id} corrects {update}. Watch it with: digest status --watch")
