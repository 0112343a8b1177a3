"""The draft in the database: assembled, and assembled again (arranging.py: by hand).

Nothing is consumed here: a draft that fails, or is thrown away, leaves every briefing as
it was.
"""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, IntegerField, Q, QuerySet, TextField
from django.db.models.functions import Cast, Coalesce, Length
from django.utils import timezone

from digest import changes, closing, titles
from digest.assembly import (
    BELOW_THE_LINE,
    Assembly,
    Budget,
    Candidate,
    Hand,
    Omitted,
    Placed,
    assemble,
)
from digest.errors import Refused
from digest.models import Briefing, Depth, Item, Kind, Stage, Topic, Update, audit
from digest.parts import BriefingData

FIRST_WINDOW = dt.timedelta(days=30)
"""How far back a topic's first update looks (contract)."""

WORDED = ("title", "subject", "preheader")
"""What assembly words anew each time, unless an editor has."""


@transaction.atomic
def draft(topic: Topic, until: dt.datetime | None = None, by: str = "command line") -> Update:
    """Assemble the topic's next update, or assemble its draft again.

    An editor's pins, order, depths and wording are kept. ``until`` is the cut-off
    (default: now). Raises Refused when the cut-off does not lie after the last one.
    """
    topic = Topic.objects.select_for_update().get(pk=topic.pk)
    last = last_approved(topic)
    until = until or timezone.now()
    since = last.until if last else until - FIRST_WINDOW
    if until <= since:
        raise Refused(
            f"The cut-off {until:%Y-%m-%d %H:%M %Z} does not lie after that of Update "
            f"#{last.number if last else ''}, {since:%Y-%m-%d %H:%M %Z}; nothing was changed. "
            "Give a later --until."
        )
    update = topic.updates.select_for_update().filter(stage=Stage.DRAFT).first()
    if update is None:
        update = Update(topic=topic)
    update.since, update.until, update.assembled_at = since, until, timezone.now()
    made = assemble(
        _candidates(topic, last, since),
        since,
        until,
        Budget(topic.items_budget, topic.minutes_budget, topic.depth),
        _hand(update),
    )
    update.left_out = [_omitted(one) for one in made.left_out]
    update.save()
    _keep_items(update, made)
    word(update)
    audit(by, "assembled update", update.ref, items=len(made.items), left_out=len(made.left_out))
    return update


def last_approved(topic: Topic) -> Update | None:
    """The topic's latest update that is approved or sent."""
    approved = topic.updates.filter(stage__in=[Stage.APPROVED, Stage.SENT])
    return approved.order_by("-number").first()


def word(update: Update) -> None:
    """Make title, subject and preheader from the items, but for what an editor worded."""
    items = list(update.items.select_related("briefing").order_by("position"))
    leads = [_short(item) for item in items if item.depth == Depth.LEAD]
    others = [_short(item) for item in items if item.depth != Depth.LEAD]
    made = titles.title(leads[:2], others)
    fresh = {
        "title": made,
        "subject": update.title if "title" in update.worded_by_hand else made,
        "preheader": titles.preheader(made, [_short(item) for item in items]),
    }
    for name in WORDED:
        if name not in update.worded_by_hand:
            setattr(update, name, fresh[name])
    update.save(update_fields=WORDED)


def discard(update: Update, by: str = "command line") -> None:
    """Throw a draft away; what was in it is a candidate again."""
    if update.stage != Stage.DRAFT:
        raise Refused(f"{update.label} is no draft; nothing was changed.")
    if update.number is not None:
        raise Refused(
            f"This draft was approved as #{update.number} before, and numbers have no gaps; it "
            "can't be discarded. Assemble it again with other briefings instead."
        )
    update.stage = Stage.DISCARDED
    update.save(update_fields=["stage"])
    audit(by, "discarded update", update.ref)


# ---- between the database and the pure assembly ------------------------------------------


class _Row(NamedTuple):
    """What assembly asks of a briefing; ten thousand of them are no ten thousand models."""

    id: int
    slug: str
    headline: str
    status: str
    published_at: dt.datetime
    updated_at: dt.datetime | None
    changed_at: dt.datetime
    received_at: dt.datetime
    importance: int
    sources: list[dict[str, str]]
    moved_on: bool
    withdrawn_at: dt.datetime | None
    held_at: dt.datetime | None
    carried_in__number: int | None
    short_characters: int
    full_characters: int


