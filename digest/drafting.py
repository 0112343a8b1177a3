"""The draft in the database: assembled, and assembled again (arranging.py: by hand).

Nothing is consumed here: a draft that fails, or is thrown away, leaves every briefing as
it was.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Coalesce, Length
from django.utils import timezone

from digest import (
    asking,
    carrying,
    changes,
    closing,
    ending,
    folding,
    likely,
    sections,
    titles,
    versions,
)
from digest.assembly import (
    BELOW_THE_LINE,
    Assembly,
    Budget,
    Hand,
    LeftOut,
    Omitted,
    Placed,
    assemble,
)
from digest.audit import audit
from digest.briefings import Briefing
from digest.candidates import Candidate
from digest.depths import Depth
from digest.errors import Refused
from digest.garbage import no_collecting
from digest.models import Fold, Item, Kind, Stage, Topic, Update

FIRST_WINDOW = dt.timedelta(days=30)
"""How far back a topic's first update looks (contract)."""

WORDED = ("title", "subject", "preheader")
"""What assembly words anew each time, unless an editor has."""

PAST_CUTOFF = {"past_cutoff": "yes"}
"""Marks what is left out, for whatever reason, and came after the cut-off: to include it takes a
word."""


@transaction.atomic
def draft(topic: Topic, until: dt.datetime | None = None, by: str = "command line") -> Update:
    """Assemble the topic's next update, or assemble its draft again.

    An editor's pins, order, depths and wording are kept. ``until`` is the cut-off
    (default: now). Raises Refused when the cut-off does not lie after the last one.
    """
    topic = Topic.objects.select_for_update(no_key=True).get(pk=topic.pk)
    ending.refuse_ended(topic, "nothing was drafted")
    last = last_approved(topic)
    until = until or timezone.now()
    since = last.until if last else until - FIRST_WINDOW
    if until <= since:
        raise Refused(
            f"The cut-off {until:%Y-%m-%d %H:%M %Z} does not lie after that of Update "
            f"#{last.number if last else ''}, {since:%Y-%m-%d %H:%M %Z}; nothing was changed. "
            "Give a later --until."
        )
    drafts = topic.updates.select_for_update(no_key=True).filter(stage=Stage.DRAFT)
    update = drafts.defer("left_out", "likely").first()
    if update is None:
        update = Update(topic=topic)
    update.since, update.until, update.assembled_at = since, until, timezone.now()
    made = _assembled(topic, update, last)
    left_out = len(update.left_out)
    _keep_items(update, made)
    sections.settle(update)
    _keep_folds(update, made)
    word(update)
    audit(by, "assembled update", update, items=len(made.items), left_out=left_out)
    kept = versions.keep(update, by, "assembled it")
    asking.void(update, by, "assembled it anew", kept.hash)
    return update


def _assembled(topic: Topic, update: Update, last: Update | None) -> Assembly:
    """The update's window assembled, and kept, but for the items; of what is left out the
    assembly that comes back has only what was folded."""
    since, until, hand = update.since, update.until, _hand(update)
    stories = folding.Stories(topic, since)
    budget = Budget(
        topic.items_budget,
        topic.minutes_budget,
        topic.words_budget,
        topic.depth,
        topic.sections,
    )
    with no_collecting():
        candidates = _candidates(topic, last, since, hand.pinned)
        made = assemble(candidates, since, until, budget, hand, stories)
        update.left_out = [_omitted(one, until) for one in made.left_out]
        update.likely = likely.asked(stories.likely, made)
        # What is written down need not stay in memory while it is spelt as JSON.
        made = Assembly(made.items, [one for one in made.left_out if one.into])
        update.save()
    return made


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


@transaction.atomic
def discard(update: Update, by: str = "command line") -> None:
    """Throw a draft away; what was in it is a candidate again."""
    # Locked: somebody else may be approving it just now.
    update.refresh_from_db(from_queryset=Update.objects.select_for_update(no_key=True))
    if update.stage != Stage.DRAFT:
        raise Refused(f"{update.label} is no draft; nothing was changed.")
    if update.number is not None:
        raise Refused(
            f"This draft was approved as #{update.number} before, and numbers have no gaps; it "
            "can't be discarded. Assemble it again with other briefings instead."
        )
    update.stage = Stage.DISCARDED
    update.save(update_fields=["stage"])
    audit(by, "discarded update", update)


