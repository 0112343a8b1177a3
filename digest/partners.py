"""The partner block: what somebody else paid for, beside the stories and marked as such.

It is no item: nothing ranks it, and no budget counts it. It can be changed while its update is a
draft, and is frozen with it.
"""

from django.db import models


class Place(models.TextChoices):
    """Where in an update it stands."""

    FIRST = "first", "After the first item"
    LAST = "last", "After the last item"


class PartnerBlock(models.Model):
    """The one partner block that an update may carry."""

    update = models.OneToOneField("digest.Update", models.CASCADE, related_name="partner")
    label = models.CharField(max_length=60, help_text="What it is, in the readers' language.")
    name = models.CharField(max_length=200, help_text="Whose words these are.")
    text = models.TextField(help_text="Markdown: paragraphs and links alone.")
    url = models.CharField(max_length=2000, help_text="Where it leads.")
    place = models.CharField(max_length=5, choices=Place.choices, default=Place.FIRST)
    picture = models.ForeignKey(
        "digest.Picture", models.PROTECT, null=True, blank=True, related_name="+"
    )
    alt = models.CharField(max_length=500, blank=True, help_text="What the picture shows.")

    def __str__(self) -> str:
        return f"{self.label}: {self.name}"
