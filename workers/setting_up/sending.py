"""Who sends, and by which way: what DNS must say depends on nothing else."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from workers.dkim import Signer
from workers.doctor import dmarc
from workers.feedback.providers import Provider
from workers.relay import Relay, on_loopback
from workers.setting_up.providers import WAYS, Ways, provider_of, ses_region, signs_itself
from workers.where import Where


@dataclass(frozen=True)
class Sending:
    """Who sends, and by which way."""

    domain: str  # of the From
    bounces: str  # the envelope sender's
    base_url: str
    place: Where | None  # None: no relay yet
    provider_named: str = ""  # SMTP_PROVIDER
    reads_a_mailbox: bool = False  # bounces are fetched, so that another's server takes them
    signer: Signer | None = None

    @property
    def provider(self) -> Provider | None:
        return provider_of(self.place, self.provider_named)

    @property
    def ways(self) -> Ways:
        return WAYS.get(self.provider, Ways()) if self.provider else Ways()

    @property
    def is_providers(self) -> bool:
        """Whether whoever takes our mail signs for us, and sends from where we can't know."""
        return signs_itself(self.place, self.provider)

    @property
    def leads_away(self) -> bool:
        """Whether a bounce domain is the provider's by a CNAME, beside which nothing may stand."""
        return bool(self.ways.returns) and self.bounces != self.domain

    @property
    def is_here(self) -> bool:
        """Whether the relay is this very machine."""
        return isinstance(self.place, Relay) and on_loopback(self.place.host)

    @property
    def own_host(self) -> str:
        """Name or address of a relay of ours; one on this machine is where our pages are. "" where
        that can't be known."""
        if self.is_here:
            return "" if on_loopback(self.pages) else self.pages
        if isinstance(self.place, Relay) and not self.is_providers:
            return self.place.host
        return ""

    @property
    def is_anothers(self) -> bool:
        """Whether the relay is in a domain that is neither the From's nor that of our pages: most
        likely a provider's, which sends from servers that it takes no mail at."""
        ours = (self.domain, self.bounces, self.pages)
        host = self.own_host
        return bool(host) and not any(dmarc.is_aligned(host, one, strict=False) for one in ours)

    @property
    def pages(self) -> str:
        """The host of our pages."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def ses_region(self) -> str:
        return ses_region(self.place)


def is_address(host: str) -> bool:
    """Whether it is an IP address, and no name."""
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