# ---- between the database and the pure assembly ------------------------------------------


class _Row(NamedTuple):
    """What assembly asks of a briefing; a hundred thousand of them are no models.

    What the database works out comes as text: Django would convert each row's values once more.
    """

    id: int
    slug: str
    headline: str
    status: str
    tag: str
    published: str
    news: str | None  # of what has moved on: when
    importance: int
    independent_sources: int
    has_moved_on: str
    is_late: str
    is_withdrawn: str
    is_held: str
    carried_in__number: int | None
    short: str
    full: str
    signature_version: int
    story_keys: bytes


def _candidates(
    topic: Topic, last: Update | None, since: dt.datetime, pinned: frozenset[str]
) -> Iterator[Candidate]:
    left = last.left_out if last else []
    waited = {one["slug"] for one in left if one["code"] in BELOW_THE_LINE}
    dropped = {one["slug"] for one in left if one["code"] == LeftOut.DROPPED}
    closed, was = _closed(topic), _statuses(topic)
    for rows in _rows(topic, last, since, waited | dropped, pinned):
        for row in map(_Row._make, rows.values_list(*_Row._fields).iterator(chunk_size=2000)):
            carried = row.carried_in__number
            published = _time(row.published)
            yield Candidate(
                id=row.id,
                slug=row.slug,
                headline=row.headline,
                published_at=published,
                changed_at=_time(row.news) if row.news else published,
                importance=row.importance,
                sources=row.independent_sources,
                tag=row.tag,
                full_characters=int(row.full),
                short_characters=int(row.short),
                carried_number=carried,
                moved_on=bool(row.has_moved_on),
                status_changed=was.get(row.id, row.status) != row.status,
                closed=row.id in closed and closing.closes(row.status, topic),
                waited=last.number if last and row.slug in waited else None,
                dropped=last.number if last and row.slug in dropped else None,
                late=carried is None and bool(row.is_late),
                withdrawn=bool(row.is_withdrawn),
                held=bool(row.is_held),
                keys=folding.keys_of(row.signature_version, row.story_keys),
            )


def _closed(topic: Topic) -> set[int]:
    """Briefings that the update which carried them last carried as closed."""
    items = Item.objects.filter(update__topic=topic, closed=True)
    return set(items.filter(update=F("briefing__carried_in")).values_list("briefing_id", flat=True))


def _statuses(topic: Topic) -> dict[int, str]:
    """The status of each briefing that has moved on, as readers had it."""
    moved = Q(briefing__topic=topic, briefing__moved_on=True, update=F("briefing__carried_in"))
    told = [
        *Fold.objects.filter(moved).values_list("briefing_id", "frozen__status"),
        *Item.objects.filter(moved).values_list("briefing_id", "frozen__status"),
    ]
    return {briefing: status or "" for briefing, status in told}


WAITED_AT_ONCE = 5000
"""Slugs that one statement asks for; SQLite takes 32,766."""


def _rows(
    topic: Topic,
    last: Update | None,
    since: dt.datetime,
    again: set[str],
    pinned: frozenset[str],
) -> Iterator[QuerySet[Briefing]]:
    """Whatever could be in the update or deserves a reason for not being in it.

    The texts stay in the database: only their lengths are asked for.
    """
    wanted = Q(carried_in=None, published_at__gt=since) | Q(moved_on=True) | Q(slug__in=pinned)
    late = Q(pk__in=[])
    if last is None:
        wanted |= Q(carried_in=None, published_at__gt=since - FIRST_WINDOW)
    else:
        # What came in after the last draft was assembled has never been looked at.
        late = Q(published_at__lte=since, received_at__gt=last.assembled_at)
        wanted |= Q(carried_in=last) | Q(carried_in=None) & late
    short = Length("summary") + Length("key_takeaway")
    rows = topic.briefings.annotate(
        short=Cast(short, TextField()),
        full=Cast(
            short + Length("body") + _length("analysis") + _length("perspectives"), TextField()
        ),
        published=Cast("published_at", TextField()),
        news=Case(
            When(moved_on=True, then=Cast(Coalesce("updated_at", "changed_at"), TextField()))
        ),
        has_moved_on=_flag(Q(moved_on=True)),
        is_late=_flag(late),
        is_withdrawn=_flag(Q(withdrawn_at__isnull=False)),
        is_held=_flag(Q(held_at__isnull=False)),
    )
    yield rows.filter(wanted)
    slugs = sorted(again - pinned)
    for at in range(0, len(slugs), WAITED_AT_ONCE):
        older = rows.filter(slug__in=slugs[at : at + WAITED_AT_ONCE], carried_in=None)
        yield older.filter(published_at__lte=since).exclude(late)


