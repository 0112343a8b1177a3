"""Title and preheader from headlines, by rule.  Pure functions."""

import re
from collections.abc import Sequence

LONGEST = 90
"""Characters in a title."""

PREHEADER = 120
"""Characters in a preheader: what phones and Gmail show beside a subject."""


BRIEF = 44
"""Characters of a headline of which two make a title."""

_LABEL = re.compile(
    r"^(?:breaking|exclusive|just in|live|opinion|report|review|updated?|video|watch)\s*[:|]\s+",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_SAYS = (
    r"(?:says|said|say|reports?|reported|announced|announces|tells|told|warns|warned|finds|shows)"
)
_TAILS = [
    # who said so
    re.compile(rf",\s+(?:[^,;:]+\s+)?{_SAYS}(?:\s[^,;:]*)?$"),
    re.compile(rf"\s+[–—-]\s+(?:[^–—;:]+\s+)?{_SAYS}$"),
    re.compile(r",?\s+according to\s.*$"),
    re.compile(r"\s+[–—|-]\s+[^–—|]*$"),
    # what went before, and what goes on meanwhile
    re.compile(
        r",?\s+(?:after|ahead of|although|amid|as|because|despite|even as|following|though|"
        r"whereas|while)\s.*$"
    ),
    re.compile(r",\s+(?:[^,;]|,(?=\d))*$"),
]
"""What a short headline does without, the least telling first.  Not "unless" and "until": without
them it would say something else."""

_OPENING = re.compile(
    r"^(?:after|although|amid|as|because|despite|following|though|while)\s(?:[^,]|,(?=\d))*,\s+",
    re.IGNORECASE,
)
_IT_WILL = re.compile(r"^(?P<who>.{2,40}?) (?:says|said|say) (?:that )?(?:it|they|he|she) will ")
_LEAST = 3
"""Words that any headline keeps."""


def brief(headline: str) -> str:
    """A long headline without label, asides, attribution and subordinate clauses.

    One that is short already stays as it is, and nothing is said that it didn't say.
    """
    made = _tidy(headline)
    if len(made) > BRIEF:
        made = _tidy(_ASIDE.sub("", _LABEL.sub("", made))) or made
    if len(made) > BRIEF:
        made = _IT_WILL.sub(r"\g<who> will ", made)
        rest = _OPENING.sub("", made)
        made = made if rest == made else rest[:1].upper() + rest[1:]
    for tail in _TAILS:
        if len(made) <= BRIEF:
            break
        shorter = _tidy(tail.sub("", made))
        if len(shorter.split()) >= _LEAST:
            made = shorter
    return made


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
