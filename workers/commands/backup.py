"""digest backup."""

import json
from pathlib import Path

import click

from workers.backup import taking


@click.command()
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def backup(file: str, as_json: bool) -> None:
    """Keep all of it in FILE, while everything runs: database, secret key, DKIM keys, files.

    FILE may be a backup of yesterday, which is then replaced; - is standard output.
    """
    if as_json and file == "-":
        raise click.UsageError(
            "With - the backup itself goes to standard output: leave out --json."
        )
    made = taking.back_up(file)
    manifest = made.manifest
    if as_json:
        told = {
            "file": str(Path(file).absolute()),
            "taken_at": manifest.taken_at.isoformat(),
            "bytes": made.size,
            "seconds": round(made.seconds, 2),
            "rows": manifest.rows,
            "tables": {name: part.rows for name, part in manifest.tables.items()},
            "files": list(manifest.files),
        }
        click.echo(json.dumps(told))
        return
    click.echo(
        f"Kept {manifest.rows:,} rows and {len(manifest.files):,} files in {file}: "
        f"{made.size / 1e6:,.1f} MB, in {made.seconds:,.1f} s. It holds readers’ addresses and "
        "secret keys: keep it elsewhere too, and where nobody else can read it.",
        err=file == "-",
    )
