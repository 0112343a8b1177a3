"""A mailing's messages: its edition and headers prepared once, then one reader at a time.

The same delivery gives the same bytes whenever it is asked for: everything in them comes
from the edition, the mailing and what the delivery froze.
"""

import datetime as dt
from collections.abc import Mapping
from email.utils import format_datetime
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from digest import editions
from digest.clicks import linking
from digest.errors import Refused
from digest.keyed import Keyed
from digest.models import Edition, Stage, Update
from digest.rendering.tokens import Field, token
from subscribers.tokens import Purpose, make, make_for_address, path
from workers.corrections import Originals
from workers.dkim import SignedPieces, Signer
from workers.feedback import providers
from workers.feedback.providers import Provider
from workers.headers import Letterhead, MessageRefused, split_mailbox
from workers.https.account import AS_BY_SMTP, WHOLE
from workers.inbound.account import leaving_uri
from workers.inbound.source import source
from workers.ledger import Row
from workers.lint import lint
from workers.message import Pieces, Reader, message_id, prepare
from workers.models import Mailing, MailingKind
from workers.outbox import Envelope
from workers.routes.carriers import by_api, provider_of
from workers.routes.models import Route
from workers.verp import bounce_address

_UNATTENDED = {MailingKind.CONFIRM, MailingKind.WELCOME, MailingKind.LETTER}
_UNLISTED = {MailingKind.CONFIRM, MailingKind.LETTER}
"""Kinds that nobody can unsubscribe from: a confirmation has nothing to leave yet, and a letter
comes once, to whoever asked for it."""


_LINKS = {
    Field.UNSUBSCRIBE_URL: Purpose.UNSUBSCRIBE,
    Field.PREFERENCES_URL: Purpose.PREFERENCES,
    Field.CONFIRM_URL: Purpose.CONFIRM,
    Field.ACCOUNT_URL: Purpose.ACCOUNT,
    Field.MOVE_URL: Purpose.MOVE,
}
"""Fields that are addresses of pages, of which only a token differs by reader."""


_KEPT = 8  # mailings of which a process keeps the prepared pieces

_kept: "dict[tuple[int, str, Route | None], Letters]" = {}


def letters_of(mailing: Mailing, route: Route | None = None) -> "Letters":
    """The mailing's letters for a batch: prepared once for all, its first message looked over."""
    assert mailing.edition is not None, "a mailing that is sent has an edition"
    key = (mailing.id, mailing.edition.hash, route)
    if key not in _kept:
        while len(_kept) >= _KEPT:
            del _kept[next(iter(_kept))]
        _kept[key] = Letters(mailing, route)
    _kept[key].looked_at.clear()
    return _kept[key]


