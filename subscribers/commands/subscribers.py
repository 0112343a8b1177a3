"""digest subscribers: lists of people in and out."""

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import BinaryIO

import click

from digest.errors import Refused
from subscribers import exporting, importing
from subscribers.commands import person
from subscribers.importing import Report

_SHOWN = 20


@click.group()
def subscribers() -> None:
    """Subscribers: the people who get the updates."""


subscribers.add_command(person.dossier)
subscribers.add_command(person.erase)


@subscribers.command("import")
@click.argument("file", metavar="FILE")
@click.option("--topic", "topics", multiple=True, metavar="SLUG", help="For rows that name none.")
@click.option("--from", "format_", type=click.Choice(["csv"]), help="The list's format (found).")
@click.option(
    "--consent",
    default="",
    metavar="TEXT",
    help="How and when the people without a status agreed; without it they are pending.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_context
def import_(
    ctx: click.Context,
    file: str,
    topics: tuple[str, ...],
    format_: str | None,  # noqa: ARG001  # there is one format so far, and it is found
    consent: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a list of people from a CSV file, or standard input (-).

    Columns: email,name,status,topics,tags,language,zone,joined,source; any other is kept as
    an attribute. Whoever left, bounced or complained stays out; nobody is mailed by this.
    """
    name = "standard input" if file == "-" else Path(file).name
    with _opened(file) as stream:
        report = importing.load(stream, name, topics=topics, consent=consent, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(_as_json(report)))
    else:
        _say(report, dry_run=dry_run)
    if report.status == 2:
        click.echo("digest: no row could be used; nothing was changed.", err=True)
    ctx.exit(report.status)


@subscribers.command()
def export() -> None:
    """Write everybody as CSV to standard output; importing it gives the same people."""
    # UTF-8 whatever the terminal speaks: the list goes to a file.
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="")
    try:
        exporting.write(out)
    finally:
        out.detach()


def _opened(file: str) -> contextlib.AbstractContextManager[BinaryIO]:
    try:
        return contextlib.nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")
    except OSError as problem:
        raise Refused(f"{file} can't be read ({problem.strerror}); nothing was imported.") from None


def _as_json(report: Report) -> dict[str, object]:
    return {
        "format": report.format,
        "read": report.read,
        "created": report.created,
        "updated": report.updated,
        "suppressed": report.suppressed,
        "unchanged": report.unchanged,
        "rejected": [{"line": one.line, "why": one.why} for one in report.rejected],
    }


def _say(report: Report, *, dry_run: bool) -> None:
    for one in report.rejected[:_SHOWN]:
        click.echo(f"line {one.line}: {one.why}", err=True)
    if len(report.rejected) > _SHOWN:
        click.echo(f"and {len(report.rejected) - _SHOWN:,} more; --json names them all", err=True)
    click.echo(
        f"{'Would import' if dry_run else 'Imported'} {report.read:,} rows: "
        f"{report.created:,} created, {report.updated:,} updated, {report.unchanged:,} unchanged, "
        f"{report.suppressed:,} suppressed, {len(report.rejected):,} rejected."
    )
