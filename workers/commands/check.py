"""digest check."""

import json
from collections.abc import Iterator
from dataclasses import replace

import click

from digest import editions, updates
from digest.checks import Finding, Level, Report, reachability
from digest.errors import CheckFailed
from digest.models import Update
from workers import specimen

_MARKS = {Level.OK: "ok   ", Level.WARN: "warn ", Level.BLOCK: "block"}


@click.command()
@click.argument("update")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--links", is_flag=True, help="Ask each page that the mail links to, too.")
def check(update: str, as_json: bool, links: bool) -> None:
    """Say what to mend in an update before it goes out."""
    found = updates.find(update)
    view = editions.view_of(found)
    email = editions.rendered(view)
    report = editions.checked(found, view, email)
    report = report.with_more(_other_variants(found, report))
    edition = editions.frozen(found) or editions.made(view, email, found.topic, found)
    report = report.with_more(specimen.findings(found, edition))
    if links:
        report = report.with_more(reachability.check(view))
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        click.echo("\n".join(_line(finding) for finding in report.findings))
    if not report.passed:
        raise CheckFailed(f"{update}: {_counted(report)}. It can't be approved without a reason.")


def _other_variants(found: Update, report: Report) -> Iterator[Finding]:
    """What keeps it from going out in full or short, where a segment asks for that."""
    for other in editions.variants(found, report):
        for fault in other.faults:
            told = f"{other.name.label}: {fault.message} Its readers would get it as arranged."
            yield replace(fault, name="variants", level=Level.WARN, message=told)


def _line(finding: Finding) -> str:
    where = f" (in {finding.where})" if finding.where else ""
    mend = f"\n        {finding.mend}" if finding.mend else ""
    return f"{_MARKS[finding.level]} {finding.name}: {finding.message}{where}{mend}"


def _counted(report: Report) -> str:
    warned = sum(finding.level == Level.WARN for finding in report.findings)
    return f"{len(report.blocking)} to mend, {warned} to look at"
