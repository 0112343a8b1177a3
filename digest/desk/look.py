"""How an editor looks at an update: as which program shows it, in which variant, as whose.

What was chosen last stays chosen while one works, so that it is kept in the session: each change
of the draft leads back to the page. A reader is chosen by a POST alone (``look_as``), which the
audit log keeps; an address can only let go of them.
"""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest

from digest.depths import Depths
from digest.models import Update

_KEPT = "look"


class Way(Enum):
    """As which program: the tab's name, the frame's width in pixels, and what is shown."""

    PHONE = "phone", "Phone", 375, "A phone, 375 pixels wide."
    DESKTOP = "desktop", "Desktop", 680, "A desktop window, 680 pixels wide."
    DARK = "dark", "Dark", 375, "A phone that asks for the dark look."
    INVERTED = "inverted", "Inverted", 375, "Approximate: each program has a way of its own."
    BARE = "bare", "No pictures", 375, "Pictures switched off, as many programs begin."
    TEXT = "text", "Text", 375, "The plain text that every mail carries too."

    def __init__(self, key: str, label: str, width: int, words: str) -> None:
        self.key = key
        self.label = label
        self.width = width
        self.words = words


class Tab(NamedTuple):
    """A choice, the address that makes it, and whether it is made."""

    label: str
    url: str
    current: bool


def wanted(request: HttpRequest) -> tuple[Way, Depths]:
    """The way and the variant that the address asks for; a phone's, as arranged, by default."""
    return _way(request.GET.get("show", "")), _variant(request.GET.get("variant", ""))


class Look:
    """What is chosen on a page of this update, and what may be chosen instead."""

    def __init__(self, request: HttpRequest, update: Update, place: str = "") -> None:
        kept = request.session.get(_KEPT, {})
        said = {name: request.GET.get(name, kept.get(name, "")) for name in ("show", "variant")}
        self.way = _way(said["show"])
        self.variant = _variant(said["variant"])
        self.reader = "" if request.GET.get("reader") == "" else kept.get("reader", "")
        self.update = update
        self.home = f"/desk/{update.ref}/"
        self._here = f"{self.home}{place}"
        chosen = {"show": self.way.key, "variant": self.variant.value, "reader": self.reader}
        if chosen != kept and any(name in request.GET for name in _NAMES):
            request.session[_KEPT] = chosen

    @staticmethod
    def look_as(request: HttpRequest, reader: int) -> None:
        """From now on as this reader; the caller keeps it in the audit log."""
        request.session[_KEPT] = {**request.session.get(_KEPT, {}), "reader": str(reader)}

    @staticmethod
    def is_as(request: HttpRequest, reader: str) -> bool:
        """Whether this reader was chosen."""
        return bool(reader) and request.session.get(_KEPT, {}).get("reader") == reader

    @property
    def ways(self) -> Iterator[Tab]:
        """The programs."""
        for way in Way:
            yield Tab(way.label, self._url(show=way.key), way is self.way)

    @property
    def variants(self) -> Iterator[Tab]:
        """How items are shown."""
        for one in Depths:
            yield Tab(one.label, self._url(variant=one.value), one is self.variant)

    @property
    def frame(self) -> str:
        """What stands in the frame."""
        return self._frame(self.home, self.update)

    def frame_of(self, other: Update) -> str:
        """What stands in the frame of another update, looked at in the same way."""
        return self._frame(f"/desk/{other.ref}/", other)

    @property
    def asked(self) -> str:
        """The same look, as a query."""
        return urlencode({"show": self.way.key, "variant": self.variant.value})

    @property
    def as_nobody(self) -> str:
        """The address that shows it as no given reader gets it."""
        return self._url(reader="")

    def _frame(self, home: str, update: Update) -> str:
        if not self.reader:
            return f"{home}preview/?{self.asked}"
        about = urlencode({"update": update.ref})
        return f"/people/{self.reader}/preview/?{about}&{self.asked}"

    def _url(self, **other: str) -> str:
        chosen = {"show": self.way.key, "variant": self.variant.value}
        return f"{self._here}?{urlencode(chosen | other)}"


_NAMES = ("show", "variant", "reader")


def _way(key: str) -> Way:
    return next((way for way in Way if way.key == key), Way.PHONE)


def _variant(name: str) -> Depths:
    return Depths(name) if name in Depths.values else Depths.ARRANGED
