"""Which candidates of a draft tell one story: by their signatures, and by what editors ruled."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db.models import F

from digest.assembly import Folded, Folding, Told
from digest.briefings import Briefing, Ruling, StoryRuling
from digest.candidates import Candidate
from digest.models import Topic
from digest.same_story import publishers, signature
from digest.same_story.pairing import Index
from digest.same_story.verdict import Judged, Verdict, compare

REMEMBERED = dt.timedelta(days=60)
"""A story that was told longer ago than that is told again as new."""

AT_ONCE = 500
"""Rows that one statement asks for by their ids."""

BY_HAND = "An editor folded them."


class Pair(NamedTuple):
    """Two briefings that may tell one story; ``into`` is the one that would be kept."""

    one: Candidate
    into: Candidate
    judged: Judged


Group = tuple[Candidate, list[tuple[Candidate, str]]]
"""The head of a story, and those that are folded under it, each with the reason."""


class Stories:
    """Finds which candidates tell one story.  Call it with those that may be in the draft."""

    def __init__(self, topic: Topic, since: dt.datetime) -> None:
        self.topic = topic
        self.likely: list[Pair] = []
        self._earlier = {one.id: one for one in _carried(topic, since - REMEMBERED)}
        self._same, self._apart = _rulings(topic)
        self._chosen = set(self._same.values())
        # Names are told by their capitals, and precision was measured in English alone.
        self._folds_unasked = topic.language.startswith("en")

    def __call__(self, able: Sequence[Candidate]) -> Folding:
        known = self._earlier | {one.id: one for one in able}
        pairs = self._judged(list(known.values()))
        groups = self._grouped(known, pairs)
        self.likely = list(self._asked(pairs, groups))
        return self._folding(groups)

    def _folding(self, groups: list[Group]) -> Folding:
        folding = Folding()
        signed = _signatures([one.id for head, group in groups for one in (head, *_first(group))])
        for head, group in groups:
            if head.id in self._earlier and not head.moved_on:
                folding.told.update((one.id, Told(head, why)) for one, why in group)
                continue
            folding.under[head.id] = [Folded(one, why) for one, why in group]
            houses = [house for one in (head, *_first(group)) for house in signed[one.id].houses]
            folding.sources[head.id] = publishers.independent(dict.fromkeys(houses))
        return folding

    def _judged(self, candidates: Sequence[Candidate]) -> list[Pair]:
        days = [one.published_at.timestamp() / 86_400 for one in candidates]
        index = Index(days, self._keys(candidates))
        found = [(candidates[one], candidates[other]) for one, other in index.pairs()]
        found = [pair for pair in found if not self._settled(*pair)]
        signed = _signatures([one.id for pair in found for one in pair])
        return [
            Pair(max(pair, key=self._precedence), min(pair, key=self._precedence), judged)
            for pair in found
            if (judged := compare(signed[pair[0].id], signed[pair[1].id], index.common)).verdict
            is not Verdict.DIFFERENT
        ]

    def _keys(self, candidates: Sequence[Candidate]) -> list[bytes]:
        """Those of an older rule, and of none, are made anew."""
        stale = [one.id for one in candidates if not one.keys]
        made = _signed_anew(self.topic, stale) if stale else {}
        return [one.keys or made.get(one.id, b"") for one in candidates]

    def _settled(self, one: Candidate, other: Candidate) -> bool:
        """Whether there is nothing to judge: an editor has ruled, or readers had both already."""
        had = one.carried_number is not None and other.carried_number is not None
        ruled = frozenset((one.id, other.id)) in self._apart
        return had or ruled

    def _precedence(self, one: Candidate) -> tuple[object, ...]:
        """The first of those that tell one story is kept: the one that readers had, the most
        important, the most complete, the first published; but for an editor's word."""
        return (
            one.id in self._same,
            one.id not in self._chosen,
            one.carried_number is None,
            -one.importance,
            -one.full_characters,
            one.published_at,
            one.slug,
        )

    def _grouped(self, known: dict[int, Candidate], pairs: Sequence[Pair]) -> list[Group]:
        """Each story that several tell: its head, and the others with the reason."""
        why: dict[int, dict[int, str]] = {}
        for pair in pairs:
            if pair.judged.verdict is Verdict.SAME and self._folds_unasked:
                why.setdefault(pair.one.id, {})[pair.into.id] = pair.judged.why
                why.setdefault(pair.into.id, {})[pair.one.id] = pair.judged.why
        by_hand = {one: into for one, into in self._same.items() if {one, into} <= known.keys()}
        involved = {*why, *by_hand, *by_hand.values()}
        groups: dict[int, list[tuple[Candidate, str]]] = {}
        for one in sorted((known[pk] for pk in involved), key=self._precedence):
            into, reason = _root(by_hand, one.id), BY_HAND
            if into == one.id:
                into, reason = self._head(one, why.get(one.id, {}), groups, by_hand)
            if into in groups:
                groups[into].append((one, reason))
            else:
                groups[one.id] = []
        return [(known[pk], group) for pk, group in groups.items() if group]

    def _head(
        self,
        one: Candidate,
        why: dict[int, str],
        groups: dict[int, list[tuple[Candidate, str]]],
        by_hand: dict[int, int],
    ) -> tuple[int, str]:
        """The head that it is folded under unasked, with the reason; else itself."""
        if one.carried_number is None:
            for other, reason in why.items():
                head = _root(by_hand, other)
                if head in groups and not self._kept_apart(one, head, groups[head]):
                    return head, reason
        return one.id, ""

    def _kept_apart(self, one: Candidate, head: int, group: list[tuple[Candidate, str]]) -> bool:
        members = (head, *(other.id for other in _first(group)))
        return any(frozenset((one.id, other)) in self._apart for other in members)

    def _asked(self, pairs: Sequence[Pair], groups: Sequence[Group]) -> Iterator[Pair]:
        """Whom an editor is asked about, the likeliest first: each two stories once."""
        head_of = {one.id: head for head, group in groups for one, _ in group}
        seen: set[frozenset[int]] = set()
        for pair in sorted(pairs, key=lambda pair: (-pair.judged.points, pair.one.slug)):
            one = head_of.get(pair.one.id, pair.one)
            into = head_of.get(pair.into.id, pair.into)
            both = frozenset((one.id, into.id))
            if len(both) == 2 and both not in seen and both not in self._apart:
                seen.add(both)
                yield Pair(one, into, pair.judged)