class Letters:
    """Makes the messages of one mailing, as they go by one route."""

    def __init__(self, mailing: Mailing, route: Route | None = None) -> None:
        assert mailing.edition is not None, "a mailing that is sent has an edition"
        self._mailing = mailing
        domain = _domain(mailing)
        self._bounces = settings.BOUNCE_DOMAIN or domain
        self._ids = _ids_domain(mailing)
        self._corrected = _Corrected(mailing.corrects) if mailing.corrects else None
        provider, api = provider_of(route), by_api(route)
        # Whoever writes the message signs it.
        whole = not api or provider in WHOLE
        self._signer = signer_of(domain) if whole else None
        self._tells = not api or provider in AS_BY_SMTP  # the message its delivery's tag
        self._provider = provider
        self._pieces: dict[str, Pieces | SignedPieces] = {}
        self.looked_at: set[str] = set()  # variants, since the batch began

    def envelope(self, row: Row) -> Envelope:
        """This reader's message; MessageRefused when their fields can't stand in one."""
        pieces = self._pieces_of(row.variant)
        message = pieces.join(reader := self._reader(row))
        if row.variant not in self.looked_at:
            # A batch's first one must show exactly what was meant; the others differ in no more
            # than their fields.
            if faults := lint(message, pieces.intended(reader), signed=self._signer is not None):
                raise ValueError(f"A message came out wrong: {'; '.join(faults[:3])}")
            self.looked_at.add(row.variant)
        sender = bounce_address(keys().bounces, row.id, self._bounces)
        tag = b"" if self._tells else self._tag(row)
        return Envelope(row.id, sender.encode(), row.address.encode(), message, tag)

    def message(self, row: Row) -> bytes:
        """The exact bytes handed over for this reader."""
        return self._pieces_of(row.variant).join(self._reader(row))

    def _pieces_of(self, variant: str) -> Pieces | SignedPieces:
        """The edition's pieces, prepared once; the mailing's own edition where there is no other
        of this variant: it was too heavy to go out, or the mail is not an update."""
        if variant not in self._pieces:
            edition = _edition(self._mailing, variant)
            try:
                pieces = _pieces(self._mailing, edition, self._provider if self._tells else None)
            except MessageRefused as problem:  # the edition's fault, and not this reader's
                raise ValueError(str(problem)) from problem
            self._pieces[variant] = SignedPieces(pieces, self._signer) if self._signer else pieces
        return self._pieces[variant]

    def _tag(self, row: Row) -> bytes:
        """What names the delivery to the route's provider; b"" where it has none."""
        if self._provider is None:
            return b""
        return providers.tag(keys().tags, self._provider, row.id).encode()

    def _reader(self, row: Row) -> Reader:
        mailing = self._mailing
        who = row.subscriber_id or 0  # a test to a colleague has links that lead nowhere
        topic, version = mailing.topic_id, row.token_version
        named = message_id(keys().messages, mailing.id, row.id, row.generation, self._ids)
        reader: dict[str, str | bytes] = {
            "address": row.address,
            "name": row.name,
            "date": _date(row.dated_at),
            "message_id": named.encode(),
            "unsubscribe": make(Purpose.UNSUBSCRIBE, who, topic, version).encode(),
            "preferences": make(Purpose.PREFERENCES, who, topic, version).encode(),
        }
        if self._tells:
            reader["tag"] = self._tag(row)
        if mailing.kind == MailingKind.CONFIRM:
            now = row.dated_at.timestamp()
            reader["confirm"] = make(Purpose.CONFIRM, who, topic, version, now).encode()
        elif mailing.kind == MailingKind.LETTER:
            now = row.dated_at.timestamp()
            reader["account"] = make(Purpose.ACCOUNT, who, topic, version, now).encode()
            reader["move"] = make_for_address(who, topic, version, row.address).encode()
        if self._corrected:
            reader["corrected"] = self._corrected.message_id(who)
        return reader


class _Corrected:
    """The messages that a correction follows."""

    def __init__(self, mailing: Mailing) -> None:
        self._originals, self._domain = Originals(mailing.id), _ids_domain(mailing)

    def message_id(self, who: int) -> bytes:
        """Of the message that this reader got; MessageRefused where there is none."""
        try:
            delivery, generation = self._originals.of(who)
        except KeyError:
            raise MessageRefused("References", "has no message to name") from None
        mailing_id = self._originals.mailing_id
        return message_id(keys().messages, mailing_id, delivery, generation, self._domain).encode()


def _edition(mailing: Mailing, variant: str) -> Edition:
    own = mailing.edition
    assert own is not None, "a mailing that is sent has an edition"
    if own.kind != "update" or own.variant == variant or mailing.update is None:
        return own
    return editions.frozen(mailing.update, variant) or own


def _domain(mailing: Mailing) -> str:
    """That of the From."""
    assert mailing.edition is not None, "a mailing that is sent has an edition"
    return split_mailbox("From", mailing.edition.sender)[1].rpartition("@")[2]


def _ids_domain(mailing: Mailing) -> str:
    """That of the Message-IDs."""
    return settings.MESSAGE_ID_DOMAIN or _domain(mailing)


class Keys(NamedTuple):
    """What makes names of messages that nobody else can make."""

    messages: Keyed  # Message-IDs
    bounces: Keyed  # envelope senders
    tags: Keyed  # what a provider repeats with its events
    events: Keyed  # what is kept of an event of nobody we know


@cache
def keys() -> Keys:
    return Keys(
        *(
            Keyed(settings.SECRET_KEY, f"workers.{use}")
            for use in ("message_id", "verp", "tag", "event")
        )
    )


def signer_of(sender: str) -> Signer | None:
    """Who signs mails from this domain; None where they are not signed. Refused in words."""
    return _signer(_signing_domain(sender))


def _signing_domain(sender: str) -> str:
    """Of the domains that have a key, the one that the sender's is or is in, so that the two are
    aligned (RFC 7489 3.1.1); else the first. "" where mails are not signed."""
    domains = [name.strip().lower() for name in settings.DKIM_DOMAIN.split(",")]
    inside = f".{sender.lower()}"
    return next((name for name in domains if inside.endswith(f".{name}")), domains[0])


