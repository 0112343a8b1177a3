"""The questions about the relay: a whole address, or its parts; what is secret is typed unseen."""

import re
from dataclasses import replace
from urllib.parse import quote, urlencode, urlsplit

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
            host = click.prompt("Host", relay.host, value_proc=_bare)
            relay = replace(relay, host=host)
        case Fault.PORT:
            relay = _at_port(relay, _port(tried.port or relay.port))
        case Fault.SIGN_IN:
            relay = _signing_in(relay)
        case Fault.TLS:
            relay = _secured(relay)
        case _:
            return _address(click.prompt("Relay").strip(), domain)
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
        return _read(answer, domain)
    try:
        host, port = _host(answer)
    except ValueError as problem:
        return _again(problem, domain)
    if port is None:
        click.echo("\n587 (STARTTLS) and 465 (TLS) are for those who sign in, 25 is for servers.")
        port = _port(25 if on_loopback(host) else 587)
    return url_of(_signing_in(_at_port(Relay(host), port)))


def _host(text: str) -> tuple[str, int | None]:
    """A host, and its port where one is written behind it; ValueError in words."""
    bare = f"[{text}]" if text.count(":") > 1 and "[" not in text else text
    try:
        parts = urlsplit(f"//{bare}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or re.search(r"[\s@/?#%]", text) or (port is not None and port < 1):
        raise ValueError(f"{text!r} is no host")
    return host, port


def _bare(text: str) -> str:
    try:
        host, port = _host(text.strip())
    except ValueError as problem:
        raise click.UsageError(f"{problem}.") from None
    if port is not None:
        raise click.UsageError("that names a port too; the host alone.")
    return host


def _port(usual: int) -> int:
    port: int = click.prompt("Port", usual, type=click.IntRange(1, 65535))
    return port


def _read(text: str, domain: str) -> str:
    try:
        where(text)
    except ValueError as problem:
        return _again(f"that address {problem}", domain)
    return text


def _again(problem: object, domain: str) -> str:
    """Another answer, after one that names no relay."""
    click.echo(f"Error: {problem}.")
    return _address(click.prompt("Relay").strip(), domain)


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
    host = click.prompt("Host, as in its certificate", relay.host, value_proc=_bare)
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
    return _read(f"{provider}+https://{key}@{host}{'?' if said else ''}{said}", domain)
