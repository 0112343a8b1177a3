"""Two who changed one briefing at once.

What each changed alone is joined; the rest is put to whoever saves later, part by part.
"""

import datetime as dt
from dataclasses import dataclass

from digest import briefing_versions, changes, readable
from digest.briefings import Briefing
from digest.desk import briefing_form
from digest.desk.briefing_form import GROUPS, ROWS, BriefingForm, Row
from digest.parts import BriefingData


@dataclass(frozen=True)
class Conflict:
    """What somebody else saved meanwhile, held against what stands in the form now.

    ``clashes``: parts that both changed, as the differences from theirs to mine. ``taken``: labels
    of parts that only they changed, which the form has taken over. ``base``: the hash of what
    both began with.
    """

    by: str
    at: dt.datetime
    clashes: list[readable.Differing]
    taken: list[str]
    base: str


KEYS = frozenset(readable.LABELS)


def settle(form: BriefingForm, found: Briefing, base: str, now: dt.datetime) -> Conflict:
    """Join what can be joined into the form, and say what can't."""
    theirs = briefing_form.of_data(found.topic, found.data)
    began = _state(found, base)
    before = briefing_form.of_data(found.topic, began) if began else None
    taken = []
    for key, label in readable.LABELS.items():
        mine = _said(form, key)
        if before and mine == _said(before, key) != _said(theirs, key):
            take(form, key, theirs)
            taken.append(label)
    last = briefing_versions.history(found)[0]
    return Conflict(last.by, last.since, _clashes(form, found, before, now), taken, base)


def take(form: BriefingForm, key: str, theirs: BriefingForm) -> None:
    """Put their words for one part into the form."""
    if key in ROWS:
        form.rows[key] = [dict(row) for row in theirs.rows[key]]
    else:
        form.texts |= {name: theirs.texts[name] for name in GROUPS.get(key, (key,))}


def _clashes(
    form: BriefingForm, found: Briefing, before: BriefingForm | None, now: dt.datetime
) -> list[readable.Differing]:
    theirs = briefing_form.of_data(found.topic, found.data)
    both = readable.differing(found.data, form.lenient(now), found.topic.zone)
    return [one for one in both if not before or _said(theirs, one.key) != _said(before, one.key)]


def _said(form: BriefingForm, key: str) -> list[Row] | list[str]:
    if key in ROWS:
        return form.rows[key]
    return [form.texts[name].strip() for name in GROUPS.get(key, (key,))]


def _state(found: Briefing, said: str) -> BriefingData | None:
    """What the briefing said when its content had this hash."""
    for version in found.versions.all()[:50]:
        data = BriefingData.model_validate(version.content)
        if changes.content_hash(data) == said:
            return data
    return None
