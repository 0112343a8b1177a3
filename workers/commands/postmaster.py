"""digest postmaster: enter, list."""

import click

from workers.brake import postmaster as figures
from workers.brake.verdict import percent

BY = "command line"


@click.group()
def postmaster() -> None:
    """What providers' postmaster pages say of complaints."""


@postmaster.command()
@click.argument("provider")
@click.argument("day")
@click.argument("complaints", metavar="PERCENT")
@click.option("--words", default="", help="What else it said: reputation, errors.")
def enter(provider: str, day: str, complaints: str, words: str) -> None:
    """Keep a day's complaints, in percent, as PROVIDER's page says."""
    made = figures.enter(provider, day, complaints, words, BY)
    share = percent(made.millionths)
    click.echo(f"Kept: {made.provider}, {made.day}, {share}. That day's mailings are judged by it.")


@postmaster.command("list")
def list_() -> None:
    """List what was entered, the newest days first."""
    for one in figures.latest():
        share = percent(one.millionths)
        click.echo("\t".join([str(one.day), one.provider, share, one.words, f"by {one.by}"]))
