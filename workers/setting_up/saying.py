"""What came of it, on a terminal and as JSON. Of secrets neither says a word."""

import dataclasses
from typing import Any

import click
from rich.console import Console

from workers.doctor import in_words
from workers.doctor.finding import Finding, Grade
from workers.setting_up import zone
from workers.setting_up.present import Present
from workers.setting_up.prose import say
from workers.setting_up.record import Record, Standing
from workers.setting_up.run import Report
from workers.setting_up.test_mail import Sent
from workers.setting_up.wish import recipient

_HOW = {
    Standing.THERE: "is there",
    Standing.MISSING: "add it",
    Standing.OTHER: "put it in place of what is there",
    Standing.UNKNOWN: "not seen whether it is there",
}


def as_json(present: Present, report: Report, sent: Sent | None) -> dict[str, Any]:
    """The one object."""
    return {
        "well": status(report, sent) == 0,
        "env": str(present.path),
        "changed": report.changed,
        "dkim_key": str(report.key.path.absolute()) if report.key else None,
        "records": [dataclasses.asdict(record) for record in report.records],
        "findings": [dataclasses.asdict(finding) for finding in report.findings],
        "test_mail": dataclasses.asdict(sent) if sent else None,
    }


def status(report: Report, sent: Sent | None) -> int:
    """As scripts read it, the test mail counted in."""
    return report.status or (1 if sent and not sent.taken else 0)


def finding(one: Finding) -> None:
    """Its mark, words and mend."""
    Console(highlight=False, soft_wrap=True).print(in_words.told(one))


def report(present: Present, found: Report, *, but: Finding | None = None) -> None:
    """All of it, but for a finding that was told before."""
    click.echo()
    for one in found.findings:
        if one is not but:
            finding(one)
    click.echo()
    say(_written(present, found))
    if found.key:
        click.echo(f"{found.key.path}: the key, {'new' if found.key.is_new else 'kept as it was'}.")
    _records(found.records)


def _written(present: Present, found: Report) -> str:
    if not found.changed:
        return f"{present.path.name}: nothing changed."
    kept = ""
    if found.relay and not found.relay.is_usable:
        kept = " The relay was not: SMTP_URL stays as it was, and nothing was sent."
    return f"{present.path.name}: wrote {', '.join(found.changed)}; all else stays.{kept}"


def _records(records: list[Record]) -> None:
    if not records:
        return
    click.echo("\nDNS records:")
    for record in records:
        click.echo(f"\n  {record.type} at {record.name}: {_HOW[record.state]}.")
        say(record.why, 4)
        if record.state is not Standing.THERE:
            click.echo(f"    {record.value}")
        if record.replaces:
            click.echo(f"    there today: {record.replaces}")
    if wanted := [record for record in records if record.state is not Standing.THERE]:
        click.echo()
        say(
            "Pages of DNS hosts often want a name without its domain, and a value as it stands "
            "above. As a zone file has them:"
        )
        click.echo()
        click.echo(zone.block(wanted))


def ask_for_test() -> str:
    """Where a test mail is to go; "" for nowhere."""
    click.echo()
    say(
        "A test mail shows whether all of this works: it is made and signed as readers' mails are. "
        "Before the records are in DNS it may well go to spam."
    )
    label = "Send one to (Enter: not now)"
    try:
        to: str = click.prompt(label, "", show_default=False, value_proc=_recipient)
    except click.Abort:
        return ""  # what was set up stays
    return to


def _recipient(text: str) -> str:
    try:
        return recipient(text) if text.strip() else ""
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None


def end(found: Report, sent: Sent | None) -> None:
    """The test mail, and what is left to do."""
    if sent:
        _test(sent)
    _next(found)


def _test(found: Sent) -> None:
    click.echo()
    if not found.taken:
        say(f"The test mail to {found.to} was not taken: {found.answer}")
        return
    click.echo(f"The test mail to {found.to} was taken: {found.answer}")
    say(
        "Whether it went to the inbox or to spam can't be seen from here. Open its source (“Show "
        "original”) and find Authentication-Results: spf, dkim and dmarc should say pass there."
    )


def _next(found: Report) -> None:
    steps = []
    if any(record.state is not Standing.THERE for record in found.records):
        steps.append(
            "Paste the records where your domain's DNS is kept. An hour later: digest doctor"
        )
    else:
        steps.append("See whether anything is missing: digest doctor")
    steps += [
        "Start it (anew): digest up, or as a service with a web server in front (docs/vps.md)",
        "Let yourself in: digest user add YOU@… --role admin; the desk, /desk/, leads on",
    ]
    click.echo("\nNext:")
    for number, step in enumerate(steps, 1):
        click.echo(f"{number}. {step}")
    if any(one.grade is Grade.BAD for one in found.findings):
        click.echo("What is marked ✗ above is to be mended first; then run digest init again.")