def _time(said: str) -> dt.datetime:
    """As the database spells it: SQLite without the zone, which is UTC."""
    return dt.datetime.fromisoformat(said if "+" in said else f"{said}+00:00")


def _flag(condition: Q) -> Case:
    return Case(When(condition, then=Value("yes")), default=Value(""), output_field=TextField())


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
    tellers = _tellers(made)
    for position, placed in enumerate(made.items, 1):
        item = kept.pop(placed.candidate.id, None) or Item(
            update=update, briefing_id=placed.candidate.id
        )
        _place(item, position, placed, tellers.get(placed.candidate.id, ""))
    Item.objects.filter(pk__in=[item.pk for item in kept.values()]).delete()


def _tellers(made: Assembly) -> dict[int, str]:
    """Who else tells an item's story, by its briefing's id."""
    folded = {one.candidate.id: placed for placed in made.items for one in placed.folded}
    heads = {placed.candidate.id for placed in folded.values()}
    rows = Briefing.objects.filter(pk__in=[*folded, *heads]).values_list("pk", "sources")
    houses = {pk: [source["name"] for source in sources] for pk, sources in rows}
    named: dict[int, list[str]] = {}
    for pk, placed in folded.items():
        of = named.setdefault(placed.candidate.id, [])
        of += houses[pk] or [placed.candidate.headline]
    return {pk: also_told_by(names, houses[pk]) for pk, names in named.items()}


ALSO_TOLD_BY = "Also told by"


def also_told_by(names: Iterable[str], own: Iterable[str] = ()) -> str:
    """Who else tells it, in a sentence; empty where it is the item's own sources alone."""
    others = [name for name in dict.fromkeys(names) if name not in set(own)]
    return f"{ALSO_TOLD_BY} {', '.join(others)}." if others else ""


def _place(item: Item, position: int, placed: Placed, tellers: str) -> None:
    item.position, item.kind, item.depth = position, placed.kind, placed.depth
    item.why = f"{placed.why} {tellers}".strip()
    if placed.kind == Kind.CONTINUING:
        item.changed_since = item.briefing.carried_in
        item.change = change_since_carried(item.briefing)
    item.save()


def _keep_folds(update: Update, made: Assembly) -> None:
    update.folds.all().delete()
    under = [
        Fold(update=update, briefing_id=one.candidate.id, into_id=placed.candidate.id, why=one.why)
        for placed in made.items
        for one in placed.folded
    ]
    told = [
        Fold(update=update, briefing_id=one.candidate.id, into_id=one.into.id, why=one.why)
        for one in made.left_out
        if one.into
    ]
    Fold.objects.bulk_create(under + told)


def change_since_carried(briefing: Briefing) -> str:
    """What changed since the update that carried it last, in a sentence."""
    was = carrying.as_carried([briefing]).get(briefing.pk)
    return changes.sentence(was, briefing.data, briefing.topic.language) if was else ""


def _omitted(one: Omitted, until: dt.datetime) -> dict[str, str]:
    told = one.candidate
    said = {"slug": told.slug, "headline": told.headline, "code": one.code, "why": one.why}
    news = told.carried_number is None or told.moved_on
    if news and told.changed_at > until:  # of what is new: when it was published
        said |= PAST_CUTOFF
    if one.into:
        said["into"] = one.into.slug
    return said


def _short(item: Item) -> str:
    given = item.headline or item.briefing.short_headline
    return given or titles.brief(item.briefing.headline)
