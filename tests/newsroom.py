"""Briefings and updates for the tests of the pages: our own words, plainly fictional."""

import datetime as dt
from typing import Any

from digest import changes, closing, parties, searching
from digest.briefings import Briefing
from digest.depths import Depth
from digest.intake.slugs import slug_from
from digest.models import Item, Kind, Stage, Topic, Update
from digest.parts import BriefingData

MAY = dt.datetime(2026, 5, 15, 9, 0, tzinfo=dt.UTC)

WHOLE: dict[str, Any] = {
    "headline": "Lantern Studio hires for a model of its own",
    "short_headline": "Lantern builds its own",
    "published_at": MAY,
    "updated_at": dt.datetime(2026, 5, 27, 15, 20, tzinfo=dt.UTC),
    "read_minutes": 4,
    "tag": "Industry",
    "status": "Developing",
    "first_reported_in": {"update": 2, "title": "Tabloid sold for its archive"},
    "summary": "Lantern Studio is building a model in-house. Seven roles are open.",
    "key_takeaway": "Build, not buy, is now the posture.",
    "body": "The unit surfaced in **job adverts**.[^1]\n\nIt begins with shorts.[^2]\n\n"
    "[^1]: The careers page, 16 May.\n[^2]: A spokesman, by telephone.",
    "sources": [
        {"name": "Example Wire", "date": "2026-05-17", "url": "https://wire.example.org/lantern"},
        {"name": "Paper of Record"},
    ],
    "analysis": {
        "plain_english": "Lantern wants to make films for less.",
        "root_causes": "Rights come first.\n\nCost comes second.",
        "next": [{"kind": "Meaning", "text": "Rivals can’t buy what Lantern owns."}],
    },
    "perspectives": [
        {"party": "Animators’ Guild", "text": "Nobody asked us."},
        {"party": "Harbour Films", "text": "We rent, and sleep well."},
    ],
    "importance": 3,
    "url": "https://wire.example.org/original",
}


def data(topic: Topic, headline: str, **parts: Any) -> BriefingData:
    """A briefing's data; ``parts`` replace the plainest ones."""
    plain: dict[str, Any] = {
        "topic": topic.slug,
        "slug": slug_from(headline)[:120] or "story",
        "headline": headline,
        "published_at": MAY,
        "summary": f"{headline}. More is known on Friday.",
    }
    return BriefingData.model_validate(plain | parts)


def briefing(topic: Topic, headline: str = "A pier reopens", **parts: Any) -> Briefing:
    """The same, in the database."""
    made = data(topic, headline, **parts)
    plain = made.model_dump(mode="json")
    columns = {name: plain[name] for name in plain if name not in {"topic", "first_reported_in"}}
    columns |= {"published_at": made.published_at, "updated_at": made.updated_at}
    return Briefing.objects.create(
        topic=topic,
        first_reported=plain["first_reported_in"],
        content_hash=changes.content_hash(made),
        received_at=made.published_at,
        searched=searching.searched(made),
        **columns,
    )


def whole(topic: Topic, **parts: Any) -> Briefing:
    """A briefing with every part."""
    return briefing(topic, **(WHOLE | parts))


def update(
    topic: Topic,
    number: int | None,
    *briefings: Briefing,
    stage: Stage = Stage.SENT,
    title: str = "Lantern builds its own; a pier reopens",
    depth: Depth = Depth.LEAD,
    **columns: Any,
) -> Update:
    """An update with these briefings, frozen as approval would leave them."""
    until = MAY + dt.timedelta(days=7 * (number or 9))
    frozen = stage in {Stage.APPROVED, Stage.SENT}
    made = Update.objects.create(
        topic=topic,
        number=number,
        stage=stage,
        since=until - dt.timedelta(days=7),
        until=until,
        due_at=until if frozen else None,
        approved_at=until if frozen else None,
        approved_by="pia@example.org" if frozen else "",
        title=title,
        **columns,
    )
    for position, one in enumerate(briefings, 1):
        before = one.carried_in
        Item.objects.create(
            update=made,
            briefing=one,
            position=position,
            kind=Kind.CONTINUING if before else Kind.NEW,
            changed_since=before,
            change="The roles are filled." if before else "",
            depth=depth,
            why="New. Importance 0, one source, published 15 May 2026.",
            frozen=one.data.model_dump(mode="json") if frozen else None,
            closed=frozen and closing.closes(one.status, topic),
        )
        if frozen:
            one.carried_in, one.moved_on = made, False
            one.save(update_fields=["carried_in", "moved_on"])
    if frozen:
        parties.keep(list(made.items.select_related("briefing__topic")))
    return made