def _root(by_hand: dict[int, int], one: int) -> int:
    """Whom it is folded into in the end, by hand; itself where nobody did."""
    seen = {one}
    while (one := by_hand.get(one, one)) not in seen:
        seen.add(one)
    return one


def _first(group: list[tuple[Candidate, str]]) -> list[Candidate]:
    return [one for one, _ in group]


def _carried(topic: Topic, after: dt.datetime) -> Iterator[Candidate]:
    """What readers had lately, in items of its own: a story told again is measured by these."""
    had = topic.briefings.filter(
        items__update=F("carried_in"), carried_in__until__gt=after, withdrawn_at=None
    )
    for row in had.select_related("carried_in").defer("summary", "key_takeaway", "body"):
        yield Candidate(
            id=row.pk,
            slug=row.slug,
            headline=row.headline,
            published_at=row.published_at,
            changed_at=row.changed_at,
            carried_number=row.carried_in.number if row.carried_in else None,
            keys=keys_of(row.signature_version, row.story_keys),
        )


def keys_of(version: int, keys: bytes | memoryview) -> bytes:
    """The keys that a row keeps; none where another rule made them."""
    return bytes(keys) if version == signature.VERSION else b""


def _rulings(topic: Topic) -> tuple[dict[int, int], set[frozenset[int]]]:
    """What editors said: who is folded into whom, and which pairs are two stories."""
    same: dict[int, int] = {}
    apart: set[frozenset[int]] = set()
    rows = StoryRuling.objects.filter(briefing__topic=topic).order_by("at")
    for one, other, ruling in rows.values_list("briefing", "other", "ruling"):
        if ruling == Ruling.SAME:
            same[one] = other
        else:
            apart.add(frozenset((one, other)))
    return same, apart


def _signatures(ids: Sequence[int]) -> dict[int, signature.Signature]:
    found: dict[int, signature.Signature] = {}
    wanted = list(dict.fromkeys(ids))
    for at in range(0, len(wanted), AT_ONCE):
        rows = Briefing.objects.filter(pk__in=wanted[at : at + AT_ONCE])
        for pk, plain in rows.values_list("pk", "signature"):
            found[pk] = signature.kept(plain)
    return found


def _signed_anew(topic: Topic, ids: Sequence[int]) -> dict[int, bytes]:
    made: dict[int, bytes] = {}
    for at in range(0, len(ids), AT_ONCE):
        rows = list(Briefing.objects.filter(pk__in=ids[at : at + AT_ONCE]).select_related("topic"))
        for row in rows:
            for name, value in signature.columns(row.data, topic.language).items():
                setattr(row, name, value)
            made[row.pk] = bytes(row.story_keys)
        Briefing.objects.bulk_update(rows, signature.COLUMNS, batch_size=100)
    return made


def rule(one: Briefing, other: Briefing, ruling: Ruling, by: str) -> None:
    """Keep an editor's word on two briefings, in place of an earlier one."""
    both = [one, other]
    StoryRuling.objects.filter(briefing__in=both, other__in=both).delete()
    if ruling == Ruling.SAME:
        # Folded into another before: the last word holds.
        StoryRuling.objects.filter(briefing=one, ruling=Ruling.SAME).delete()
    StoryRuling.objects.create(briefing=one, other=other, ruling=ruling, by=by[:320])
