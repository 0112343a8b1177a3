"""Feeds as sources of a topic: what is asked for when, how it went, and which entry is which."""

import datetime as dt

from django.db import models
from django.utils import timezone

DAY = dt.timedelta(days=1)

LEASE = dt.timedelta(minutes=2)
"""For which a feed is one worker's: far longer than it may take (fetch.py, bounded.py)."""

SEVERAL = 3
"""Failures in a row after which it is no passing trouble."""

LONGEST = 7 * DAY
"""A server may ask us to come back later, but not to stay away for good."""


class Health(models.TextChoices):
    """How a feed fares, in a word."""

    NEW = "new", "not yet read"  # added, and not asked for yet
    WELL = "well", "well"  # the last time all went well
    FAILING = "failing", "failing"  # it went wrong lately; asked again, less and less often
    PAUSED = "paused", "paused"  # a person stopped it
    GONE = "gone", "gone"  # its site says that it is gone for good: wants a person


_TONES = {
    Health.NEW: "info",
    Health.WELL: "ok",
    Health.FAILING: "bad",
    Health.PAUSED: "quiet",
    Health.GONE: "bad",
}


class Feed(models.Model):
    """A feed, or a page, that a topic's briefings come from, asked for again and again."""

    topic = models.ForeignKey("digest.Topic", models.CASCADE, related_name="feeds")
    url = models.CharField(max_length=2000)
    name = models.CharField(max_length=500, blank=True, help_text="As it calls itself.")
    minutes = models.PositiveIntegerField(default=30, help_text="Between two looks at it.")
    hold = models.BooleanField(
        default=False, help_text="What it brings waits until an editor has looked at it."
    )
    added_at = models.DateTimeField(default=timezone.now)
    paused_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True, help_text="Its site answered 410.")

    next_at = models.DateTimeField(
        default=timezone.now, help_text="When it is asked next; while it is, its claim's end."
    )
    etag = models.CharField(max_length=500, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)

    fetched_at = models.DateTimeField(null=True, blank=True, help_text="The last try.")
    good_at = models.DateTimeField(null=True, blank=True, help_text="The last that went well.")
    trouble = models.TextField(blank=True, help_text="What went wrong last, in words.")
    failures = models.PositiveIntegerField(default=0, help_text="Since it last went well.")
    came = models.CharField(max_length=200, blank=True, help_text="What the last good one brought.")
    seen = models.PositiveIntegerField(default=0, help_text="Entries ever.")
    created = models.PositiveIntegerField(default=0, help_text="Briefings made of them.")

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["topic", "url"], name="feed_once")]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=models.Q(paused_at=None, gone_at=None),
                name="feed_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.url

    @property
    def health(self) -> Health:
        """How it fares, in a word."""
        if self.gone_at:
            return Health.GONE
        if self.paused_at:
            return Health.PAUSED
        if self.failures:
            return Health.FAILING
        return Health.WELL if self.good_at else Health.NEW

    @property
    def tone(self) -> str:
        """The colour that its health has on a page."""
        if self.health is Health.FAILING and self.failures < SEVERAL:
            return "warn"
        return _TONES[self.health]

    @property
    def is_asked(self) -> bool:
        """Whether anybody asks it by itself."""
        return not (self.paused_at or self.gone_at)

    def is_about_to_be_read(self, now: dt.datetime) -> bool:
        """Whether it is due, soon due, or a worker is at it."""
        return self.is_asked and self.next_at <= now + LEASE

    def claim(self, now: dt.datetime) -> bool:
        """Make it one worker's, if it is due; the others find that it isn't any more."""
        due = Feed.objects.filter(pk=self.pk, paused_at=None, gone_at=None, next_at__lte=now)
        return bool(due.update(next_at=now + LEASE))

    def went_well(self, now: dt.datetime) -> None:
        """It was read, or hadn't changed: it is asked again after its interval."""
        self.fetched_at = self.good_at = now
        self.failures, self.trouble, self.gone_at = 0, "", None
        self.next_at = now + dt.timedelta(minutes=self.minutes)

    def went_wrong(self, now: dt.datetime, why: str, wait: dt.timedelta | None = None) -> None:
        """It is asked again later, and later each time, up to a day; no sooner than it wants."""
        self.failures += 1
        self.fetched_at, self.trouble = now, why
        interval = dt.timedelta(minutes=self.minutes)
        slower = min(interval * 2 ** min(self.failures, 12), max(DAY, interval))
        self.next_at = now + max(slower, min(wait or slower, LONGEST))

    def is_gone(self, now: dt.datetime) -> None:
        """Its site said that it is gone for good: nobody asks it until a person wants to."""
        self.went_wrong(now, "is gone for good: its site says so (410)")
        self.gone_at = now


class FeedEntry(models.Model):
    """Which briefing an entry of a feed is: the feed's own id tells, whatever its title says."""

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="entries")
    key = models.CharField(max_length=64, help_text="SHA-256 of the entry's id, in hex.")
    place = models.CharField(
        max_length=64, help_text="SHA-256 of link and title, in hex: tells an id that changed."
    )
    said = models.CharField(max_length=64, help_text="SHA-256 of all it said last, in hex.")
    briefing = models.ForeignKey(
        "digest.Briefing",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="None for an entry that was no news any more when it was first seen.",
    )
    first_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "feed entries"
        constraints = [models.UniqueConstraint(fields=["feed", "key"], name="feed_entry_once")]
        indexes = [models.Index(fields=["feed", "place"])]

    def __str__(self) -> str:
        return f"{self.feed}: {self.key[:12]}"