@cache
def _signer(domain: str) -> Signer | None:
    """The domain's DKIM key, where one is set; Refused in words when it can't sign."""
    if not (domain and settings.DKIM_SELECTOR and settings.DKIM_KEY_FILE):
        return None
    path = Path(str(settings.DKIM_KEY_FILE).replace("{domain}", domain))
    try:
        return Signer(domain, settings.DKIM_SELECTOR, path.read_bytes())
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise Refused(
            f"DKIM_KEY_FILE {path}: {why}; nothing was sent, the messages "
            "wait. Mend the file, or unset DKIM_DOMAIN."
        ) from None


def _pieces(mailing: Mailing, edition: Edition, provider: Provider | None) -> Pieces:
    """The edition with its links spelled out, but for the reader's token in each."""
    nonce = edition.nonce
    links = {token(field, nonce): _link(purpose, nonce) for field, purpose in _LINKS.items()}
    names = {token(Field.NAME, nonce): "name", token(Field.ADDRESS, nonce): "address"}
    names |= {_reader_token(purpose, nonce): _field(purpose) for purpose in _LINKS.values()}
    names[_corrected_token(nonce)] = "corrected"
    headers = _letterhead(mailing, edition).headers()
    if provider:
        names[_tag_token(nonce)] = "tag"
        headers += providers.field(provider, _tag_token(nonce), settings.SES_CONFIGURATION_SET)
    return prepare(
        subject=_replaced(edition.subject, links),
        html=_replaced(
            linking.counted_html(edition), {known: escape(link) for known, link in links.items()}
        ),
        text=_replaced(edition.text, links),
        headers=[(name, _replaced(value, links)) for name, value in headers],
        tokens=names,
        secret=settings.SECRET_KEY.encode(),
    )


def _replaced(content: str, values: Mapping[str, str]) -> str:
    for known, value in values.items():
        content = content.replace(known, value)
    return content


def _link(purpose: Purpose, nonce: str) -> str:
    return f"{settings.BASE_URL}{path(purpose, _reader_token(purpose, nonce))}"


def _reader_token(purpose: Purpose, nonce: str) -> str:
    return f"__{nonce}_{purpose.name}_TOKEN__"


def _corrected_token(nonce: str) -> str:
    return f"__{nonce}_CORRECTED__"


def _tag_token(nonce: str) -> str:
    return f"__{nonce}_TAG__"


def _field(purpose: Purpose) -> str:
    return purpose.name.lower()


def _letterhead(mailing: Mailing, edition: Edition) -> Letterhead:
    topic, update, base = mailing.topic, mailing.update, settings.BASE_URL
    listed = mailing.kind not in _UNLISTED
    number = f"u{update.number or 0}" if update else "u0"
    sender = split_mailbox("From", edition.sender)[1]
    return Letterhead(
        sender=edition.sender,
        language=edition.view["lang"],
        list_id=f"topic-{topic.pk}.{sender.rpartition('@')[2]}",
        unsubscribe=token(Field.UNSUBSCRIBE_URL, edition.nonce) if listed else "",
        unsubscribe_mailto=_unsubscribe_mailto(edition),
        help_uri=f"{base}/subscribe/",
        archive_uri=f"{base}{topic.get_absolute_url()}",
        owner=sender,
        archived_at=f"{base}{update.get_absolute_url()}" if update and _is_archived(update) else "",
        feedback_id=f"{number}:{topic.slug}:{mailing.kind}:digest",
        unattended=_is_unattended(mailing),
        corrects=_corrected_token(edition.nonce) if mailing.corrects_id else "",
    )


def _unsubscribe_mailto(edition: Edition) -> str:
    address = source(settings.INBOUND_URL).address if settings.INBOUND_URL else ""
    if not address:
        return ""
    token = _reader_token(Purpose.UNSUBSCRIBE, edition.nonce)
    return leaving_uri(address, token)


def _is_archived(update: Update) -> bool:
    """Whether the web shows it, or will once it is out: not a draft, even if it has a number."""
    return update.stage in {Stage.APPROVED, Stage.SENT}


def _is_unattended(mailing: Mailing) -> bool:
    """Whether no person sent it (RFC 3834): tests and corrections are always somebody's."""
    if mailing.kind in {MailingKind.TEST, MailingKind.CORRECTION}:
        return False
    return mailing.kind in _UNATTENDED or bool(mailing.update and mailing.update.unattended)


@lru_cache(maxsize=64)
def _date(when: dt.datetime) -> bytes:
    return format_datetime(when).encode()
