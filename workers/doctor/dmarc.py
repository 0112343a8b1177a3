"""DMARC (RFC 7489): the policy of a From's domain, and whether anything proves that domain."""

from collections.abc import Iterator

from workers.doctor.finding import Finding, bad, well
from workers.doctor.names import Names
from workers.doctor.tags import tags_of

_POLICIES = {"none", "quarantine", "reject"}


def examine(names: Names, domain: str, *, signing: str, bounces: str) -> Iterator[Finding]:
    """The record, and whether SPF's or DKIM's domain is the From's, as it asks (3.1)."""
    about = f"DMARC of {domain}"
    place, records = policy(names, domain)
    if len(records) > 1:
        yield bad(about, f"_dmarc.{place} has {len(records)} records; receivers then use none.",
                  "Leave one.")  # fmt: skip
        return
    if not records:
        yield bad(
            about,
            "There is no DMARC record; large mailbox providers ask for one of whoever sends much.",
            f"Add a TXT record at _dmarc.{domain}: v=DMARC1; p=none; rua=mailto:dmarc@{domain}",
        )
        return
    tags = tags_of(records[0])
    stated = tags.get("p", "") if place == domain else tags.get("sp", tags.get("p", ""))
    if stated not in _POLICIES:
        yield bad(
            about,
            f"_dmarc.{place} states the policy “{stated}”, which is none: receivers don't use it.",
            f"Let it say p=none, p=quarantine or p=reject: {records[0]}",
        )
        return
    yield _aligned(about, domain, stated, tags, signing, bounces)


def _aligned(
    about: str, domain: str, stated: str, tags: dict[str, str], signing: str, bounces: str
) -> Finding:
    by_dkim = is_aligned(domain, signing, strict=tags.get("adkim") == "s")
    by_spf = is_aligned(domain, bounces, strict=tags.get("aspf") == "s")
    if by_dkim or by_spf:
        how = " and ".join(["DKIM"] * by_dkim + ["SPF"] * by_spf)
        return well(about, f"p={stated}; the From agrees with what {how} proves.")
    asks = " to the letter (adkim=s, aspf=s)" if {"adkim", "aspf"} & tags.keys() else ""
    return bad(
        about,
        f"p={stated}, and neither DKIM (for {signing or 'nobody'}) nor SPF (for {bounces}) speaks "
        f"of {domain}{asks}: DMARC fails.",
        f"Sign for {domain}, or let BOUNCE_DOMAIN be in it.",
    )


def policy(names: Names, domain: str) -> tuple[str, list[str]]:
    """The records at the domain or at the nearest above it that has any, and where."""
    top = organisation(domain)
    place = domain
    while True:
        found = [one for one in names.texts(f"_dmarc.{place}") if one.startswith("v=DMARC1")]
        if found:
            return place, found
        if place == top or "." not in place:
            return domain, []
        place = place.partition(".")[2]


def is_aligned(sender: str, proven: str, *, strict: bool) -> bool:
    """Whether what is proven of this domain is proven of the From's."""
    if strict or not proven:
        return sender.lower() == proven.lower()
    return organisation(sender) == organisation(proven)


def organisation(domain: str) -> str:
    """The domain that somebody registered, of which this one is a part (3.2): by the public suffix
    list, and the last two labels where that does not know the end."""
    from tld import get_fld  # 13 MB, of which those who never ask need nothing

    name = domain.rstrip(".").lower()
    found = get_fld(name, fail_silently=True, fix_protocol=True)
    return found or ".".join(name.split(".")[-2:])
