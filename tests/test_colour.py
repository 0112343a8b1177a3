"""A topic's accent, in light and dark."""

import pytest

from digest.errors import Refused
from digest.rendering.colour import contrast, palette


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#ffffff", "#000000", 21), ("#777777", "#ffffff", 4.48), ("#a8321f", "#a8321f", 1)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(one, other) == contrast(other, one)


@pytest.mark.parametrize(
    "accent", ["#a8321f", "#1F4FA8", "#006b4f", "#000000", "#6b2fa0", "#7a5000"]
)
def test_what_is_derived_can_be_read(accent: str) -> None:
    made = palette(accent)
    assert contrast(made.accent, made.tint) >= 4.5
    for behind in ("#1e1c19", "#141311", made.dark_tint):
        assert contrast(made.dark_accent, behind) >= 6
    assert contrast("#1c1a17", made.tint) >= 4.5
    assert contrast("#ece7dd", made.dark_tint) >= 4.5


def test_an_accent_that_can_not_be_read_is_refused_with_its_contrast() -> None:
    with pytest.raises(Refused, match=r"#f0a030 has a contrast of 1\.\d : 1.*darker"):
        palette("#f0a030")


@pytest.mark.parametrize("accent", ["", "red", "#abc", "#a8321f;x", "#a8321g"])
def test_what_is_no_colour_is_refused(accent: str) -> None:
    with pytest.raises(Refused, match="no colour"):
        palette(accent)
