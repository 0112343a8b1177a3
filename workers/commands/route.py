"""digest route: add, set, list, test, pause, resume, remove."""

import json
import sys
from typing import Any

import click

from digest.errors import Unreachable
from workers.routes import steering
from workers.routes.showing import shown

BY = "command line"

_SETTINGS = (
    click.option("--rate", metavar="N", help="Messages a second over all workers; '': no limit."),
    click.option("--cap", metavar="N", help="Messages a day; '': no cap."),
    click.option("--zone", metavar="ZONE", help="Whose midnight ends a day, e.g. Europe/London."),
    click.option("--warmup", metavar="CAPS", help="The cap of each day: '50 100 500'; '': none."),
    click.option("--warmup-from", metavar="DAY", help="Its first day, as 2026-11-27 (today)."),
    click.option("--weight", metavar="N", help="Its share among routes of the same place (1)."),
    click.option("--place", metavar="N", help="1: first choice; 2: where no 1 can take it (1)."),
    click.option("--connections", metavar="N", help="Of each worker; '': as its address says."),
    click.option("--provider", metavar="NAME", help="Whose it is, where its host doesn't tell."),
    click.option("--kinds", metavar="KINDS", help="Kinds of mail that it is for; '': all."),
    click.option("--topics", metavar="TOPICS", help="Topics that it is for; '': all."),
    click.option(
        "--limits",
        metavar="LIMITS",
        help="By domain: 'example.net=5:2' is 5 a second and 2 at once; '': none.",
    ),
)


def _options(command: Any) -> Any:
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


@click.group()
def route() -> None:
    """Routes: the relays that mail goes by, beside the one that SMTP_URL names."""


@route.command()
@click.argument("name")
@click.argument("url", required=False)
@_options
def add(name: str, url: str | None, **given: Any) -> None:
    """Add a route. URL is as in SMTP_URL: smtp://…, or postmark+https://KEY@ and the like for a
    provider's HTTP API. "-" reads it from standard input, without it you are asked: so that no
    password stands in your shell's history."""
    steering.add(name, steering.typed({**given, "url": _url(url)}), BY)
    click.echo(f"Added route {name}. See whether it lets us in: digest route test {name}")


@route.command("set")
@click.argument("name")
@click.option("--url", metavar="URL", help="Its relay's address; - reads it from standard input.")
@_options
def set_(name: str, url: str | None, **given: Any) -> None:
    """Change a route; what isn't named stays."""
    said = steering.typed({**given, "url": _url(url) if url else None})
    if not said:
        raise click.UsageError("Name what to change.")
    steering.change(steering.named(name), said, BY)
    click.echo(f"Changed route {name}. It holds within seconds.")


@route.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_(as_json: bool) -> None:
    """List the routes, in the order in which they are asked."""
    if as_json:
        click.echo(json.dumps({"routes": [one.plain for one in shown()]}))
        return
    for one in shown():
        route = one.route
        click.echo(f"{route.name}: place {route.place}, weight {route.weight}; {one.line}")
        click.echo(f"  {one.where}; for {one.serves}")
        for line in filter(None, [one.warmup and f"Warm-up: {one.warmup}", one.standing]):
            click.echo(f"  {line}")
        for domain, limit, held in one.domains:
            waits = f"; waits, {held:,} held back by a worker" if held else ""
            click.echo(f"  {domain}: {limit}{waits}")


@route.command()
@click.argument("name")
def test(name: str) -> None:
    """Connect and sign in, to see whether it lets us in; sends no mail."""
    seen = steering.test(steering.named(name), BY)
    if seen.trouble:
        raise Unreachable(f"Route {name} can't be used: {seen.trouble}. Nothing was sent.")
    click.echo(f"{seen.told}.")


@route.command()
@click.argument("name")
def pause(name: str) -> None:
    """Let nothing new go by it within 2 seconds."""
    steering.pause(steering.named(name), BY)
    click.echo(f"Paused route {name}. Go on with: digest route resume {name}")


@route.command()
@click.argument("name")
def resume(name: str) -> None:
    """Let mail go by it again, also where it was set aside."""
    steering.take_up(steering.named(name), BY)
    click.echo(f"Route {name} takes mail again.")


@route.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take a route away; what went by it keeps its name."""
    steering.remove(steering.named(name), BY)
    click.echo(f"Removed route {name}.")


def _url(said: str | None) -> str:
    if said == "-":
        return sys.stdin.readline().strip()
    return said or str(click.prompt("Address", hide_input=True))
