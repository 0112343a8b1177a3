"""What providers ask of a sender's DNS, as far as it is the same for all of their customers.

Where a row says nothing, the provider's console does: its records name the account.
"""

import re
from typing import NamedTuple

from workers.feedback.providers import Provider, provider_at
from workers.https.account import WHOLE, Account
from workers.where import Where


class Ways(NamedTuple):
    """One provider's."""

    include: str = ""  # for the SPF record of the envelope sender's domain
    returns: str = ""  # where a bounce domain of ours leads by CNAME


WAYS = {
    Provider.AMAZON_SES: Ways("amazonses.com"),
    Provider.BREVO: Ways("spf.brevo.com"),
    Provider.MAILERSEND: Ways("_spf.mailersend.net"),
    Provider.MAILGUN: Ways("mailgun.org"),
    Provider.MAILJET: Ways("spf.mailjet.com", "bnc3.mailjet.com"),
    Provider.MANDRILL: Ways("spf.mandrillapp.com", "mandrillapp.com"),
    Provider.POSTMARK: Ways("spf.mtasv.net", "pm.mtasv.net"),
    Provider.RESEND: Ways("amazonses.com"),
    Provider.SENDGRID: Ways("sendgrid.net"),
    Provider.SPARKPOST: Ways("", "sparkpostmail.com"),
}

_SES = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com", re.IGNORECASE)


def provider_of(place: Where | None, named: str = "") -> Provider | None:
    """Whose it is, by its address or as SMTP_PROVIDER names it; of Postal, a server of one's own,
    only that it speaks its API."""
    if isinstance(place, Account):
        return place.provider
    if named:
        return Provider(named)
    return provider_at(place.host) if place else None


def signs_itself(place: Where | None, provider: Provider | None) -> bool:
    """Whether whoever it is signs for our domain, by records that its console shows."""
    return provider not in {None, Provider.POSTAL} or writes_itself(place)


def writes_itself(place: Where | None) -> bool:
    """Whether it is given fields and writes the message: a signature of ours would not fit it."""
    return isinstance(place, Account) and place.provider not in WHOLE


def ses_region(place: Where | None) -> str:
    """Of an address of Amazon SES; "" of any other."""
    found = _SES.fullmatch(getattr(place, "host", ""))
    return found[1] if found else ""
