"""What is said: topics, briefings, updates and their frozen renderings.

Behaviour of one row stands here; behaviour over several in ``assembly``,
``approval`` and the other topic modules.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from digest.feeds import Feed, FeedEntry  # noqa: F401 - Django finds models from here alone
from digest.partners import PartnerBlock  # noqa: F401 - as above
from digest.parts import BriefingData
from digest.teamwork import ApprovalRequest, Presence, Version  # noqa: F401 - as above
from digest.unsaved import UnsavedBriefing  # noqa: F401 - as above


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


class Format(models.TextChoices):
    """What a picture's bytes are; the value is the ending of its address."""

    PNG = "png", "image/png"  # a logo, or a drawing
    JPEG = "jpg", "image/jpeg"  # a photograph


class Picture(models.Model):
    """A picture that mails show, under the hash of its bytes; it never changes."""

    hash = models.CharField(max_length=64, primary_key=True, help_text="SHA-256, in hex.")
    content = models.BinaryField(help_text="As pictures.py takes it.")
    format = models.CharField(max_length=4, choices=Format.choices, default=Format.PNG)
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return self.hash[:12]

    def get_absolute_url(self) -> str:
        return f"/pictures/{self.hash}.{self.format}"


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
        Picture,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Stands for the name at the head of its mails; without one, the name does.",
    )
    pictures = models.BooleanField(
        default=False, help_text="Its mails show their leads' pictures, fetched from elsewhere."
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
    testers = models.JSONField(
        default=list, blank=True, help_text="Addresses that tests went to last: offered again."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/t/{self.slug}/"


class Briefing(models.Model):
    """One story on a topic; the current state of it.  Parts as in ``parts.BriefingData``."""

    topic = models.ForeignKey(Topic, models.PROTECT, related_name="briefings")
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
        "Update",
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


class Ruling(models.TextChoices):
    """What an editor said of two briefings; it holds for every later draft."""

    SAME = "same", "The same story"  # the one is folded into the other
    APART = "apart", "Two stories"  # never folded, never put to an editor again


class StoryRuling(models.Model):
    """An editor's word on whether two briefings tell the same story; at most one a pair."""

    briefing = models.ForeignKey(Briefing, models.CASCADE, related_name="+")
    other = models.ForeignKey(
        Briefing, models.CASCADE, related_name="+", help_text="The one that is kept."
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


class BriefingVersion(models.Model):
    """What a briefing said before an edit; rows are only ever added."""

    briefing = models.ForeignKey(Briefing, models.CASCADE, related_name="versions")
    content = models.JSONField(help_text="BriefingData as JSON.")
    replaced_at = models.DateTimeField(default=timezone.now)
    replaced_by = models.CharField(max_length=320, blank=True, help_text="Who or what edited.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.briefing} until {self.replaced_at:%Y-%m-%d %H:%M}"


class Update(models.Model):
    """A numbered edition of a topic."""

    topic = models.ForeignKey(Topic, models.PROTECT, related_name="updates")
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

    update = models.ForeignKey(Update, models.CASCADE, related_name="items")
    briefing = models.ForeignKey(Briefing, models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    depth = models.CharField(max_length=10, choices=Depth.choices)
    depth_by_hand = models.BooleanField(default=False)
    pinned = models.BooleanField(default=False)
    why = models.TextField(help_text="Why it is in, in the reader's words.")
    changed_since = models.ForeignKey(
        Update,
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


class Statement(models.Model):
    """What a party said in a story, in the approved update that carried it first."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="statements")
    item = models.ForeignKey(Item, models.CASCADE, related_name="statements")
    slug = models.CharField(max_length=120, help_text="The party's, as parties.py makes it.")
    party = models.CharField(max_length=500, help_text="As the story names it.")
    text = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["topic", "slug"])]

    def __str__(self) -> str:
        return f"{self.party} in {self.item}"


class Fold(models.Model):
    """A briefing that an update consumes without an item: another one tells its story.

    ``into`` has the item in the same update or, where the story was told before and nothing has
    changed, in an earlier one.
    """

    update = models.ForeignKey(Update, models.CASCADE, related_name="folds")
    briefing = models.ForeignKey(Briefing, models.PROTECT, related_name="folds")
    into = models.ForeignKey(Briefing, models.PROTECT, related_name="+")
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
        Update,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="editions",
        help_text="None for mails such as a confirmation.",
    )
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="+")
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


class RequestedTest(models.Model):
    """Somebody wants to see an update in an inbox; a worker finds this row and sends it."""

    update = models.ForeignKey(Update, models.CASCADE, related_name="+")
    addresses = models.JSONField(help_text="Addresses, each gets one mail.")
    variant = models.CharField(max_length=10, choices=Depths.choices, default=Depths.ARRANGED)
    asked_by = models.CharField(max_length=320, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True, help_text="Why it could not be made.")

    class Meta:
        indexes = [
            models.Index(
                fields=["asked_at"], condition=models.Q(taken_at=None), name="requested_test_open"
            )
        ]

    def __str__(self) -> str:
        return f"Test of {self.update} to {', '.join(self.addresses)}"


class Scope(models.TextChoices):
    """What the holder of an API token may do."""

    READ = "briefings:read", "Read briefings"  # see topics and briefings, also unsent ones
    WRITE = "briefings:write", "Write briefings"  # load, correct and withdraw them
    SEE_PEOPLE = "subscribers:read", "Read subscribers"  # one at a time, by address
    SIGN_UP = "subscribers:write", "Sign people up"  # they are asked by mail; and unsubscribe them
    # Beside subscribers:write: confirmed at once, where they agreed elsewhere.
    VOUCH = "subscribers:vouch", "Vouch for subscribers"


class ApiToken(models.Model):
    """Lets a program in at the API.  The token itself is shown once and never kept."""

    name = models.CharField(max_length=100, unique=True, help_text="Who holds it.")
    hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, in hex.")
    scopes = models.JSONField(help_text="Scope values.")
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class AuditEntry(models.Model):
    """Who did what, when; rows are only ever added, by the functions that change things. Whoever
    is erased is taken out of their details."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    who = models.CharField(max_length=320, help_text="An address, 'schedule' or 'command line'.")
    what = models.CharField(max_length=60, help_text="A verb and a noun: 'approved update'.")
    about = models.CharField(max_length=200, db_index=True, help_text="As commands name it.")
    update = models.ForeignKey(
        Update,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The one it is about: a draft's name is that of the topic's next one, too.",
    )
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.who} {self.what} {self.about}"


class Installation(models.Model):
    """What belongs to the database as a whole: one row."""

    key_fingerprint = models.CharField(
        max_length=64, help_text="Of the SECRET_KEY that signed the links in mails already sent."
    )

    def __str__(self) -> str:
        return self.key_fingerprint[:12]


def audit(who: str, what: str, about: "str | Update", **detail: Any) -> None:
    """Add one line to the audit log, in the caller's transaction."""
    update = about if isinstance(about, Update) else None
    said = str(about) if update is None else update.ref
    AuditEntry.objects.create(who=who, what=what, about=said, update=update, detail=detail)


def from_address(topic: Topic) -> str:
    """Who the topic's mails are from."""
    return topic.from_address or str(settings.FROM_ADDRESS)


def postal_address(topic: Topic) -> str:
    """The postal address in the foot of the topic's mails; "" where there is none."""
    return topic.postal_address or str(settings.POSTAL_ADDRESS)
