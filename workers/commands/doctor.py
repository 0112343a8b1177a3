"""digest doctor."""

import contextlib
import dataclasses
import json
from collections.abc import Iterable, Iterator

import click
from django.db import Error
from rich.console import Console
from rich.text import Text

from digest.database import bring_up_to_date, told
from digest.errors import DigestError
from workers.doctor import in_words, kept
from workers.doctor.examination import examine
from workers.doctor.finding import Finding, Grade, worst


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at settings, database, broker, disk, clock, relays, DNS and our own pages, and say of
    each what would mend it. Sends no mail, and keeps what it found for the queue's page. Status 1
    where something is to be mended before anything is sent."""
    with contextlib.suppress(DigestError, Error), told():
        bring_up_to_date()
    found = list(examine()) if as_json else list(_printed(Console(), examine()))
    with contextlib.suppress(Error):  # a database that is away is one of the findings
        kept.keep(found, "digest doctor")
    is_bad = worst(found) is Grade.BAD
    if as_json:
        findings = [dataclasses.asdict(one) for one in found]
        click.echo(json.dumps({"well": not is_bad, "findings": findings}))
    ctx.exit(1 if is_bad else 0)


def _printed(console: Console, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each as it is known, under its area's name; the sum stands last, where it is seen."""
    found: list[Finding] = []
    for finding in findings:
        if not found or found[-1].area != finding.area:
            heading = Text(f"{finding.area[0].upper()}{finding.area[1:]}", "bold underline")
            console.print(Text("\n" if found else "").append(heading))
        # Not broken into lines: a record is to be pasted as it stands.
        console.print(in_words.told(finding), soft_wrap=True)
        found.append(finding)
        yield finding
    console.print(_sum(found), soft_wrap=True)


def _sum(found: list[Finding]) -> Text:
    bad, looks = ([one for one in found if one.grade is grade] for grade in (Grade.BAD, Grade.LOOK))
    if bad:
        told = Text(f"{len(bad)} to mend before anything is sent, {len(looks)} to look at, of "
                    f"{len(found)}: {', '.join(one.about for one in bad)}.")  # fmt: skip
    elif looks:
        told = Text(f"Nothing keeps you from sending; {len(looks)} of {len(found)} to look at: "
                    f"{', '.join(one.about for one in looks)}.")  # fmt: skip
    else:
        told = Text(f"All is well: {len(found)} things looked at.")
    return Text("\n").append(told)
