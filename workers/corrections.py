"""Corrections: a mail to those who got an update that said something wrong."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from digest import mails
from digest.audit import audit
from digest.errors import Refused
from digest.models import Topic, Update
from digest.rendering.view import CorrectionView
from workers.mailings import GIVE_UP
from workers.models import Delivery, Mailing, MailingKind, MailingState

_OVER = [MailingState.DONE, MailingState.CANCELLED]
_RUN = 2000  # originals that are looked up at once


def correct(update: Update, text: str, slugs: Sequence[str], by: str) -> Mailing:
    """Send a correction of a sent update to those of its readers who got it and still follow.

    ``text``: what was wrong and what is right, Markdown; ``slugs``: the briefings it is about.
    Refused, in words, while the update is still on its way, and where this was sent already.
    """
    original = original_of(update)
    edition = mails.correction(update, text, slugs, on=_today(update))
    with transaction.atomic():
        # Of two at once one is refused.
        Topic.objects.select_for_update(no_key=True).get(pk=update.topic_id)
        again = Mailing.objects.filter(edition=edition, kind=MailingKind.CORRECTION)
        if again.exclude(state=MailingState.CANCELLED).exists():
            raise Refused(f"This correction of {update.ref} is sent already; nothing was changed.")
        mailing = Mailing.objects.create(
            update=update,
            topic=update.topic,
            edition=edition,
            kind=MailingKind.CORRECTION,
            corrects=original,
            state=MailingState.PREPARING,
            give_up_after=GIVE_UP,
        )
        audit(by, "corrected update", update, mailing=mailing.id, briefings=list(slugs))
    return mailing


def looked_at(update: Update, text: str, slugs: Sequence[str]) -> CorrectionView:
    """What such a correction would say; Refused as ``correct`` is. Nothing is kept."""
    original_of(update)
    return mails.correction_view(update, text, slugs, on=_today(update))


def original_of(update: Update) -> Mailing:
    """The mailing whose readers a correction goes to; Refused while it is on its way."""
    original = Mailing.objects.filter(update=update, kind=MailingKind.SCHEDULED).first()
    if original is None or original.state not in _OVER:
        raise Refused(
            f"{update.ref} is not sent to its end: whoever gets it later would not get the "
            f"correction. Wait for it, or cancel the rest: digest cancel {update.ref}"
        )
    return original


def _today(update: Update) -> dt.date:
    return timezone.now().astimezone(ZoneInfo(update.topic.zone)).date()


class Originals:
    """What each reader of a mailing got: looked up in runs, as batches are in readers' order."""

    def __init__(self, mailing_id: int) -> None:
        self.mailing_id = mailing_id
        self._run: dict[int, tuple[int, int]] = {}

    def of(self, subscriber_id: int) -> tuple[int, int]:
        """Id and generation of the reader's delivery; KeyError where there is none."""
        if subscriber_id not in self._run:
            rows = Delivery.objects.filter(
                mailing=self.mailing_id, subscriber__gte=subscriber_id
            ).order_by("subscriber")
            found = rows.values_list("subscriber", "id", "generation")[:_RUN]
            self._run = {who: (delivery, generation) for who, delivery, generation in found}
        return self._run[subscriber_id]
