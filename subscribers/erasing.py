"""Forgetting a person who asks for it."""

import datetime as dt
import json
import re

from django.db import transaction
from django.db.models import F, Q, TextField
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from digest.audit import AuditEntry, audit
from digest.models import Topic
from digest.requesting import RequestedTest
from subscribers import addresses
from subscribers.importing import forgetting
from subscribers.models import (
    Consent,
    Subscriber,
    SubscriberState,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from subscribers.requested import (
    AddressChange,
    ConfirmationRequest,
    LetterRequest,
    LinksRequest,
    SignupRequest,
    WelcomeRequest,
)


@transaction.atomic
def erase(person: Subscriber, by: str, now: dt.datetime | None = None) -> bool:
    """Forget who this is; False where that was done before.

    What stays: the emptied row, so that what was sent still adds up; when they came and left,
    for the same reason; and the hash of the address, which keeps lists from bringing them back.
    They themselves may sign up again, as somebody new. A mailing that is under way leaves them
    out; links in mails sent before lead nowhere.
    """
    now = now or timezone.now()
    one = Subscriber.objects.select_for_update().get(id=person.id)
    if one.state == SubscriberState.ERASED:
        return False
    _suppress(one.email_hash, by, now)
    if one.email:
        _strike_out(one, one.email)
    empty(one, now)
    audit(by, "erased subscriber", one.ref)
    return True


def empty(one: Subscriber, now: dt.datetime) -> None:
    """Take out of a person's rows who they are, and out of those of the mails they got."""
    _drop_letters(one)
    _empty_rows(one, now)
    Subscriber.objects.filter(id=one.id).update(
        email=None,
        email_hash="",  # or this row could be told to be theirs, by whoever knows the address
        name="",
        state=SubscriberState.ERASED,
        token_version=F("token_version") + 1,
        country="",
        language="",
        zone="",
        depth="",
        attributes={},
        source="",
        erased_at=now,
    )


def _suppress(email_hash: str, by: str, now: dt.datetime) -> None:
    """Remember the hash; an earlier reason stays, for a complaint says more, but not its words, nor
    who put it there, for whoever takes that back must not bring them back too."""
    _, new = Suppression.objects.get_or_create(
        email_hash=email_hash,
        defaults={"reason": SuppressionReason.ERASED, "by": by, "created_at": now},
    )
    if not new:
        Suppression.objects.filter(email_hash=email_hash).update(detail="", by=by)


def _strike_out(person: Subscriber, email: str) -> None:
    """Take the address out of what staff did, and with it their own words about the person."""
    about = {person.ref, f"address {person.email_hash[:12]}"}
    told = AuditEntry.objects.annotate(said=Cast("detail", TextField()))
    for entry in told.filter(Q(about__in=about) | Q(said__icontains=email)):
        kept = {key: one for key, one in entry.detail.items() if key != "why"}
        detail = json.dumps(kept if entry.about in about else entry.detail)
        struck = re.sub(addresses.mention(email), "(erased)", detail, flags=re.IGNORECASE)
        AuditEntry.objects.filter(id=entry.id).update(detail=json.loads(struck))
    _forget_tests(person, email)
    forgetting.forget(email)


def _forget_tests(person: Subscriber, email: str) -> None:
    """Tests of updates go to addresses, whosever they are."""
    asked = RequestedTest.objects.annotate(said=Cast("addresses", TextField()))
    for test in asked.filter(said__icontains=email):
        others = [address for address in test.addresses if address.lower() != email]
        RequestedTest.objects.filter(id=test.id).update(addresses=others)
    for name in ("testers", "colleagues"):
        offering = Topic.objects.annotate(said=Cast(name, TextField()))
        for topic_id, offered in offering.filter(said__icontains=email).values_list("id", name):
            others = [address for address in offered if address.lower() != email]
            Topic.objects.filter(id=topic_id).update(**{name: others})
    # One mailing has each address once, and so must what stands there instead.
    for mail in person.deliveries.model.objects.filter(subscriber=None, address__iexact=email):
        mail.address, mail.answer = f"erased {mail.id}", ""
        mail.save(update_fields=["address", "answer"])


def _drop_letters(person: Subscriber) -> None:
    for asked in (ConfirmationRequest, WelcomeRequest):
        asked.objects.filter(subscription__subscriber=person).delete()
    LetterRequest.objects.filter(subscriber=person).delete()
    LinksRequest.objects.filter(email=person.email).delete()
    AddressChange.objects.filter(subscriber=person).delete()
    SignupRequest.objects.filter(email=person.email).delete()


def _empty_rows(person: Subscriber, now: dt.datetime) -> None:
    person.tags.all().delete()
    Consent.objects.filter(subscription__subscriber=person).delete()
    Subscription.objects.filter(subscriber=person).update(
        state=SubscriptionState.UNSUBSCRIBED,
        left_at=Coalesce(F("left_at"), now),
        left_why="",
        consent="",
        paused_until=None,
    )
    # Deliveries stand in a higher room; their relation is followed by name. A relay's answer
    # often repeats the address, and so does what came back.
    person.deliveries.update(address="", name="", answer="")
    person.returned.update(words="")
