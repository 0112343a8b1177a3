"""Pairs that an editor is asked about: likely one story, and the sentence in which they differ."""

from collections.abc import Sequence

from digest.assembly import BELOW_THE_LINE, Assembly
from digest.briefings import Briefing
from digest.changes import sentences
from digest.folding import Pair
from digest.parts import BriefingData
from digest.same_story.signature import signature

MOST = 12
"""Pairs that one draft asks about, the likeliest first."""


def asked(pairs: Sequence[Pair], made: Assembly) -> list[dict[str, str]]:
    """Pairs of which one is in the draft, and the other there, below the line or told before."""
    inside = {one.candidate.id for one in made.items}
    outside = {one.candidate.id for one in made.left_out if one.code not in BELOW_THE_LINE}
    open_pairs = [
        pair
        for pair in pairs
        if {pair.one.id, pair.into.id} & inside and not {pair.one.id, pair.into.id} & outside
    ][:MOST]
    wanted = {one.id for pair in open_pairs for one in (pair.one, pair.into)}
    rows = Briefing.objects.select_related("topic").in_bulk(wanted)
    return [
        {
            "slug": pair.one.slug,
            "headline": pair.one.headline,
            "into": pair.into.slug,
            "into_headline": pair.into.headline,
            "why": pair.judged.why,
            "differs": differing(rows[pair.into.id].data, rows[pair.one.id].data),
        }
        for pair in open_pairs
    ]


def differing(known: BriefingData, other: BriefingData) -> str:
    """The sentence of the other that says most of what the known one doesn't."""
    had = signature(known)
    said = {*had.words, *had.numbers}

    def news(sentence: str) -> int:
        own = signature(other.model_copy(update=_nothing_but(sentence)))
        return len({*own.words, *own.numbers} - said)

    text = sentences("\n".join([other.summary, other.key_takeaway, other.body]))
    return max((one for one in text if one.strip()), key=news, default="")


def _nothing_but(sentence: str) -> dict[str, str]:
    return {"headline": sentence, "summary": "", "key_takeaway": "", "body": ""}
