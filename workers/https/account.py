"""Which provider's HTTP API takes our mail, and how to reach it: an address as a value."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from workers.feedback.providers import Provider
from workers.relay import connections, on_loopback, parts_of

MARK = "+https"
"""What tells such an address from SMTP's: ``provider+https://…``."""

_HOMES = {
    Provider.BREVO: {"": "https://api.brevo.com/v3/"},
    Provider.MAILERSEND: {"": "https://api.mailersend.com/v1/"},
    Provider.MAILGUN: {
        "": "https://api.mailgun.net/v3/",
        "eu": "https://api.eu.mailgun.net/v3/",
    },
    Provider.MAILJET: {
        "": "https://api.mailjet.com/v3.1/",
        "us": "https://api.us.mailjet.com/v3.1/",
    },
    Provider.MAILTRAP: {"": "https://send.api.mailtrap.io/api/"},
    Provider.MANDRILL: {"": "https://mandrillapp.com/api/1.0/"},
    Provider.POSTAL: {"": "https://{host}/"},  # your own server
    Provider.POSTMARK: {"": "https://api.postmarkapp.com/"},
    Provider.RESEND: {"": "https://api.resend.com/"},
    Provider.SENDGRID: {
        "": "https://api.sendgrid.com/v3/",
        "eu": "https://api.eu.sendgrid.com/v3/",
    },
    Provider.SPARKPOST: {
        "": "https://api.sparkpost.com/api/v1/",
        "eu": "https://api.eu.sparkpost.com/api/v1/",
    },
}
"""By region.  docs/routes.md says which providers are missing, and why."""

REGIONS = {provider: tuple(filter(None, homes)) for provider, homes in _HOMES.items()}
"""Whose API is known, and which regions it has beside its first."""

_BULK = "https://bulk.api.mailtrap.io/api/"
"""Mailtrap's for mail to many, which is another host."""

WHOLE = {Provider.MAILGUN, Provider.MANDRILL, Provider.POSTAL, Provider.SPARKPOST}
"""They take a message as it is, octet by octet; the others take fields, and write it themselves."""

AS_BY_SMTP = {Provider.MANDRILL, Provider.POSTAL}
"""They read the same fields of a whole message as they do by SMTP, our tag's among them."""

STREAMS = {Provider.POSTMARK: "broadcast", Provider.MAILTRAP: "bulk"}
"""Those that part mail to many from other mail, and what they call it."""


_OPTIONS = {"region", "stream", "connections", "base"}
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


@dataclass(frozen=True)
class Account:
    """One account at one provider.  ``connections``: at most so many at once, per process."""

    provider: Provider
    base: str  # of its API; ends in "/"
    key: str = field(repr=False)
    secret: str = field(default="", repr=False)  # Mailjet's second half
    domain: str = ""  # Mailgun's sending domain
    stream: str = ""  # Postmark's message stream
    connections: int = 4

    @classmethod
    def from_url(cls, url: str) -> "Account":
        """Read ``mailgun+https://KEY@example.com?region=eu&connections=8`` and its like.

        ValueError says in words what is wrong, and never shows the address, which holds a key.
        """
        name, _, rest = url.partition("://")
        provider = _provider(name)
        parts = parts_of(f"https://{rest}")
        options = _options(parts, provider)
        if parts.path.strip("/") or parts.fragment or _port(parts) is not None:
            raise ValueError("has something after the host that is no option")
        key, secret = unquote(parts.username or ""), unquote(parts.password or "")
        _check_keys(provider, key, secret)
        return cls(
            provider,
            _base(provider, parts.hostname or "", options),
            key,
            secret,
            domain=parts.hostname or "" if provider is Provider.MAILGUN else "",
            stream=options.get("stream", ""),
            connections=connections(options.get("connections", "4")),
        )

    @property
    def host(self) -> str:
        return urlsplit(self.base).hostname or ""

    def __str__(self) -> str:
        return urlsplit(self.base).netloc

    @property
    def is_whole(self) -> bool:
        """Whether the message goes as it is; else the provider writes one of its fields."""
        return self.provider in WHOLE


def is_api(url: str) -> bool:
    """Whether this is such an address, right or wrong."""
    return url.partition("://")[0].lower().endswith(MARK)


def _provider(scheme: str) -> Provider:
    name = scheme.lower().removesuffix(MARK).replace("-", "_")
    if name not in {one.value for one in _HOMES}:
        known = ", ".join(sorted(_HOMES))
        raise ValueError(f"names no provider whose API is known; known: {known}")
    return Provider(name)


def _options(parts: SplitResult, provider: Provider) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - _OPTIONS):
        raise ValueError(
            f"has an unknown option, {unknown[0]}; known: {', '.join(sorted(_OPTIONS - {'base'}))}"
        )
    if options.get("region", "") not in _HOMES[provider]:
        known = ", ".join(filter(None, _HOMES[provider])) or "none"
        raise ValueError(f"has a region that {provider} does not have; it has: {known}")
    if "stream" in options and provider not in STREAMS:
        raise ValueError(f"has a stream, which {provider} does not know")
    return options


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return 0


def _check_keys(provider: Provider, key: str, secret: str) -> None:
    if not key or not (key + secret).isascii() or not (key + secret).isprintable():
        raise ValueError("has no API key before an @, or one with odd characters")
    if provider is Provider.MAILJET and not secret:
        raise ValueError("needs both of Mailjet's keys: mailjet+https://KEY:SECRET@")
    if provider is not Provider.MAILJET and secret:
        raise ValueError("has a second key after a colon; percent-encode a colon in a key as %3A")


def _base(provider: Provider, host: str, options: dict[str, str]) -> str:
    home = _HOMES[provider][options.get("region", "")]
    if provider is Provider.MAILTRAP and options.get("stream"):
        if options["stream"] != "bulk":
            raise ValueError("has a stream that Mailtrap does not have; it has: bulk")
        home = _BULK
    if provider in {Provider.MAILGUN, Provider.POSTAL}:
        if not _DOMAIN.fullmatch(host) and not on_loopback(host):
            what = "sending domain" if provider is Provider.MAILGUN else "server"
            raise ValueError(f"names no {what} after the @")
        home = home.format(host=host)
    elif host and host != urlsplit(home).hostname:
        raise ValueError(f"names a host that is not {provider}'s; write nothing after the @")
    return _elsewhere(home, options["base"]) if "base" in options else home


def _elsewhere(home: str, base: str) -> str:
    """The same path at a server of this machine, which stands for the provider in a drill."""
    other = urlsplit(base)
    if other.scheme != "http" or not on_loopback(other.hostname or ""):
        raise ValueError("has a base that is not http:// on this machine")
    return f"http://{other.netloc}{urlsplit(home).path}"
