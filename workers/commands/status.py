"""digest status, audit and message."""

import dataclasses
import datetime as dt
import json
import sys
import time
from typing import Any

import click
from django.utils import timezone
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from digest.errors import NotFound
from subscribers.models import normal_address
from workers import balance, ledger, mailings, presence, progress, room
from workers.inbound import standing
from workers.letters import Letters
from workers.models import DeliveryState, Mailing, MailingState, Slot, SlotResult
from workers.queue.works import works
from workers.routes.carriers import last_of
from workers.routes.showing import shown

RECENT = dt.timedelta(days=2)


@click.command()
@click.option("--watch", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(watch: bool, as_json: bool) -> None:
    """Show the queue: mailings that move or moved of late, and the workers."""
    if as_json:
        click.echo(json.dumps(_plain()))
    elif not watch:
        Console().print(_shown())
    else:
        with Live(_shown(), refresh_per_second=2) as live:
            while True:
                time.sleep(0.5)
                live.update(_shown())


@click.command()
@click.argument("mailing")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def audit(ctx: click.Context, mailing: str, as_json: bool) -> None:
    """Print a mailing's balance sheet; status 1 where it does not balance."""
    found = mailings.named(mailing)
    sheet = balance.sheet(found)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(sheet)))
    else:
        Console().print(progress.told(found, sheet))
        for reason, n in sorted(sheet.excluded.items()):
            click.echo(f"  excluded, {reason}: {n:,}")
        for row in found.deliveries.filter(state=DeliveryState.UNCERTAIN).order_by("id")[:100]:
            click.echo(f"  uncertain: {row.address}: {row.answer}")
    if not sheet.balanced:
        ctx.exit(1)


@click.command()
@click.argument("mailing")
@click.argument("address")
def message(mailing: str, address: str) -> None:
    """Print the exact bytes handed over for this reader."""
    found = mailings.named(mailing)
    row = ledger.one(found, normal_address(address))
    if row is None:
        raise NotFound(f"Mailing {found.id} has no delivery to {address}.")
    letters = Letters(found, last_of(found.deliveries.get(id=row.id)))
    sys.stdout.buffer.write(letters.message(row))


def _recent() -> list[Mailing]:
    ended = [MailingState.DONE, MailingState.CANCELLED]
    moving = Mailing.objects.exclude(state__in=ended)
    lately = Mailing.objects.filter(state__in=ended, finished_at__gte=timezone.now() - RECENT)
    rows = (moving | lately).select_related("update__topic", "topic").order_by("-id")
    newest = list(rows[:20])
    # Whatever wants a person is named, however much went out since.
    held = rows.filter(state=MailingState.HELD).exclude(id__in=[one.id for one in newest])
    return newest + list(held[:200])


def _shown() -> Group:
    parts: list[Any] = [progress.workers(presence.alive()), *_works(), *_routes(), Text()]
    troubles = filter(None, [room.shortage(), standing.trouble()])
    parts += [Text(words, "red") for words in troubles]
    inbox = standing.standing()
    came_in = inbox.in_words if inbox else ""
    parts += [Text(words) for words in filter(None, [standing.waiting(), came_in])]
    parts += _held()
    return Group(*parts, progress.listed(_recent()))


def _works() -> list[Text]:
    """What the workers' page shows."""
    found = works()
    lines = [
        f"{line.name} {line.workers} {'worker' if line.workers == 1 else 'workers'}, "
        f"{'?' if line.waiting is None else f'{line.waiting:,}'} waiting"
        for line in found.lines
    ]
    said = [Text(" · ".join(lines)), Text(found.ticked, "" if found.ticks else "red")]
    if not found.broker.up:
        said.append(Text(f"The broker does not answer ({found.broker.why}).", "red"))
    said += [
        Text(
            f"Gone without a word: {one.machine}, process {one.pid} ({','.join(one.queues)})", "red"
        )
        for one in found.gone
    ]
    said += [
        Text(
            f"{one.machine}, process {one.process}: batch {one.batch.id} of mailing "
            f"{one.batch.mailing_id}, {one.left:,} of {one.batch.size:,} left, {one.speed:,.1f}/s"
            + (f", silent for {one.silent}" if one.silent else "")
        )
        for one in found.leases
    ]
    return said


def _routes() -> list[Text]:
    """By which relays mail goes, and how each is."""
    colours = {"ok": "green", "warn": "yellow", "bad": "red"}
    return [
        Text.assemble(f"Route {one.route.name}: ", (one.line, colours.get(one.pill[0], "")))
        for one in shown()
    ]


def _held() -> list[Text]:
    held = Slot.objects.filter(result=SlotResult.HELD, begun_at__gte=timezone.now() - RECENT)
    return [
        Text(f"Held: {slot.topic.slug}, due {slot.due_at:%d %B %H:%M %Z}. {slot.why}", "yellow")
        for slot in held.select_related("topic")[:10]
    ]


def _plain() -> dict[str, Any]:
    return {
        "workers": [
            {
                "name": one.name,
                "host": one.host,
                "pid": one.pid,
                "queues": one.queues,
                "seen_at": one.seen_at.isoformat(),
            }
            for one in presence.alive()
        ],
        "mailings": [
            {
                **dataclasses.asdict(balance.sheet(one)),
                "kind": one.kind,
                "why": one.why,
                "rate": one.rate,
            }
            for one in _recent()
        ],
        "routes": [one.plain for one in shown()],
        "held": [str(text) for text in _held()],
        "trouble": room.shortage(),
        "inbox": _inbox(),
    }


def _inbox() -> dict[str, Any]:
    found = standing.standing()
    counts = found.counts if found else {}
    return {
        "trouble": standing.trouble(),
        "waiting": standing.waiting(),
        "mails": {sort.value: n for sort, n in counts.items()},
    }
