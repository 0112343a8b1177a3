"""What a mail's language decides: how dates are written, and in which direction."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError

from digest.rendering.view import Direction


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
