"""What needs a person first, across topics; what the queue knows of it, the page asks the queue."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from digest.desk.overview import Standing

SOON = dt.timedelta(days=1)
"""So long before its time a draft that nobody has approved needs a person."""


@dataclass(frozen=True)
class Need:
    """One thing that a person has to do, with the button that leads there.

    ``at``: when it is due, where it is.  ``draft``: the topic of a draft whose checks matter.
    """

    rank: int
    tone: str
    word: str
    what: str
    url: str
    button: str
    at: dt.datetime | None = None
    zone: str = "UTC"
    draft: str = ""


def needs(
    standings: Iterable[Standing], me: str, may_approve: bool, now: dt.datetime
) -> list[Need]:
    """All that needs this person, the most pressing first."""
    found = [
        need
        for one in standings
        for need in (*_of_draft(one, me, may_approve, now), *_of_intake(one))
    ]
    return sorted(found, key=lambda need: (need.rank, need.at or now, need.what))


def _of_draft(one: Standing, me: str, may_approve: bool, now: dt.datetime) -> Iterator[Need]:
    topic, draft = one.topic, one.draft
    if draft is None:
        return
    url = f"/desk/{topic.slug}/draft/"
    if one.asked and may_approve and one.asked.by != me:
        what = f"{topic}: {one.asked.by} asks for your approval"
        yield Need(1, "info", "asked of you", what, f"{url}review/", "Look and approve")
    if one.sent_back and one.sent_back.by == me:
        back = one.sent_back
        what = f"{topic}: {back.answered_by} sent the draft back: {back.words[:200]}"
        yield Need(1, "warn", "sent back", what, url, "Change it")
    planned = draft.planned_at
    if planned is None or planned > now + SOON:
        return
    if planned <= now:
        what = f"{topic}: nobody had approved the draft, and nothing was sent"
        yield Need(
            0, "bad", "missed its time", what, url, "Open it", planned, topic.zone, topic.slug
        )
    else:
        what = f"{topic}: the draft goes out only if it is approved"
        yield Need(2, "warn", "due", what, url, "Open it", planned, topic.zone, topic.slug)


def _of_intake(one: Standing) -> Iterator[Need]:
    topic = one.topic
    if one.ailing:
        n = "a source brings" if one.ailing == 1 else f"{one.ailing} sources bring"
        what = f"{topic}: {n} nothing new, or not all of it"
        yield Need(3, "bad", "failing", what, f"/desk/{topic.slug}/sources/", "See why")
    if one.held:
        n = "a briefing waits" if one.held == 1 else f"{one.held} briefings wait"
        what = f"{topic}: {n} until an editor has looked"
        yield Need(4, "warn", "held", what, f"/desk/{topic.slug}/briefings/", "Look")
