"""An editor gives a draft its partner block, changes it, or takes it away."""

import hashlib
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from django.db.models import Field

from digest import fitting
from digest.editing import editing
from digest.errors import Refused
from digest.models import Update
from digest.partners import PartnerBlock, Place
from digest.pictures import Picture
from digest.rendering.language import words

LONGEST = 2000
"""Characters of its text; a story that is read to its end has 900."""


@dataclass(frozen=True, slots=True)
class Partner:
    """What a partner block is to say; ``text`` is Markdown."""

    label: str
    name: str
    text: str
    url: str
    place: str = Place.FIRST
    picture: Picture | None = None
    alt: str = ""


def set_partner(update: Update, said: Partner, by: str, *, over: str | None = None) -> None:
    """Give the draft this partner block in place of any other; Refused where a part is missing.

    ``over``: the ``mark`` of the one that whoever writes has seen; another one is not replaced.
    """
    _refuse_incomplete(said)
    values = {field.name: getattr(said, field.name) for field in fields(said)}
    with editing(update, by, "wrote", "the partner block"):
        if over is not None and over != mark(update):
            raise Refused(
                "Somebody else has changed the partner block since you opened it; theirs stands. "
                "Your words are in its form: saving again puts them over theirs."
            )
        PartnerBlock.objects.update_or_create(update=update, defaults=values)


def mark(update: Update) -> str:
    """What stands for the draft's partner block as it is."""
    row = PartnerBlock.objects.filter(update=update).values_list().first()
    return hashlib.sha256(repr(row).encode()).hexdigest()[:16]


def remove_partner(update: Update, by: str) -> None:
    """Take the partner block away."""
    with editing(update, by, "removed", "the partner block"):
        PartnerBlock.objects.filter(update=update).delete()


def labels(lang: str) -> list[str]:
    """What such a block may be called in the readers' language; the first is the usual one."""
    _ = words(lang).gettext
    return [_("Partner"), _("Advertisement"), _("Sponsored")]


def _refuse_incomplete(said: Partner) -> None:
    for name in ("label", "name", "text", "url"):
        if not getattr(said, name).strip():
            raise Refused(
                f"The partner block has no {_WORDS[name]}; nothing was changed. Write it, or "
                "remove the block."
            )
    for name in ("label", "name", "url", "alt"):
        fitting.refuse_line(f"The partner’s {_WORDS[name]}", getattr(said, name), _length(name))
    fitting.refuse_text("The partner’s text", said.text, LONGEST)
    if not _is_page(said.url):
        raise Refused(
            f"“{said.url[:80]}” is no whole address of a page; nothing was changed. It begins with "
            "https:// and names a host."
        )
    if said.place not in Place.values:
        raise Refused("Say where the partner block stands; nothing was changed.")


_WORDS = {
    "label": "label",
    "name": "name",
    "text": "text",
    "url": "link",
    "alt": "picture’s description",
}


def _length(name: str) -> int:
    field = PartnerBlock._meta.get_field(name)  # noqa: SLF001 - Django's own way to ask
    assert isinstance(field, Field)
    return field.max_length or 0


def _is_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and not url.split()[1:]
