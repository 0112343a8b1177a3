"""What is said: topics, their updates and the frozen renderings of these; briefings beside.

Behaviour of one row stands here; behaviour over several in ``assembly``,
``approval`` and the other topic modules.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone

from digest.api.tokens import ApiToken  # noqa: F401 - Django finds models from here alone
from digest.audit import AuditEntry  # noqa: F401 - as above
from digest.briefings import Briefing, BriefingVersion, StoryRuling  # noqa: F401 - as above
from digest.clicks.models import Clicks, Link  # noqa: F401 - as above
from digest.database import Installation  # noqa: F401 - as above
from digest.depths import Depth, Depths
from digest.feeds import Feed, FeedEntry  # noqa: F401 - as above
from digest.parties import Statement  # noqa: F401 - as above
from digest.partners import PartnerBlock  # noqa: F401 - as above
from digest.parts import BriefingData
from digest.pictures import Picture  # noqa: F401 - as above
from digest.requesting import RequestedTest  # noqa: F401 - as above
from digest.teamwork import ApprovalRequest, Presence, Version  # noqa: F401 - as above
from digest.unsaved import UnsavedBriefing  # noqa: F401 - as above


class Kind(models.TextChoices):
    """What an item is to the topic's readers."""

    NEW = "new", "New"  # in no earlier approved update
    CONTINUING = "continuing", "Continuing"  # carried over: changed since an earlier update
    CORRECTION = "correction", "Correction"  # puts right what an earlier update said


class Stage(models.TextChoices):
    """Where an update stands."""

    DRAFT = "draft", "Draft"  # being arranged; at most one per topic
    APPROVED = "approved", "Approved"  # number and content frozen; waits for its time
    SENT = "sent", "Sent"  # its mailing has begun; nothing calls it back
    DISCARDED = "discarded", "Discarded"  # thrown away as a draft; consumed nothing


class Topic(models.Model):
    """A running story that people subscribe to."""

    slug = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    from_address = models.CharField(max_length=320, blank=True, help_text="Else FROM_ADDRESS.")
    postal_address = models.CharField(
        max_length=500, blank=True, help_text="In its mails' foot; else POSTAL_ADDRESS."
    )
    accent = models.CharField(max_length=7, default="#a8321f", help_text="As #rrggbb.")
    logo = models.ForeignKey(
        "digest.Picture",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Stands for the name at the head of its mails; without one, the name does.",
    )
    pictures = models.BooleanField(
        default=False, help_text="Its mails show their leads' pictures, fetched from elsewhere."
    )
    counts_clicks = models.BooleanField(
        default=False,
        help_text="How often its mails' links are followed is counted, without by whom.",
    )
    language = models.CharField(max_length=35, default="en", help_text="A BCP 47 tag.")
    zone = models.CharField(max_length=64, default="UTC", help_text="An IANA time zone.")
    items_budget = models.PositiveSmallIntegerField(default=6)
    minutes_budget = models.PositiveSmallIntegerField(default=6, help_text="0: no limit.")
    words_budget = models.PositiveIntegerField(default=0, help_text="0: no limit.")
    sections = models.BooleanField(
        default=False, help_text="Items of one tag stand together, under the tag."
    )
    minimum = models.PositiveSmallIntegerField(
        default=1, help_text="A scheduled update with fewer items is skipped."
    )
    depth = models.CharField(max_length=10, choices=Depths.choices, default=Depths.ARRANGED)
    closing = models.JSONField(
        default=list, blank=True, help_text="Statuses that close a story; none: closing.USUAL."
    )
    resend_uncertain = models.BooleanField(
        default=False, help_text="Messages that may have arrived are sent once more, unasked."
    )
    two_people = models.BooleanField(
        default=False, help_text="One asks for an update's approval, another gives it."
    )
    undo_seconds = models.PositiveSmallIntegerField(
        default=60, help_text="How long an approval at the desk for now waits; 0: not at all."
    )
    colleagues = models.JSONField(
        default=list, blank=True, help_text="Addresses that are offered for each test."
    )
    testers = models.JSONField(
        default=list, blank=True, help_text="Addresses that tests went to last: offered again."
    )
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when nothing new comes of it (ending.py)."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/t/{self.slug}/"


