"""Who must not be mailed, whatever lists and forms say.

Addresses are remembered by their hash alone; domains in words, each with all that end in it:
``example.org`` also stops ``mail.example.org``. Lists never bring anybody back. People who were
erased may come back by their own hand; all others only once staff take them off.
"""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Reverse
from django.db.models.lookups import StartsWith

from digest.audit import audit
from digest.errors import NotFound, Refused
from subscribers import addresses
from subscribers.models import (
    Subscriber,
    SubscriberState,
    SuppressedDomain,
    Suppression,
    SuppressionReason,
    address_hash,
)


def suppressed(emails: Iterable[str]) -> dict[str, SuppressionReason]:
    """Which of these addresses (in normal form) must not be mailed, and why. Two queries."""
    by_hash = {address_hash(email): email for email in emails}
    found = Suppression.objects.filter(email_hash__in=by_hash)
    barred = domains()
    at_domains = (email for email in by_hash.values() if bars(barred, email))
    return dict.fromkeys(at_domains, SuppressionReason.DOMAIN) | {
        by_hash[key]: SuppressionReason(reason)
        for key, reason in found.values_list("email_hash", "reason")
    }


def may_sign_up(emails: Collection[str]) -> set[str]:
    """Those of the addresses whose owners may be asked, when somebody signs up with them."""
    found = suppressed(emails)
    return {email for email in emails if found.get(email) in {None, SuppressionReason.ERASED}}


def came_back(email: str) -> None:
    """The owner of an erased address has confirmed that they are back: lists may name them."""
    Suppression.objects.filter(
        email_hash=address_hash(email), reason=SuppressionReason.ERASED
    ).delete()


def domains() -> frozenset[str]:
    """The suppressed domains; most installations have none, and few have many."""
    return frozenset(SuppressedDomain.objects.values_list("domain", flat=True))


def bars(barred: Collection[str], email: str) -> bool:
    """Whether the address is at one of these domains, or at one that ends in it."""
    if not barred:
        return False
    domain = email.rpartition("@")[2]
    while domain:
        if domain in barred:
            return True
        domain = domain.partition(".")[2]
    return False


def stops() -> Q:
    """A condition on Subscriber: those whom a mailing leaves out because of this list."""
    # An erased address whose person is with us again came back by their own hand.
    here = Suppression.objects.filter(email_hash=OuterRef("email_hash"))
    stopped = Q(Exists(here.exclude(reason=SuppressionReason.ERASED)))
    for domain in domains():
        stopped |= at(domain)
    return stopped


def at(domain: str) -> Q:
    """A condition on Subscriber: those at the domain, or at one that ends in it."""
    # Backwards, for PostgreSQL has an index that way round.
    back = Reverse(F("email"))
    return Q(StartsWith(back, f"@{domain}"[::-1])) | Q(StartsWith(back, f".{domain}"[::-1]))


# ---- by what came back ----------------------------------------------------------------------


_WEAKER = {
    SuppressionReason.HARD_BOUNCE: [SuppressionReason.ERASED],
    SuppressionReason.COMPLAINT: [SuppressionReason.ERASED, SuppressionReason.HARD_BOUNCE],
}
"""What gives way to it: somebody who was erased and is mailed has come back by their own hand."""


def bar(emails: Collection[str], reason: SuppressionReason, by: str, detail: str) -> None:
    """Never mail these addresses again; two statements, however many. A weightier reason stays."""
    # In order: two who bar the same at once wait for each other, and not for good.
    hashes = sorted({address_hash(email) for email in emails})
    Suppression.objects.bulk_create(
        [Suppression(email_hash=one, reason=reason, by=by, detail=detail) for one in hashes],
        ignore_conflicts=True,
    )
    Suppression.objects.filter(email_hash__in=hashes, reason__in=_WEAKER[reason]).update(
        reason=reason, by=by, detail=detail
    )


def barred_by(by: str) -> QuerySet[Suppression]:
    """The addresses whose bounces ``by`` told; those who complained said something themselves."""
    return Suppression.objects.filter(by=by, reason=SuppressionReason.HARD_BOUNCE)


# ---- by staff ------------------------------------------------------------------------------


def named(what: str) -> tuple[str, str]:
    """An address as ("", address) or a domain as (domain, ""); Refused for what is neither."""
    what = what.strip()
    if "@" in what[1:]:
        return "", addresses.normal(what)
    domain = addresses.normal(f"a@{what.lstrip('@').removeprefix('*.')}").partition("@")[2]
    if "." not in domain:
        raise Refused(f"{what!r} is a whole top-level domain; nothing was changed.")
    return domain, ""


@transaction.atomic
def add(
    what: str,
    by: str,
    why: str = "",
    reason: SuppressionReason = SuppressionReason.MANUAL,
) -> bool:
    """Never mail this address, or anybody at this domain; False where that was so already."""
    domain, email = named(what)
    kept = {"detail": why.strip()[:500], "by": by}
    if domain:
        _, new = SuppressedDomain.objects.get_or_create(domain=domain, defaults=kept)
    else:
        _, new = Suppression.objects.get_or_create(
            email_hash=address_hash(email), defaults=kept | {"reason": reason}
        )
    if new:
        audit(by, "suppressed", _about(domain, email), reason=reason, why=kept["detail"])
    return new


@transaction.atomic
def remove(what: str, by: str, why: str = "") -> None:
    """Let this address or domain be mailed again; NotFound where it isn't suppressed."""
    domain, email = named(what)
    found: QuerySet[SuppressedDomain] | QuerySet[Suppression] = (
        SuppressedDomain.objects.filter(domain=domain)
        if domain
        else Suppression.objects.filter(email_hash=address_hash(email))
    )
    if not found.delete()[0]:
        raise NotFound(f"{domain or email} is not suppressed; nothing was changed.")
    audit(by, "took off suppression", _about(domain, email), why=why.strip()[:500])


def stopped_by(domain: str) -> int:
    """How many people are at this domain."""
    return Subscriber.objects.filter(at(domain), state=SubscriberState.ACTIVE).count()


def _about(domain: str, email: str) -> str:
    """What the audit log calls it; an address by its person, or by its hash: never by itself."""
    if domain:
        return domain[:200]
    person = Subscriber.objects.filter(email=email).first()
    return person.ref if person else f"address {address_hash(email)[:12]}"
