"""What a topic's language decides: the words of our own, how dates are written, the direction.

The words are gettext's: English in the templates, every other language a catalogue in
``templates/locale/`` (``de.po``). Mails and readers' pages have them from here alike.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import get_datetime_format
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from digest.errors import Refused
from digest.rendering.view import Direction

CATALOGUES = Path(__file__).resolve().parents[2] / "templates" / "locale"


_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}", re.ASCII)


def tag(text: str) -> str:
    """A BCP 47 tag, cased as RFC 5646 2.1.1 recommends; ``en_gb`` is ``en-GB``.

    Refused where it is none: it goes into headers and attributes.
    """
    spelt = text.replace("_", "-")
    if not _TAG.fullmatch(spelt):
        raise Refused(
            f"{text!r} is no language; nothing was changed. Write a tag as in en or pt-BR (BCP 47)."
        )
    first, *rest = spelt.split("-")
    return "-".join([first.lower(), *(_subtag(part) for part in rest)])


def _subtag(part: str) -> str:
    return part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part.lower()


@lru_cache(maxsize=64)
def locale(lang: str) -> Locale:
    """The locale of a BCP 47 tag; English as the British write it where it is unknown."""
    try:
        return Locale.parse("en-GB" if lang in {"", "en"} else lang, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en", "GB")


def direction(lang: str) -> Direction:
    """How the language is written."""
    return "rtl" if locale(lang).text_direction == "rtl" else "ltr"


def words(lang: str) -> NullTranslations:
    """The catalogue of a BCP 47 tag: of ``de-AT`` that of ``de``; English where there is none."""
    return _catalogue(lang) or _ENGLISH


def has_words(lang: str) -> bool:
    """Whether we speak this language, English among them."""
    return lang.partition("-")[0].lower() == "en" or _catalogue(lang) is not None


def offered() -> dict[str, str]:
    """The languages that we speak, each by its own name."""
    tags = ["en", *sorted(path.stem for path in CATALOGUES.glob("*.po"))]
    return {tag: (locale(tag).language_name or tag).title() for tag in tags}


def _catalogue(lang: str) -> NullTranslations | None:
    tag = lang
    while tag:
        if (found := _catalogues().get(tag.lower())) is not None:
            return found
        tag = tag.rpartition("-")[0]
    return None


def listed(names: Sequence[str], lang: str) -> str:
    """ "A, B and C", in the language."""
    return format_list(names, locale=locale(lang))


def shared(langs: Iterable[str]) -> str:
    """The one language of all of these; English where they are several, or none."""
    spoken = set(langs)
    return spoken.pop() if len(spoken) == 1 else "en"


def message(english: str) -> str:
    """The same: marks a text that is translated elsewhere, for ``scripts/catalogues.py``."""
    return english


def joined(day: str, time: str, lang: str) -> str:
    """A day and a time as the language puts them together: "17 May, 15:00"."""
    return str(get_datetime_format("medium", locale=locale(lang))).format(time, day)


_ENGLISH = NullTranslations()


@lru_cache(maxsize=1)
def _catalogues() -> dict[str, NullTranslations]:
    """Every catalogue by its tag, in lower case; read once, at the first word."""
    return {path.stem.lower(): _read(path) for path in CATALOGUES.glob("*.po")}


def _read(path: Path) -> NullTranslations:
    """What msgfmt would make of it, in memory: whoever adds a language needs no such tool."""
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=path.stem.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)
