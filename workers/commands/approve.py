"""digest approve, unapprove, send and test."""

import datetime as dt
from typing import Any

import click
from django.utils import timezone

from digest import approval, updates
from digest.commands.drafts import read_time
from digest.errors import CheckFailed, Refused
from digest.models import Stage, Update
from digest.requesting import request_test
from subscribers.addresses import normal
from workers import progress
from workers.audience import count
from workers.mailings import freeze_or_refuse

BY = "command line"


def _options(command: Any) -> Any:
    for option in reversed(
        [
            click.argument("update"),
            click.option(
                "--segment",
                "segments",
                multiple=True,
                metavar="NAME",
                help="Only these readers; may be given several times.",
            ),
            click.option("--rate", type=click.FloatRange(min=0.01), help="Messages a second."),
            click.option("--despite", metavar="REASON", help="Approve past a blocking check."),
        ]
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.option(
    "--at",
    callback=read_time,
    metavar="TIME",
    help="When it goes out (when its schedule says, else now).",
)
def approve(update: str, at: Any, **options: Any) -> None:
    """Fix an update's number and content, and make it due."""
    approved = _approve(update, at=at, **options)
    when = (
        "now"
        if approved.due_at and approved.due_at <= timezone.now()
        else (f"on {approved.due_at:%A %d %B %Y at %H:%M %Z}")
    )
    click.echo(
        f"Approved {approved}. It goes out {when}, by `digest up` or the workers.\n"
        f"Watch it: digest status --watch"
    )


@click.command()
@click.argument("update")
def unapprove(update: str) -> None:
    """Take an approval back; possible until the first message."""
    taken = approval.unapprove(updates.find(update), by=BY)
    click.echo(
        f"Unapproved. It is the draft of {taken.topic} again and keeps the number {taken.number}."
    )


@click.command()
@_options
@click.pass_context
def send(ctx: click.Context, /, update: str, **options: Any) -> None:
    """Approve for now, and show progress until it is done."""
    found = updates.find(update)
    if found.stage == Stage.DRAFT:
        found = _approve(update, at=timezone.now(), **options)
    else:
        _refuse_another_wish(found, options)
    sheet = progress.watch_update(found)
    if not sheet.balanced:
        ctx.exit(1)


@click.command()
@click.argument("update")
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS…")
def test(update: str, addresses: tuple[str, ...]) -> None:
    """Send test mails of an update, marked [Test #2]."""
    found = updates.find(update)
    good = [normal(address) for address in addresses]
    request_test(found, good, by=BY)
    click.echo(
        f"Asked for {len(good)} test {'mail' if len(good) == 1 else 'mails'} of "
        f"{found.ref}; `digest up` or the workers send them within seconds."
    )


def _refuse_another_wish(found: Update, options: dict[str, Any]) -> None:
    """Refuse a send of an approved update that asks for what was not approved."""
    if any(options.values()):
        raise Refused(
            f"{found.label} of {found.topic} is approved already; nothing was changed. Without "
            f"options this shows how it goes out: digest send {found.ref}"
        )
    if found.stage == Stage.APPROVED and found.due_at and found.due_at > timezone.now():
        raise Refused(
            f"{found.label} of {found.topic} goes out on {found.due_at:%d %B %Y %H:%M %Z}; nothing "
            f"was changed. For now instead: digest unapprove {found.ref}, then send the draft."
        )


def _approve(
    ref: str,
    *,
    at: dt.datetime | None,
    segments: tuple[str, ...],
    rate: float | None,
    despite: str | None,
) -> Update:
    found = updates.find(ref)
    if found.topic.two_people:
        raise Refused(
            f"{found.topic} takes two people, and the command line can't tell who you are; nothing "
            "was approved. Ask and approve at the desk, or let one do: digest topic set "
            f"{found.topic.slug} --one-person"
        )
    readers = count(found.topic, freeze_or_refuse(list(segments)))
    if segments and not readers:
        raise Refused(
            f"Nobody is in {', '.join(segments)} and follows {found.topic}; nothing was "
            "approved. See: digest segment list"
        )
    try:
        approved = approval.approve(
            found, by=BY, at=at, segments=list(segments), rate=rate, despite=despite or ""
        )
    except approval.Blocked as blocked:
        for finding in blocked.findings:
            click.echo(f"  {finding.name}: {finding.message} {finding.mend}", err=True)
        raise CheckFailed(str(blocked)) from None
    if not readers:
        click.echo(f"Nobody follows {found.topic} yet: it will be on the web only.", err=True)
    return approved
