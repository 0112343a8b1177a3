"""digest doctor."""

import dataclasses
import json

import click
from rich.console import Console

from workers.doctor import in_words
from workers.doctor.examination import examine
from workers.doctor.finding import Finding, Grade, worst


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at settings, database, broker, disk, clock, relays, DNS and our own pages, and say of
    each what would mend it. Status 1 where something is to be mended before anything is sent."""
    console, found = Console(), []
    for finding in examine():
        found.append(finding)
        if not as_json:
            console.print(in_words.told(finding))
    grade = worst(found)
    if as_json:
        findings = [dataclasses.asdict(one) for one in found]
        click.echo(json.dumps({"well": grade is not Grade.BAD, "findings": findings}))
    else:
        console.print(_sum(found))
    ctx.exit(1 if grade is Grade.BAD else 0)


def _sum(found: list[Finding]) -> str:
    bad, looks = (sum(one.grade is grade for one in found) for grade in (Grade.BAD, Grade.LOOK))
    if bad:
        return f"{bad} to mend before anything is sent, {looks} to look at, of {len(found)}."
    if looks:
        return f"Nothing keeps you from sending; {looks} of {len(found)} to look at."
    return f"All is well: {len(found)} things looked at."