def _candidates(topic: Topic, last: Update | None, since: dt.datetime) -> Iterator[Candidate]:
    waited = {
        one["slug"] for one in (last.left_out if last else []) if one["code"] in BELOW_THE_LINE
    }
    approved_at = (last.approved_at if last else None) or since
    closed = _closed(topic)
    rows = _rows(topic, last, since, waited).values_list(*_Row._fields)
    for row in map(_Row._make, rows.iterator(chunk_size=2000)):
        carried = row.carried_in__number
        yield Candidate(
            id=row.id,
            slug=row.slug,
            headline=row.headline,
            published_at=row.published_at,
            changed_at=row.updated_at or row.changed_at,
            importance=row.importance,
            sources=len({source["name"] for source in row.sources}),
            full_characters=row.full_characters,
            short_characters=row.short_characters,
            carried_number=carried,
            moved_on=row.moved_on,
            closed=row.id in closed and closing.closes(row.status, topic),
            late=last is not None
            and carried is None
            and row.published_at <= since
            and row.received_at > approved_at,
            withdrawn=row.withdrawn_at is not None,
            held=row.held_at is not None,
            waited=last.number if last and row.slug in waited else None,
        )


def _closed(topic: Topic) -> set[int]:
    """Briefings that the update which carried them last carried as closed."""
    items = Item.objects.filter(update__topic=topic, closed=True)
    return set(items.filter(update=F("briefing__carried_in")).values_list("briefing_id", flat=True))


def _rows(
    topic: Topic, last: Update | None, since: dt.datetime, waited: set[str]
) -> QuerySet[Briefing]:
    """Whatever could be in the update or deserves a reason for not being in it.

    The texts stay in the database: only their lengths are asked for.
    """
    wanted = Q(carried_in=None, published_at__gt=since) | Q(moved_on=True)
    if last is None:
        wanted |= Q(carried_in=None, published_at__gt=since - FIRST_WINDOW)
    else:
        wanted |= Q(carried_in=last) | Q(carried_in=None, slug__in=waited)
        wanted |= Q(carried_in=None, received_at__gt=last.approved_at or since)
    short = Length("summary") + Length("key_takeaway")
    return (
        topic.briefings.filter(wanted)
        .annotate(
            short_characters=short,
            full_characters=short + Length("body") + _length("analysis") + _length("perspectives"),
        )
        .order_by("pk")
    )


def _length(json_field: str) -> Coalesce:
    return Coalesce(Length(Cast(F(json_field), TextField())), 0, output_field=IntegerField())


def _hand(update: Update) -> Hand:
    if update.pk is None:
        return Hand()
    items = list(update.items.select_related("briefing").order_by("position"))
    return Hand(
        order=[item.briefing.slug for item in items] if update.arranged else [],
        pinned=frozenset(item.briefing.slug for item in items if item.pinned),
        dropped=frozenset(update.dropped),
        depths={item.briefing.slug: item.depth for item in items if item.depth_by_hand},
    )


def _keep_items(update: Update, made: Assembly) -> None:
    """Make the draft's items those of the assembly; what an editor set on one stays on it."""
    kept = {item.briefing_id: item for item in update.items.all()}
    for position, placed in enumerate(made.items, 1):
        item = kept.pop(placed.candidate.id, None) or Item(
            update=update, briefing_id=placed.candidate.id
        )
        _place(item, position, placed)
    Item.objects.filter(pk__in=[item.pk for item in kept.values()]).delete()


def _place(item: Item, position: int, placed: Placed) -> None:
    item.position, item.kind, item.depth = position, placed.kind, placed.depth
    item.why = placed.why
    if placed.kind == Kind.CONTINUING:
        item.changed_since = item.briefing.carried_in
        item.change = change_since_carried(item.briefing)
    item.save()


def change_since_carried(briefing: Briefing) -> str:
    """What changed since the update that carried it last, in a sentence."""
    before = Item.objects.filter(update=briefing.carried_in, briefing=briefing).first()
    if before is None or not before.frozen:
        return ""
    was = BriefingData.model_validate(before.frozen)
    return changes.sentence(was, briefing.data, briefing.topic.language)


def _omitted(one: Omitted) -> dict[str, str]:
    return {
        "slug": one.candidate.slug,
        "headline": one.candidate.headline,
        "code": one.code,
        "why": one.why,
    }


def _short(item: Item) -> str:
    return item.headline or item.briefing.short_headline or item.briefing.headline
