"""A topic's accent in light and dark, from the one colour that its editor chose.

Contrast is that of WCAG 2.2 (relative luminance); 4.5 : 1 is asked of all text.
"""

import colorsys
import re
from dataclasses import dataclass
from functools import lru_cache

from digest.errors import Refused

TEXT = 4.5
"""The least contrast of text on what lies behind it."""

_COMFORT = 6.0  # the dark accent is ours to choose: a little more than the least
_CARD, _DARK_CARD = "#ffffff", "#1e1c19"
_PAPER, _DARK_PAPER = "#f5f3ee", "#141311"
_TINT, _DARK_TINT = 0.105, 0.15  # how much of the accent is in its tint

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Palette:
    """The accent and the tint behind "Why it matters", as #rrggbb."""

    accent: str
    tint: str
    dark_accent: str
    dark_tint: str


@lru_cache(maxsize=256)
def palette(accent: str) -> Palette:
    """Derived from the accent; Refused when it can't be read on white, paper or its tint."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        raise Refused(f"The accent {accent!r} is no colour; write it as #rrggbb, e.g. #a8321f.")
    accent = accent.lower()
    tint = _mixed(_CARD, accent, _TINT)
    worst = min(contrast(accent, behind) for behind in (_CARD, _PAPER, tint))
    if worst < TEXT:
        raise Refused(
            f"The accent {accent} has a contrast of {worst:.1f} : 1 where text needs {TEXT} : 1; "
            "nothing was changed. Choose a darker one."
        )
    dark_tint = _mixed(_DARK_CARD, accent, _DARK_TINT)
    dark = _lightened(accent, (_DARK_CARD, _DARK_PAPER, dark_tint))
    return Palette(accent, tint, dark, dark_tint)


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _lightened(colour: str, behind: tuple[str, ...]) -> str:
    hue, _, saturation = colorsys.rgb_to_hls(*_channels(colour))
    for lightness in range(40, 96):
        made = _hex(colorsys.hls_to_rgb(hue, lightness / 100, min(0.8, saturation * 1.15)))
        if all(contrast(made, dark) >= _COMFORT for dark in behind):
            return made
    raise AssertionError("near white stands out from near black")


def _mixed(ground: str, colour: str, share: float) -> str:
    pairs = zip(_channels(ground), _channels(colour), strict=True)
    red, green, blue = (a + (b - a) * share for a, b in pairs)
    return _hex((red, green, blue))


def _luminance(colour: str) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> Channels:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(channels: Channels) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)
