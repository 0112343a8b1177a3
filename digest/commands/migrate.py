"""digest migrate."""

import click

from digest import database


@click.command()
def migrate() -> None:
    """Bring the database up to date (other commands do so themselves when it is embedded)."""
    database.migrate()
    database.refuse_another_key()
    click.echo("The database is up to date.")
