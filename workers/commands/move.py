"""digest move."""

import json
from collections.abc import Sequence
from typing import Any

import click
from django.conf import settings

from digest.database import bring_up_to_date
from workers.backup import moving

BY = "command line"


@click.command()
@click.argument("database_url", required=False, default="")
@click.option("--stay", is_flag=True, help="Go on with this database though it was moved.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def move(known: Sequence[Any], database_url: str, stay: bool, as_json: bool) -> None:
    """Copy everything to the empty database at DATABASE_URL, of either kind, and compare.

    This one stays as it is, but starts no more. Nothing is held: mailings go on where they were.
    """
    if stay:
        moving.stay(BY)
        click.echo("This database is used again.")
        return
    if not database_url:
        raise click.UsageError("Name the database: postgres://user:password@host/name.")
    _refuse_no_url(known, database_url)
    bring_up_to_date()
    moved = moving.move(database_url, BY)
    line = f"DATABASE_URL={database_url}"
    if as_json:
        told = moved._asdict() | {"rows": moved.rows, "env": line}
        click.echo(json.dumps(told | {"seconds": round(moved.seconds, 2)}))
        return
    for name, rows in moved.tables.items():
        if rows:
            click.echo(f"{rows:>12,}  {name}")
    click.echo(
        f"{moved.rows:>12,}  rows in all, each table compared with what it was made of, in "
        f"{moved.seconds:,.1f} s."
    )
    how = "Write into .env" if settings.DATABASE_IS_EMBEDDED else "Set, where it was set before"
    click.echo(f"{how}, then start again:\n{line}")


def _refuse_no_url(known: Sequence[Any], url: str) -> None:
    """In the words of the setting."""
    (setting,) = [one for one in known if one.name == "DATABASE_URL"]
    try:
        setting.read(url)
    except ValueError as problem:
        raise click.UsageError(
            f"The address of the database {problem}. Write for example {setting.example}."
        ) from None
