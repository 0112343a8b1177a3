"""The questions about the relay: a whole address, or its parts; what is secret is typed unseen."""

from dataclasses import replace
from urllib.parse import quote, urlencode

import click

from workers.feedback.providers import Provider
from workers.https.account import REGIONS, STREAMS, is_api
from workers.relay import Relay, Security, on_loopback
from workers.setting_up.prose import say
from workers.setting_up.trying import Fault, Tried
from workers.where import where

_WHY = (
    "Where your mails are handed over: the host of a mail server (you are asked for the rest, and "
    "type its password unseen), a whole address such as "
    "smtp://user:password@mail.example.org:587?starttls=1, or, to go by a provider's HTTP API, "
    "which hosts of servers don't block, its name: {apis}."
)


def whole(stands: str, domain: str) -> str | None:
    """The relay's address; None where it stays as it is, "" where there is none yet."""
    click.echo()
    say(_WHY.format(apis=", ".join(sorted(REGIONS))))
    shown = _shown(stands)
    answer: str = click.prompt(
        "Relay" if stands else "Relay (Enter: none yet)", shown or "", show_default=bool(shown)
    )
    if answer == shown:
        return None if stands else ""
    return _address(answer.strip(), domain)


def part(stands: str, tried: Tried, domain: str) -> str:
    """The same relay with what was at fault asked for anew."""
    if is_api(stands):
        return _api(where(stands).provider, domain)  # type: ignore[union-attr]  # by its address
    relay = Relay.from_url(stands)
    match tried.fault:
        case Fault.HOST:
            relay = replace(relay, host=click.prompt("Host", relay.host))
        case Fault.PORT:
            relay = _at_port(relay, _port(tried.port or relay.port))
        case Fault.SIGN_IN:
            relay = _signing_in(relay)
        case Fault.TLS:
            relay = _secured(relay)
        case _:
            return _address(click.prompt("Relay"), domain)
    return url_of(relay)


def url_of(relay: Relay) -> str:
    """As SMTP_URL has it."""
    who = ":".join(quote(one, safe="") for one in (relay.user, relay.password) if one)
    host = f"[{relay.host}]" if ":" in relay.host else relay.host
    options = {
        "starttls": {Security.STARTTLS: "1", Security.NONE: "0" if relay.password else ""}.get(
            relay.security, ""
        ),
        "connections": str(relay.connections) if relay.connections != Relay.connections else "",
        "helo": relay.helo,
        "cafile": relay.cafile,
    }
    said = urlencode({name: text for name, text in options.items() if text}, safe="/:[]")
    scheme = "smtps" if relay.security is Security.IMPLICIT else "smtp"
    address = f"{scheme}://{who}{'@' if who else ''}{host}:{relay.port}"
    return f"{address}?{said}" if said else address


def _shown(stands: str) -> str:
    """What may be seen of it."""
    try:
        return str(where(stands)) if stands else ""
    except ValueError:
        return ""


def _address(answer: str, domain: str) -> str:
    """Of a whole address, a provider's name, or a host."""
    if answer.lower().replace("-", "_") in set(REGIONS):
        return _api(Provider(answer.lower().replace("-", "_")), domain)
    if "://" in answer:
        return _read(answer)
    port = 25 if on_loopback(answer) else 587
    click.echo("\n587 (STARTTLS) and 465 (TLS) are for those who sign in, 25 is for servers.")
    return url_of(_signing_in(_at_port(Relay(answer), _port(port))))


def _port(usual: int) -> int:
    port: int = click.prompt("Port", usual, type=click.IntRange(1, 65535))
    return port


def _read(text: str) -> str:
    try:
        where(text)
    except ValueError as problem:
        click.echo(f"Error: that address {problem}.")
        return _read(click.prompt("Relay"))
    return text


def _at_port(relay: Relay, port: int) -> Relay:
    """Ports tell how a connection is secured; that of this machine need not be."""
    if port == 465:
        return replace(relay, port=port, security=Security.IMPLICIT)
    bare = on_loopback(relay.host) and relay.security is Security.NONE
    return replace(relay, port=port, security=Security.NONE if bare else Security.STARTTLS)


def _signing_in(relay: Relay) -> Relay:
    click.echo("\nThe relay's own user and password: a provider's are in its console.")
    label = "User" if relay.user else "User (Enter: none)"
    user = click.prompt(label, relay.user, show_default=bool(relay.user))
    password = click.prompt("Password, unseen", hide_input=True) if user else ""
    return replace(relay, user=user, password=password)


def _secured(relay: Relay) -> Relay:
    ways = click.Choice([one.value for one in Security])
    host = click.prompt("Host, as in its certificate", relay.host)
    security = Security(click.prompt("TLS", relay.security.value, type=ways))
    cafile = click.prompt(
        "File of the authority that signed it (Enter: the system's)", relay.cafile,
        show_default=bool(relay.cafile),
    )  # fmt: skip
    return replace(relay, host=host, security=security, cafile=cafile)


def _api(provider: Provider, domain: str) -> str:
    key = quote(click.prompt("API key, unseen", hide_input=True), safe="")
    host, options = "", {}
    if provider is Provider.MAILJET:
        key += ":" + quote(click.prompt("Secret key, unseen", hide_input=True), safe="")
    if provider is Provider.MAILGUN:
        host = click.prompt("Sending domain", domain)
    if provider is Provider.POSTAL:
        host = click.prompt("Your Postal server")
    if regions := REGIONS[provider]:
        ways = click.Choice(["", *regions])
        options["region"] = click.prompt(
            f"Region ({', '.join(regions)}; Enter: the first)", "", type=ways, show_default=False,
            show_choices=False,
        )  # fmt: skip
    if stream := STREAMS.get(provider, ""):
        options["stream"] = click.prompt("Stream, for mail to many", stream)
    said = urlencode({name: text for name, text in options.items() if text})
    return _read(f"{provider}+https://{key}@{host}{'?' if said else ''}{said}")
