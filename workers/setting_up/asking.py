"""The questions on a terminal: each with one line of why, and what stands there as its answer."""

from collections.abc import Callable
from dataclasses import replace
from email.utils import parseaddr

import click

from workers.https.account import is_api
from workers.setting_up import asking_relay
from workers.setting_up.present import Present
from workers.setting_up.prose import say
from workers.setting_up.signing import is_usual as usual
from workers.setting_up.trying import Fault, Tried
from workers.setting_up.wish import Wish, Wished, mailbox, named, readable

NONE = "-"
"""The answer that takes away what stands there."""


def wish(present: Present, given: Wish) -> Wish:
    """Ask for whatever no option names."""
    say(
        "Enter keeps what stands in brackets; Ctrl-C leaves everything as it was. You can run this "
        "again at any time."
    )
    return _relay(present, _texts(present, given))


def _texts(present: Present, given: Wish) -> Wish:
    name, address = parseaddr(given.sender or present.given("FROM_ADDRESS"))
    if given.name is None and not (given.sender and name):
        why = "Readers see it as the sender, and in the foot of each mail."
        said = question("The publication's name", why, name, lambda text: _named(present, text))
        given = replace(given, name=said)
    if given.sender is None:
        why = "Whom mails are from; answers go there. At a domain whose DNS you can change."
        check = checking(present, "FROM_ADDRESS")
        given = replace(given, sender=question("From address", why, address, check))
    if given.postal is None:
        why = "In each mail's foot: the law asks of newsletters who you are and where."
        stands, check = present.given("POSTAL_ADDRESS"), checking(present, "POSTAL_ADDRESS")
        given = replace(given, postal=question("Postal address, on one line", why, stands, check))
    if given.base_url is None:
        why = "Where your pages are, with https: links in mails lead there."
        stands, check = present.given("BASE_URL"), checking(present, "BASE_URL")
        given = replace(given, base_url=question("Base URL", why, stands, check))
    return given


def _relay(present: Present, given: Wish) -> Wish:
    if given.relay is None:
        domain = parseaddr(given.sender or present.given("FROM_ADDRESS"))[1].rpartition("@")[2]
        given = replace(given, relay=asking_relay.whole(present.given("SMTP_URL"), domain))
    if given.bounce_domain is None and not _keeps_bounces(given.relay or present.given("SMTP_URL")):
        why = (
            "Where what can't be delivered comes back to: a domain for this alone, if a server of "
            f"yours takes mail for it; Enter for the From's domain, {NONE} to go back to that."
        )
        check = checking(present, "BOUNCE_DOMAIN", none=True)
        said = question("Bounce domain", why, present.given("BOUNCE_DOMAIN"), check, needed=False)
        given = replace(given, bounce_domain="" if said == NONE else said)
    return given


def _keeps_bounces(relay: str) -> bool:
    """By its API a provider is the sender to whom bounces go; Postal is one's own."""
    return is_api(relay) and not relay.lower().startswith("postal+")


def signing(wanted: Wished) -> Wished:
    """Ask whether mails are signed by a key of our own."""
    if wanted.wish.dkim is not None:
        return wanted
    click.echo(
        "\nReceivers believe signed mail (DKIM). A provider signs itself; a server often doesn't."
    )
    said = click.confirm("Sign mails with a key of your own", default=usual(wanted))
    return replace(wanted, wish=replace(wanted.wish, dkim=said))


def again(wanted: Wished, tried: Tried) -> Wished:
    """Ask anew for what was at fault, and for nothing else."""
    if tried.fault is Fault.SENDER:
        why, check = (
            "Name one that this relay lets you send from.",
            checking(wanted.present, "FROM_ADDRESS"),
        )
        name, address = parseaddr(wanted.get("FROM_ADDRESS"))
        said = parseaddr(question("From address", why, address, check))[1]
        return wanted.but(FROM_ADDRESS=mailbox(name, said))
    return wanted.but(SMTP_URL=asking_relay.part(wanted.get("SMTP_URL"), tried, wanted.domain))


def question(
    label: str,
    why: str,
    stands: str,
    check: Callable[[str], str],
    *,
    needed: bool = True,
) -> str:
    """The answer, asked for until it can be taken."""
    click.echo()
    say(why)
    default = stands or (None if needed else "")
    answer: str = click.prompt(label, default, value_proc=check, show_default=bool(stands))
    return answer


def checking(present: Present, name: str, *, none: bool = False) -> Callable[[str], str]:
    """Takes what the program can read as this setting; ``none``: or that there is none of it."""

    def check(text: str) -> str:
        if text.strip() in {"", NONE}:
            if none:
                return text.strip()
            raise click.UsageError("mails can't go out without it.")
        try:
            return readable(present, name, text.strip())
        except ValueError as problem:
            raise click.UsageError(str(problem)) from None

    return check


def _named(present: Present, text: str) -> str:
    try:
        named(present, text, "news@example.org")
    except ValueError as problem:
        raise click.UsageError(f"that {problem}.") from None
    return text.strip()
