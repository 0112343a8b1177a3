"""Title and preheader from headlines, by rule.  Pure functions."""

from collections.abc import Sequence

LONGEST = 90
"""Characters in a title."""

PREHEADER = 120
"""Characters in a preheader: what phones and Gmail show beside a subject."""


def title(leads: Sequence[str], others: Sequence[str] = ()) -> str:
    """Short headlines of the leads joined by "; ".

    A single lead is joined by the next story where both fit, in the manner of
    "BuzzFeed sold for AI; agentic ads go primetime".
    """
    wanted = [*leads, *others[: max(0, 2 - len(leads))]]
    made = ""
    for headline in filter(None, map(_tidy, wanted)):
        joined = f"{made}; {headline}" if made else headline
        if len(joined) > LONGEST:
            break
        made = joined
    return made or shortened(_tidy(wanted[0]), LONGEST) if wanted else ""


def preheader(title_made: str, headlines: Sequence[str]) -> str:
    """What the title leaves out, as one line."""
    rest = [said for said in map(_tidy, headlines) if said and said not in title_made]
    return shortened("; ".join(rest), PREHEADER)


def _tidy(headline: str) -> str:
    return " ".join(headline.split()).rstrip(".;,: ")


def shortened(text: str, longest: int) -> str:
    """Cut at a word, with an ellipsis, to at most ``longest`` characters."""
    if len(text) <= longest:
        return text
    cut = text[: longest - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > longest // 2 else cut).rstrip(" ;,:") + "…"
