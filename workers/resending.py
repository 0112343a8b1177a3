"""Sending an update again, only to those of its audience who did not get it."""

from django.db import transaction

from digest.audit import audit
from digest.errors import Refused
from digest.models import Topic
from workers.audience import people
from workers.feedback import returns
from workers.models import Mailing, MailingKind, MailingState

_OVER = [MailingState.DONE, MailingState.CANCELLED]


def readers(original: Mailing) -> int:
    """How many would get it, now."""
    return people(_again(original)).count()


def could_be(mailing: Mailing) -> bool:
    """Whether there may be anybody to resend it to, as its counters know."""
    if refusal(mailing):
        return False
    cancelled = mailing.state == MailingState.CANCELLED and mailing.excluded > 0
    came = returns.of(mailing)
    return bool(cancelled or mailing.failed or came.bounced or came.dropped)


def resend(original: Mailing, by: str) -> Mailing:
    """A mailing of the same edition to them; Refused, in words, while the original moves, where it
    was resent already and where it is no update's."""
    if why := refusal(original):
        raise Refused(f"{why} Nothing was changed.")
    with transaction.atomic():
        # Of two at once one is refused.
        Topic.objects.select_for_update(no_key=True).get(pk=original.topic_id)
        if why := refusal(original):
            raise Refused(f"{why} Nothing was changed.")
        mailing = _again(original)
        mailing.save()
        audit(by, "resent mailing", str(original.id), mailing=mailing.id)
    return mailing


def refusal(original: Mailing) -> str:
    """Why it can't be resent now, or ""."""
    if original.kind not in {MailingKind.SCHEDULED, MailingKind.RESEND}:
        return "Only an update's mailing can be sent again to those who did not get it."
    if original.edition_id is None:
        return f"Mailing {original.id} was never made: there is nothing to send."
    if original.state not in _OVER:
        return f"Mailing {original.id} is {original.state}: wait for its end, or cancel the rest."
    if again := original.resent.order_by("id").first():
        return (
            f"Mailing {original.id} was sent again as mailing {again.id}; whoever did not get "
            "that one either gets it from there."
        )
    return ""


def _again(original: Mailing) -> Mailing:
    return Mailing(
        update=original.update,
        topic=original.topic,
        edition=original.edition,
        kind=MailingKind.RESEND,
        resends=original,
        audience=original.audience,
        rate=original.rate,
        state=MailingState.PREPARING,
        give_up_after=original.give_up_after,
    )
