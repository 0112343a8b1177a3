"""Parties of a topic's perspectives, and everything that each has said.

A party is who stands before the first " / " or " (": "ITV / Carolyn McCall" and "ITV (a
spokesman)" speak for ITV. That is the whole rule, so that an editor can foresee it.
"""

import re
from typing import TYPE_CHECKING

from django.db import models

from digest.intake.slugs import slug_from

if TYPE_CHECKING:
    from digest.models import Item

_SPEAKER = re.compile(r"\s+/\s+|\s+\(")


class Statement(models.Model):
    """What a party said in a story, in the approved update that carried it first."""

    topic = models.ForeignKey("digest.Topic", models.CASCADE, related_name="statements")
    item = models.ForeignKey("digest.Item", models.CASCADE, related_name="statements")
    slug = models.CharField(max_length=120, help_text="The party's, as parties.py makes it.")
    party = models.CharField(max_length=500, help_text="As the story names it.")
    text = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["topic", "slug"])]

    def __str__(self) -> str:
        return f"{self.party} in {self.item}"


def name_of(party: str) -> str:
    """Whom the party is, without who spoke for it."""
    return _SPEAKER.split(party.strip(), maxsplit=1)[0] or party.strip()


def slug_of(party: str) -> str:
    """What its page's address says; the same for all who speak for it."""
    return slug_from(name_of(party))[:120]


def keep(items: list["Item"]) -> None:
    """Write down what is said in items that were just approved, but for what an earlier update
    carried: a view that a story goes on quoting was said once."""
    before = Statement.objects.filter(item__briefing__in=[item.briefing_id for item in items])
    known = set(before.values_list("item__briefing_id", "slug", "text"))
    fresh = []
    for item in items:
        for view in item.data.perspectives:
            said = item.briefing_id, slug_of(view.party), view.text
            if said not in known:
                known.add(said)
                fresh.append(
                    Statement(
                        topic_id=item.briefing.topic_id,
                        item=item,
                        slug=said[1],
                        party=view.party,
                        text=view.text,
                    )
                )
    Statement.objects.bulk_create(fresh)
