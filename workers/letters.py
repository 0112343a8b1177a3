"""A mailing's messages: its edition and headers prepared once, then one reader at a time.

The same delivery gives the same bytes whenever it is asked for: everything in them comes
from the edition, the mailing and what the delivery froze.
"""

import datetime as dt
from email.utils import format_datetime
from functools import cache, lru_cache

from django.conf import settings

from digest.errors import Refused
from digest.models import Edition, from_address
from digest.rendering.tokens import Field, token, tokens
from subscribers.tokens import Purpose, make, path
from workers.dkim import SignedPieces, Signer
from workers.headers import Letterhead, split_mailbox
from workers.ledger import Row
from workers.lint import lint
from workers.message import Pieces, Reader, message_id, prepare
from workers.models import Mailing, MailingKind
from workers.outbox import Envelope
from workers.verp import bounce_address

_UNATTENDED = {MailingKind.CONFIRM, MailingKind.WELCOME}
_LISTED = {MailingKind.SCHEDULED, MailingKind.RESEND, MailingKind.CORRECTION, MailingKind.TEST}
"""Kinds that a reader can unsubscribe from; a confirmation has nothing to leave yet."""


class Letters:
    """Makes the messages of one mailing."""

    def __init__(self, mailing: Mailing) -> None:
        assert mailing.edition is not None, "a mailing that is sent has an edition"
        self._mailing, self._edition = mailing, mailing.edition
        _, sender = split_mailbox("From", from_address(mailing.topic))
        domain = sender.rpartition("@")[2]
        self._bounces = settings.BOUNCE_DOMAIN or domain
        self._ids = settings.MESSAGE_ID_DOMAIN or domain
        self._secret = settings.SECRET_KEY.encode()
        pieces = _pieces(mailing, self._edition, sender, self._secret)
        signer = _signer()
        self._signed = signer is not None
        self._pieces = SignedPieces(pieces, signer) if signer else pieces
        self._linted = False

    def envelope(self, row: Row) -> Envelope:
        """This reader's message; MessageRefused when their fields can't stand in one."""
        message = self._pieces.join(reader := self._reader(row))
        if not self._linted:
            # Once a batch: what was made must show exactly what was meant.
            if faults := lint(message, self._pieces.intended(reader), signed=self._signed):
                raise ValueError(f"A message came out wrong: {'; '.join(faults[:3])}")
            self._linted = True
        sender = bounce_address(self._secret, row.id, self._bounces)
        return Envelope(row.id, sender.encode(), row.address.encode(), message)

    def message(self, row: Row) -> bytes:
        """The exact bytes handed over for this reader."""
        return self._pieces.join(self._reader(row))

    def _reader(self, row: Row) -> Reader:
        mailing = self._mailing
        who = row.subscriber_id or 0  # a test to a colleague has links that lead nowhere
        topic, version = mailing.topic_id, row.token_version
        reader = {
            "address": row.address,
            "name": row.name,
            "date": _date(row.dated_at),
            "message_id": message_id(self._secret, mailing.id, row.id, row.generation, self._ids),
            Field.NAME: row.name,
            Field.ADDRESS: row.address,
            Field.UNSUBSCRIBE_URL: _url(Purpose.UNSUBSCRIBE, who, topic, version),
            Field.PREFERENCES_URL: _url(Purpose.PREFERENCES, who, topic, version),
        }
        if mailing.kind == MailingKind.CONFIRM:
            reader[Field.CONFIRM_URL] = _url(
                Purpose.CONFIRM, who, topic, version, row.dated_at.timestamp()
            )
        return reader


@cache
def _signer() -> Signer | None:
    """The domain's DKIM key, where one is set; Refused in words when it can't sign."""
    if not (settings.DKIM_DOMAIN and settings.DKIM_SELECTOR and settings.DKIM_KEY_FILE):
        return None
    try:
        pem = settings.DKIM_KEY_FILE.read_bytes()
        return Signer(settings.DKIM_DOMAIN, settings.DKIM_SELECTOR, pem)
    except (OSError, ValueError) as problem:
        raise Refused(
            f"DKIM_KEY_FILE {settings.DKIM_KEY_FILE}: {problem}; nothing was sent, the messages "
            "wait. Mend the file, or unset DKIM_DOMAIN."
        ) from None


def _pieces(mailing: Mailing, edition: Edition, sender: str, secret: bytes) -> Pieces:
    return prepare(
        subject=edition.subject,
        html=edition.html,
        text=edition.text,
        headers=_letterhead(mailing, edition, sender).headers(),
        tokens={name: field.value for name, field in tokens(edition.nonce).items()},
        secret=secret,
    )


def _letterhead(mailing: Mailing, edition: Edition, sender: str) -> Letterhead:
    topic, update, base = mailing.topic, mailing.update, settings.BASE_URL
    listed = mailing.kind in _LISTED
    number = f"u{update.number or 0}" if update else "u0"
    return Letterhead(
        sender=from_address(topic),
        language=topic.language,
        list_id=f"topic-{topic.pk}.{sender.rpartition('@')[2]}",
        unsubscribe=token(Field.UNSUBSCRIBE_URL, edition.nonce) if listed else "",
        help_uri=f"{base}/subscribe/",
        archive_uri=f"{base}{topic.get_absolute_url()}",
        owner=sender,
        archived_at=f"{base}{update.get_absolute_url()}" if update and update.number else "",
        feedback_id=f"{number}:{topic.slug}:{mailing.kind}:digest",
        unattended=mailing.kind in _UNATTENDED or bool(update and update.unattended),
    )


def _url(purpose: Purpose, who: int, topic: int, version: int, now: float | None = None) -> str:
    return settings.BASE_URL + path(purpose, make(purpose, who, topic, version, now))


@lru_cache(maxsize=64)
def _date(when: dt.datetime) -> str:
    return format_datetime(when)
