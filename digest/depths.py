"""How much of a story is shown: an item's depth, and a topic's or a reader's wish for all."""

from django.db import models


class Depths(models.TextChoices):
    """How a topic's items are shown, until an editor says otherwise for one."""

    ARRANGED = "arranged", "As arranged"  # first a lead, then standard, past the sixth brief
    FULL = "full", "All in full"  # every item a lead
    SHORT = "short", "All short"  # every item brief


class Depth(models.TextChoices):
    """How much of a briefing an item shows."""

    LEAD = "lead", "Lead"  # everything: body, analysis, perspectives, sources
    STANDARD = "standard", "Standard"  # summary, takeaway, sources, link
    BRIEF = "brief", "Brief"  # headline, one sentence, link
