"""Whether every text stands out from what lies behind it, in light and in dark (WCAG 2.2)."""

from collections.abc import Iterator

from digest.checks.cascade import LOOKS, shown
from digest.checks.findings import Context, Finding, Level, Place
from digest.rendering.colour import TEXT, contrast
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView

NAME = "contrast"

UNREADABLE = 3.0
"""Below this hardly anybody reads on; between it and ``TEXT`` some readers don't."""


def check(_view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Blocks on text that can't be read, warns below 4.5 : 1; else says what the least is."""
    least = dict.fromkeys(LOOKS, 21.0)
    for look, (text, behind), words in shown(email.html):
        ratio = contrast(text, behind)
        least[look] = min(least[look], ratio)
        if ratio < TEXT:
            yield Finding(
                NAME,
                Level.BLOCK if ratio < UNREADABLE else Level.WARN,
                f"“{words}” has a contrast of {ratio:.1f} : 1 in {look} ({text} on {behind}); "
                f"text needs {TEXT} : 1.",
                "Choose another accent for the topic, or mend the colours in the template.",
                place=Place.TOPIC,
                part="accent",
            )
    if min(least.values()) >= TEXT:
        said = ", ".join(f"{ratio:.1f} : 1 in {look}" for look, ratio in least.items())
        yield Finding(NAME, Level.OK, f"The least contrast of text is {said}.")
