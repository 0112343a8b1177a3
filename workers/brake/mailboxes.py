"""Mailbox providers by the domains of their users' addresses, and which of them say who complained.

Domains of one's own whose mail a provider takes are not among these: that would take a look into
DNS for each; they stand for themselves.
"""

from collections.abc import Mapping

from workers.domains import domain_of

_DOMAINS = {
    "Gmail": "gmail.com googlemail.com",
    "Outlook": (
        "outlook.com hotmail.com live.com msn.com windowslive.com passport.com hotmail.co.uk "
        "hotmail.fr hotmail.de hotmail.it hotmail.es hotmail.be live.co.uk live.fr live.nl live.de "
        "live.it live.be live.com.au live.ca live.se live.dk live.no outlook.de outlook.fr "
        "outlook.es outlook.it outlook.jp outlook.com.br outlook.com.au outlook.be outlook.dk"
    ),
    "Yahoo and AOL": (
        "yahoo.com ymail.com rocketmail.com yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es "
        "yahoo.ca yahoo.in yahoo.co.in yahoo.com.br yahoo.com.au yahoo.com.ar yahoo.com.mx "
        "yahoo.ie yahoo.gr yahoo.se yahoo.no yahoo.dk yahoo.ro yahoo.pl aol.com aol.de aol.co.uk "
        "aol.fr aim.com netscape.net verizon.net sky.com"
    ),
    "iCloud": "icloud.com me.com mac.com",
    "GMX and WEB.DE": "gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.eu gmx.org web.de mail.com",
    "T-Online": "t-online.de magenta.de",
    "Orange": "orange.fr wanadoo.fr",
    "Free": "free.fr",
    "La Poste": "laposte.net",
    "Libero": "libero.it virgilio.it iol.it",
    "Comcast": "comcast.net xfinity.com",
    "BT": "btinternet.com btopenworld.com talk21.com",
    "Mail.ru": "mail.ru bk.ru inbox.ru list.ru internet.ru",
    "Yandex": "yandex.ru yandex.com ya.ru",
    "Proton": "proton.me protonmail.com protonmail.ch pm.me",
    "Fastmail": "fastmail.com fastmail.fm",
    "Zoho": "zoho.com zohomail.com zohomail.eu",
    "Seznam": "seznam.cz email.cz post.cz",
    "WP": "wp.pl o2.pl",
    "NAVER": "naver.com",
    "QQ Mail": "qq.com foxmail.com",
    "NetEase": "163.com 126.com yeah.net",
}  # fmt: skip

BY_DOMAIN: Mapping[str, str] = {
    domain: name for name, domains in _DOMAINS.items() for domain in domains.split()
}

NAMES = list(_DOMAINS)

SILENT = {"Gmail", "GMX and WEB.DE", "iCloud", "Proton", "T-Online"}
"""Without a feedback loop that names the message: of these nobody hears who complained."""


def provider_of(address: str) -> str:
    """Whose mailbox that is; a domain that is nobody's stands for itself."""
    domain = domain_of(address)
    return BY_DOMAIN.get(domain, domain)


def domains_of(provider: str) -> list[str]:
    """The domains of a provider's users."""
    return _DOMAINS[provider].split() if provider in _DOMAINS else [provider]


def tells(provider: str) -> bool:
    """Whether a reader's complaint there comes back to us."""
    return provider not in SILENT


SILENT_DOMAINS = [domain for name in sorted(SILENT) for domain in domains_of(name)]
