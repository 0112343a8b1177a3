"""digest init."""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from digest.errors import Refused
from workers.doctor.finding import Finding
from workers.setting_up import asking, saying
from workers.setting_up import test_mail as testing
from workers.setting_up.present import Present
from workers.setting_up.run import Report, set_up, try_relay
from workers.setting_up.test_mail import Sent
from workers.setting_up.wish import Wish, recipient, wished


@click.command()
@click.option("--name", help="The publication's name, which readers see as the sender.")
@click.option("--from", "sender", metavar="ADDRESS", help="Whom mails are from.")
@click.option("--postal", metavar="TEXT", help="Your postal address, for each mail's foot.")
@click.option("--base-url", metavar="URL", help="Where your pages are; https.")
@click.option(
    "--relay",
    metavar="URL",
    help="smtp://user:pass@host:587?starttls=1, or an API's; - reads it from standard input.",
)
@click.option("--bounce-domain", metavar="DOMAIN", help="Where bounces go; '': the From's domain.")
@click.option("--dkim/--no-dkim", default=None, help="Sign mails with a key of your own.")
@click.option("--selector", default="", metavar="S", help="Names the key; another one is made.")
@click.option("--test-mail", metavar="ADDRESS", help="Send a test mail there.")
@click.option("--no-input", is_flag=True, help="Ask nothing; name what is missing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and ask nothing.")
@click.pass_context
def init(
    ctx: click.Context,
    /,
    test_mail: str | None,
    no_input: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Set Digest up to send mail for real: asks for (or takes as options) what it needs, tries the
    relay, makes a DKIM key, prints the DNS records to paste, and writes all that into .env here.

    Run it again at any time: what is not asked to change stays. Status 1 where something is to be
    mended, 3 where the relay can't be reached; the relay that was there then stays."""
    asks = not (no_input or as_json) and at_a_terminal()
    present = Present(Path(".env").absolute(), os.environ, ctx.obj)
    test_mail = test_mail and _recipient(test_mail)
    wish = _read(Wish(**given))
    try:
        report, told = _done(present, wish, test_mail or "", asks=asks)
    except (click.Abort, KeyboardInterrupt):
        raise Refused("Nothing was changed.") from None
    if not as_json:
        saying.report(present, report, but=told)
    sent = _sent(report, test_mail, asks=asks)
    if as_json:
        click.echo(json.dumps(saying.as_json(present, report, sent)))
    else:
        saying.end(report, sent)
    ctx.exit(saying.status(report, sent))


def at_a_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def _recipient(text: str) -> str:
    try:
        return recipient(text)
    except ValueError as problem:
        raise Refused(f"--test-mail: {problem} Nothing was changed.") from None


def _read(wish: Wish) -> Wish:
    """With the relay's address, where it is on standard input: so it is in no shell's history."""
    if wish.relay != "-":
        return wish
    typed = click.prompt("Relay", hide_input=True) if at_a_terminal() else sys.stdin.readline()
    return dataclasses.replace(wish, relay=typed.strip())


def _done(present: Present, wish: Wish, to: str, *, asks: bool) -> tuple[Report, Finding | None]:
    """What came of it, and the finding that was told on the way."""
    if not asks:
        wanted = wished(present, wish)
        return set_up(wanted, try_relay(wanted, to)), None
    wanted = asking.signing(wished(present, asking.wish(present, wish), needs_relay=False))
    relay = try_relay(wanted, to)
    while relay and not relay.is_usable:
        saying.finding(relay.finding)
        if not click.confirm("Try again?", default=True):
            break
        wanted = asking.again(wanted, relay)
        relay = try_relay(wanted, to)
    return set_up(wanted, relay), relay.finding if relay and not relay.is_usable else None


def _sent(report: Report, address: str | None, *, asks: bool) -> Sent | None:
    """A test mail, where one is asked for and a relay is there to take it."""
    if not report.relay or not report.relay.is_usable:
        return None
    if asks and address is None:
        address = saying.ask_for_test()
    return testing.send(address) if address else None
