"""What stands above all of a topic's pages: its places with their counts, and the other topics."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from digest.briefings import Briefing
from digest.feeds import Feed
from digest.models import Stage, Topic, Update

PLACES = (
    ("draft", "Draft"),
    ("briefings", "Briefings"),
    ("updates", "Updates"),
    ("sources", "Sources"),
    ("schedule", "Schedule"),
    ("settings", "Settings"),
)
"""A topic's pages: the address under ``/desk/<topic>/``, and the name.  The schedule's page is
served by the room of the workers."""


@dataclass(frozen=True)
class Place:
    """One of a topic's pages; ``count`` is of what stands there, None where nothing is counted."""

    key: str
    name: str
    url: str
    count: int | None


def places(topic: Topic) -> list[Place]:
    """The topic's pages with their counts, in one query."""
    counts = counted(topic)
    return [Place(key, name, f"/desk/{topic.slug}/{key}/", counts.get(key)) for key, name in PLACES]


def others() -> list[tuple[str, str]]:
    """Slug and name of every topic, by name."""
    return list(Topic.objects.values_list("slug", "name"))


def counted(topic: Topic) -> dict[str, int]:
    """How much there is at each place that counts."""
    mine, kept = {"topic": OuterRef("pk")}, [Stage.APPROVED, Stage.SENT]
    drafted = Update.objects.filter(stage=Stage.DRAFT, **mine)
    rows: dict[str, Coalesce] = {
        "draft": _number(drafted, "items"),
        "briefings": _number(Briefing.objects.filter(withdrawn_at=None, **mine)),
        "updates": _number(Update.objects.filter(stage__in=kept, **mine)),
        "sources": _number(Feed.objects.filter(**mine)),
    }
    found: tuple[int, ...] = Topic.objects.filter(pk=topic.pk).values_list(*rows.values()).get()
    return dict(zip(rows, found, strict=True))


def _number(rows: QuerySet[Any], of: str = "pk") -> Coalesce:
    """How many there are, as a value of the outer query."""
    counted = rows.order_by().values("topic").annotate(n=Count(of)).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