class Update(models.Model):
    """A numbered edition of a topic."""

    topic = models.ForeignKey("digest.Topic", models.PROTECT, related_name="updates")
    number = models.PositiveIntegerField(
        null=True, blank=True, help_text="Given for good at approval; gapless, never reused."
    )
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.DRAFT)
    since = models.DateTimeField(help_text="The window opens after this instant…")
    until = models.DateTimeField(help_text="…and closes with this one, the cut-off.")
    title = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    preheader = models.CharField(max_length=500, blank=True)
    worded_by_hand = models.JSONField(
        default=list, blank=True, help_text="Which of title, subject, preheader an editor wrote."
    )
    note = models.TextField(blank=True, help_text="The editor's note, Markdown.")
    arranged = models.BooleanField(default=False, help_text="An editor set the order.")
    sectioned = models.BooleanField(
        default=False, help_text="An editor set the sections: items name theirs."
    )
    dropped = models.JSONField(default=list, blank=True, help_text="Slugs an editor left out.")
    left_out = models.JSONField(
        default=list, blank=True, help_text='[{"slug", "headline", "code", "why"}]'
    )
    likely = models.JSONField(
        default=list,
        blank=True,
        help_text='Pairs to ask an editor about: [{"slug", "into", "why", "differs"}].',
    )
    assembled_at = models.DateTimeField(default=timezone.now)

    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField(max_length=320, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it is to go out.")
    planned_at = models.DateTimeField(
        null=True, blank=True, help_text="When its schedule wants it out, if approved by then."
    )
    segments = models.JSONField(
        default=list, blank=True, help_text="Names; none: every confirmed subscriber."
    )
    rate = models.FloatField(null=True, blank=True, help_text="Messages a second.")
    despite = models.TextField(blank=True, help_text="Why it went out past a blocking check.")
    unattended = models.BooleanField(default=False, help_text="Approved by its schedule.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "number"], name="update_number"),
            models.UniqueConstraint(
                fields=["topic"], condition=models.Q(stage="draft"), name="one_draft_per_topic"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(stage="approved"), name="update_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} · {self.title}" if self.title else self.label

    def get_absolute_url(self) -> str:
        return f"/t/{self.topic.slug}/{self.number}/"

    @property
    def label(self) -> str:
        """ "Update #2", or "Draft" before it has a number."""
        return f"Update #{self.number}" if self.number else "Draft"

    def shown_folds(self) -> "models.QuerySet[Fold]":
        """What its items have taken in; not what was told before."""
        into = self.items.values("briefing")
        return self.folds.filter(into__in=into).select_related("briefing__topic", "into")

    @property
    def ref(self) -> str:
        """How commands and addresses name it: ``topic/2`` or ``topic/draft``."""
        draft = self.stage == Stage.DRAFT or self.number is None
        return f"{self.topic.slug}/{'draft' if draft else self.number}"


class Item(models.Model):
    """A briefing's place in an update."""

    update = models.ForeignKey("digest.Update", models.CASCADE, related_name="items")
    briefing = models.ForeignKey("digest.Briefing", models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    depth = models.CharField(max_length=10, choices=Depth.choices)
    depth_by_hand = models.BooleanField(default=False)
    pinned = models.BooleanField(default=False)
    why = models.TextField(help_text="Why it is in, in the reader's words.")
    changed_since = models.ForeignKey(
        "digest.Update",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="For a continuing item: the update that carried it last.",
    )
    change = models.TextField(blank=True, help_text="What changed since then, in a sentence.")
    headline = models.CharField(max_length=500, blank=True, help_text="For this update only.")
    summary = models.TextField(blank=True, help_text="For this update only.")
    section = models.CharField(
        max_length=120, blank=True, help_text="Where the update is sectioned: the one it stands in."
    )
    anyway = models.TextField(
        blank=True, help_text="Why an editor took it in past the cut-off, in their words."
    )
    frozen = models.JSONField(
        null=True, blank=True, help_text="BriefingData as approved; null while a draft."
    )
    closed = models.BooleanField(
        default=False, help_text="Approved with a status that closes its story."
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["update", "briefing"], name="item_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.said_headline}"

    @property
    def said_headline(self) -> str:
        """Its headline in this update."""
        return self.headline or self.briefing.headline

    @property
    def data(self) -> BriefingData:
        """What the item says: as frozen at approval, else the live briefing."""
        return BriefingData.model_validate(self.frozen) if self.frozen else self.briefing.data


class Fold(models.Model):
    """A briefing that an update consumes without an item: another one tells its story.

    ``into`` has the item in the same update or, where the story was told before and nothing has
    changed, in an earlier one.
    """

    update = models.ForeignKey("digest.Update", models.CASCADE, related_name="folds")
    briefing = models.ForeignKey("digest.Briefing", models.PROTECT, related_name="folds")
    into = models.ForeignKey("digest.Briefing", models.PROTECT, related_name="+")
    why = models.TextField(help_text="What they share, or who folded them.")
    frozen = models.JSONField(
        null=True, blank=True, help_text="BriefingData as approved; null while a draft."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["update", "briefing"], name="fold_once"),
        ]

    def __str__(self) -> str:
        return f"{self.briefing} in {self.into}"


class Letter(models.TextChoices):
    """What a reader is written to about, beside confirmations and welcomes."""

    LINKS = "links", "Links"  # new links, which they asked for
    MOVE = "move", "New address"  # to the address they want from now on: is it theirs?
    MOVED = "moved", "Moved"  # to the address they had, once it is done


class Edition(models.Model):
    """One frozen rendering, addressed by the hash of its content."""

    hash = models.CharField(max_length=64, unique=True)
    update = models.ForeignKey(
        "digest.Update",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="editions",
        help_text="None for mails such as a confirmation.",
    )
    topic = models.ForeignKey("digest.Topic", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, help_text="The mail's template: update, confirm, …")
    variant = models.CharField(max_length=20, choices=Depths.choices, default=Depths.ARRANGED)
    view = models.JSONField(help_text="The view model it was made from.")
    sender = models.TextField(help_text="Who it is from, as it was when this was made.")
    subject = models.TextField()
    preheader = models.TextField(blank=True)
    html = models.TextField()
    text = models.TextField()
    nonce = models.CharField(max_length=16, help_text="In the names of its personal tokens.")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.kind} {self.hash[:12]}"


def from_address(topic: Topic) -> str:
    """Who the topic's mails are from."""
    return topic.from_address or str(settings.FROM_ADDRESS)


def postal_address(topic: Topic) -> str:
    """The postal address in the foot of the topic's mails; "" where there is none."""
    return topic.postal_address or str(settings.POSTAL_ADDRESS)
