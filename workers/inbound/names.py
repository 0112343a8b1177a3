"""By what a mail may name a message of ours, the surest first. Nothing of it is believed here:
each name carries a proof that whoever acts on it looks at.  Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message

MOST = 20
"""Names of a kind that are looked at."""

_SENDER = re.compile(rb"bounce\+[0-9a-f]{1,16}-[0-9a-f]{20}@", re.IGNORECASE)
_ID = rb"[0-9a-f]{1,16}\.[0-9a-f]{1,4}\.[0-9a-f]{32}@"
_RETURNED_ID = re.compile(rb"^[ \t>]*(?:x-)?(?:original-)?message-?id[ \t]*:\s*<?(" + _ID + b")",
                          re.IGNORECASE | re.MULTILINE)  # fmt: skip
_ANY_ID = re.compile(rb"<(" + _ID + b")", re.IGNORECASE)
_LEAVING = re.compile(
    rb"^[ \t>]*list-unsubscribe[ \t]*:\s*<https?://[^<>\s]*/unsubscribe/([\w-]{40})/?>",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class Names:
    """As they stand there."""

    senders: tuple[str, ...] = ()  # envelope senders (verp.py)
    message_ids: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()  # of links to leave: theirs who say that they were forwarded to


def names_in(mail: bytes, parsed: Message, to: Sequence[str] = ()) -> Names:
    """Those in the envelope, the header, and what came back. ``to``: the envelope's recipients.

    Of Message-IDs that of the mail that came back goes before those that this one answers, for
    a correction answers another mail of ours.
    """
    head, _, body = mail.replace(b"\r\n", b"\n").partition(b"\n\n")
    places = ["\n".join(to).encode("utf-8", "replace"), head, body, *_decoded(parsed)]
    texts = places[2:]
    return Names(
        senders=_some(one for text in places for one in _SENDER.findall(text)),
        message_ids=_some([
            *(one for text in texts for one in _RETURNED_ID.findall(text)),
            *reversed(_ANY_ID.findall(head)),
        ]),
        tokens=_some(one for text in texts for one in _LEAVING.findall(text)),
    )  # fmt: skip


def _decoded(parsed: Message) -> list[bytes]:
    """What came back, where it is encoded."""
    encoded = ("base64", "quoted-printable")
    return [
        content.replace(b"\r\n", b"\n")
        for part in parsed.walk()
        if str(part.get("Content-Transfer-Encoding", "")).strip().lower() in encoded
        and isinstance(content := part.get_payload(decode=True), bytes)
    ]


def _some(found: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(one.decode("ascii") for one in list(dict.fromkeys(found))[:MOST])
