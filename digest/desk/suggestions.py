"""What the form of a briefing suggests: words in use already, and stories that are told already."""

import datetime as dt
from typing import Any

from digest import closing
from digest.briefings import Briefing
from digest.models import Topic
from digest.parts import BriefingData
from digest.same_story import signature
from digest.same_story.verdict import DAYS, Verdict, compare

SUGGESTED = 50
"""Tags, statuses and kinds that are offered while typing."""

LOOKED_AT = 150
"""Briefings, the nearest in time, among which a story may be told already."""

MOST = 3
"""Of those, how many are named."""


def known(topic: Topic) -> dict[str, Any]:
    """Words that this topic's briefings use already; any other may be typed.

    Statuses come with whether they close a story.
    """
    recent = list(topic.briefings.order_by("-pk").values_list("tag", "status", "analysis")[:200])
    kinds = {part.get("kind") for *_, analysis in recent for part in analysis.get("next", [])}
    statuses = _sorted({status for _, status, _ in recent} | set(topic.closing))
    return {
        "tag": _sorted({tag for tag, *_ in recent}),
        "status": [(one, closing.closes(one, topic)) for one in statuses],
        "kind": _sorted(kinds),
    }


def alike(topic: Topic, found: Briefing | None, data: BriefingData) -> list[dict[str, str]]:
    """Briefings that may tell this story already: slug, headline and why, the likeliest first.

    Looked for under a headline that is being written, not under one that stands already.
    """
    if len(data.headline.split()) < 2 or (found and found.headline == data.headline):
        return []
    mine = signature.signature(data, topic.language)
    day = dt.timedelta(days=DAYS)
    near = topic.briefings.filter(
        published_at__gte=data.published_at - day, published_at__lte=data.published_at + day
    ).exclude(pk=found.pk if found else 0)
    near = near.filter(signature_version=signature.VERSION).order_by("-published_at")
    judged = [
        (compare(mine, signature.kept(plain)), slug, headline)
        for slug, headline, plain in near.values_list("slug", "headline", "signature")[:LOOKED_AT]
    ]
    told = [one for one in judged if one[0].verdict is not Verdict.DIFFERENT]
    told.sort(key=lambda one: -one[0].points)
    return [
        {"slug": slug, "headline": headline, "why": verdict.why}
        for verdict, slug, headline in told[:MOST]
    ]


def _sorted(words: set[Any]) -> list[str]:
    return sorted(word for word in words if word)[:SUGGESTED]
