"""digest load: briefings in."""

import json

import click

from digest.intake.outcomes import Rejected, shown
from digest.intake.sources import STDIN
from digest.intake.store import LoadReport
from digest.intake.store import load as load_briefings


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE…")
@click.option("--topic", metavar="SLUG", help="The topic they belong to, whatever they say.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_context
def load(
    ctx: click.Context, sources: tuple[str, ...], topic: str | None, dry_run: bool, as_json: bool
) -> None:
    """Load briefings from files, folders, http(s) addresses or standard input (-).

    JSON, JSON lines, Markdown with front matter, RSS, RDF, Atom, JSON Feed, a saved briefing
    page or anybody's article; told apart by content, not by name.
    """
    report = load_briefings(sources, topic, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps(report.plain()))
    else:
        _say(report, dry_run=dry_run)
    if report.status == 2:
        click.echo(
            "digest: nothing could be loaded; nothing was changed. "
            + ("Mend what is named above." if report.rejected else "The input is empty."),
            err=True,
        )
    ctx.exit(report.status)


def _say(report: LoadReport, *, dry_run: bool) -> None:
    for warning in report.told_warnings():
        click.echo(f"note: {warning}", err=True)
    for rejected in report.rejected:
        click.echo(f"rejected: {_place(rejected)}: {rejected.why}", err=True)
    would = "would be " if dry_run else ""
    click.echo(
        f"Read {report.read:,}: {report.created:,} {would}created, {report.updated:,} {would}"
        f"updated, {report.unchanged:,} unchanged, {len(report.rejected):,} rejected."
    )


def _place(rejected: Rejected) -> str:
    name = shown("standard input" if rejected.source == STDIN else rejected.source, 200)
    return f"{name} line {rejected.line}" if rejected.line else name
