"""Briefings: one story each, what it said before, and which tell the same."""

from django.db import models
from django.utils import timezone

from digest.parts import BriefingData


class Briefing(models.Model):
    """One story on a topic; the current state of it.  Parts as in ``parts.BriefingData``."""

    topic = models.ForeignKey("digest.Topic", models.PROTECT, related_name="briefings")
    slug = models.CharField(max_length=120)
    headline = models.CharField(max_length=500)
    short_headline = models.CharField(max_length=500, blank=True)
    published_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True, blank=True)
    read_minutes = models.PositiveSmallIntegerField(default=1)
    tag = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=500, blank=True)
    summary = models.TextField(blank=True)
    key_takeaway = models.TextField(blank=True)
    body = models.TextField(blank=True, help_text="Markdown; footnotes as [^1].")
    importance = models.SmallIntegerField(default=0)
    url = models.CharField(max_length=2000, blank=True)
    first_reported = models.JSONField(null=True, blank=True)
    sources = models.JSONField(default=list, blank=True)
    analysis = models.JSONField(default=dict, blank=True)
    perspectives = models.JSONField(default=list, blank=True)
    image = models.JSONField(null=True, blank=True)
    extra = models.JSONField(default=dict, blank=True)

    content_hash = models.CharField(max_length=64, help_text="Of every part.")
    received_at = models.DateTimeField(default=timezone.now, help_text="When we first had it.")
    changed_at = models.DateTimeField(
        default=timezone.now, help_text="When we last had a material change of it."
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it waits for an editor's look."
    )
    carried_in = models.ForeignKey(
        "digest.Update",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The latest approved update that carried it.",
    )
    moved_on = models.BooleanField(
        default=False, help_text="Materially changed since carried_in (see changes.py)."
    )
    signature = models.JSONField(
        default=dict, blank=True, help_text="What tells its story from others (same_story/)."
    )
    signature_version = models.PositiveSmallIntegerField(
        default=0, help_text="Of the rule that made the signature; 0: there is none."
    )
    story_keys = models.BinaryField(default=b"", help_text="By which others like it are found.")
    independent_sources = models.PositiveSmallIntegerField(default=0)
    searched = models.TextField(
        blank=True, default="", help_text="Its words folded, as searching.py makes them."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "slug"], name="briefing_identity"),
        ]
        indexes = [
            models.Index(fields=["topic", "published_at"]),
            models.Index(
                fields=["topic"], condition=models.Q(moved_on=True), name="briefing_moved_on"
            ),
        ]

    def __str__(self) -> str:
        return self.headline

    @property
    def data(self) -> BriefingData:
        """The briefing as plain data."""
        return BriefingData.model_validate(
            {
                "topic": self.topic.slug,
                "slug": self.slug,
                "headline": self.headline,
                "short_headline": self.short_headline,
                "published_at": self.published_at,
                "updated_at": self.updated_at,
                "read_minutes": self.read_minutes,
                "tag": self.tag,
                "status": self.status,
                "summary": self.summary,
                "key_takeaway": self.key_takeaway,
                "body": self.body,
                "importance": self.importance,
                "url": self.url,
                "first_reported_in": self.first_reported,
                "sources": self.sources,
                "analysis": self.analysis,
                "perspectives": self.perspectives,
                "image": self.image,
                "extra": self.extra,
            }
        )


class BriefingVersion(models.Model):
    """What a briefing said before an edit; rows are only ever added."""

    briefing = models.ForeignKey("digest.Briefing", models.CASCADE, related_name="versions")
    content = models.JSONField(help_text="BriefingData as JSON.")
    replaced_at = models.DateTimeField(default=timezone.now)
    replaced_by = models.CharField(max_length=320, blank=True, help_text="Who or what edited.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.briefing} until {self.replaced_at:%Y-%m-%d %H:%M}"


class Ruling(models.TextChoices):
    """What an editor said of two briefings; it holds for every later draft."""

    SAME = "same", "The same story"  # the one is folded into the other
    APART = "apart", "Two stories"  # never folded, never put to an editor again


class StoryRuling(models.Model):
    """An editor's word on whether two briefings tell the same story; at most one a pair."""

    briefing = models.ForeignKey("digest.Briefing", models.CASCADE, related_name="+")
    other = models.ForeignKey(
        "digest.Briefing", models.CASCADE, related_name="+", help_text="The one that is kept."
    )
    ruling = models.CharField(max_length=5, choices=Ruling.choices)
    by = models.CharField(max_length=320, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["briefing", "other"], name="ruling_once"),
        ]

    def __str__(self) -> str:
        return f"{self.briefing} / {self.other}: {self.get_ruling_display()}"
