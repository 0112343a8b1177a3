"""What saving a briefing would do: to its readers, to the open draft, to what is approved."""

from typing import NamedTuple

from digest import carrying, changes, readable
from digest.briefings import Briefing
from digest.models import Fold, Item, Stage, Topic, Update
from digest.parts import BriefingData


class Line(NamedTuple):
    """One consequence; ``tone`` is a state of the house."""

    tone: str
    text: str


def told(topic: Topic, found: Briefing | None, data: BriefingData) -> list[Line]:
    """What saving these words would do, before it is done."""
    if found is None:
        return [_new(topic)]
    before = readable.parts(found.data, topic.zone)
    after = readable.parts(data, topic.zone)
    changed = [label for key, label in readable.LABELS.items() if before[key] != after[key]]
    if not changed:
        return [Line("quiet", "Nothing is changed yet.")]
    lines = [Line("quiet", f"Changed: {', '.join(changed)}."), _to_readers(found, data)]
    return [*lines, *_elsewhere(found)]


def _new(topic: Topic) -> Line:
    said = "Saving makes it a candidate for the next update."
    if topic.updates.filter(stage=Stage.DRAFT).exists():
        said += " Assemble the open draft again to take it in."
    return Line("info", said)


def _to_readers(found: Briefing, data: BriefingData) -> Line:
    last = carrying.last_carried(found)
    if last is None:
        return Line("quiet", "Readers haven’t had it yet: they get it as it stands then.")
    update, had = last
    if not changes.is_material(had, data):
        return Line("ok", f"Polish: those who had it in {update.label} are not told of it.")
    sentence = changes.sentence(had, data, found.topic.language)
    return Line(
        "warn",
        f"Material: it is told again as “changed since {update.label}”: {sentence}",
    )


def _elsewhere(found: Briefing) -> list[Line]:
    """The updates that have it and have not gone out."""
    lines = []
    item = Item.objects.filter(briefing=found, update__stage=Stage.DRAFT).first()
    fold = Fold.objects.filter(briefing=found, update__stage=Stage.DRAFT).first()
    if item:
        lines.append(Line("info", f"It is in the open draft: {_drafted(item)}"))
    elif fold:
        lines.append(
            Line("info", f"In the open draft “{fold.into.headline}” tells it: only sources show.")
        )
    waiting = Update.objects.filter(stage=Stage.APPROVED, items__briefing=found).first()
    if waiting:
        lines.append(
            Line(
                "warn",
                f"{waiting.label} is approved and waits with the words as they were. To take "
                "these along, take the approval back first.",
            )
        )
    return lines


def _drafted(item: Item) -> str:
    said = "its preview there changes at once."
    for name in ("headline", "summary"):
        if getattr(item, name):
            said += f" Its {name} there is reworded, and stays."
    return said
