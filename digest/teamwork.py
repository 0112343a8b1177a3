"""What people who work on one update leave for each other: its versions, who is at it, and who
asks for an approval."""

from django.db import models
from django.utils import timezone


class Version(models.Model):
    """What an update was after somebody changed it; rows are added, and the oldest thinned out."""

    update = models.ForeignKey("digest.Update", models.CASCADE, related_name="versions")
    by = models.CharField(max_length=320)
    did = models.CharField(max_length=1100, help_text="What they did: 'moved “A pier reopens”'.")
    begun_at = models.DateTimeField(
        default=timezone.now, help_text="When they began; one text is often typed in many changes."
    )
    at = models.DateTimeField(default=timezone.now)
    state = models.JSONField(help_text="What restores it (see versions.py).")
    view = models.BinaryField(help_text="What readers would get: an EmailView as JSON, by zlib.")
    hash = models.CharField(max_length=64, help_text="Of the view: what an approval is bound to.")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.by} {self.did}, {self.at:%Y-%m-%d %H:%M}"


class Presence(models.Model):
    """Somebody at an update; old news after a few seconds without a sign of them."""

    update = models.ForeignKey("digest.Update", models.CASCADE, related_name="presences")
    who = models.CharField(max_length=320)
    doing = models.CharField(max_length=100, blank=True, help_text="'editing the subject'.")
    seen_at = models.DateTimeField(default=timezone.now)
    version = models.BigIntegerField(
        default=0, help_text="The latest version that they have looked at; 0: none."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["update", "who"], name="presence_once"),
        ]

    def __str__(self) -> str:
        return f"{self.who} at {self.update}"


class Answer(models.TextChoices):
    """What became of a request for approval."""

    OPEN = "open", "Waits"  # nobody has answered yet; at most one an update
    APPROVED = "approved", "Approved"  # by somebody else than who asked
    SENT_BACK = "sent back", "Sent back"  # with words on what to change
    VOID = "void", "Void"  # the update was changed, so that it isn't what was asked for


class ApprovalRequest(models.Model):
    """Somebody asks that an update be approved as it is."""

    update = models.ForeignKey("digest.Update", models.CASCADE, related_name="requests")
    hash = models.CharField(max_length=64, help_text="Of the content that it is about.")
    by = models.CharField(max_length=320)
    at = models.DateTimeField(default=timezone.now)
    note = models.TextField(blank=True, help_text="What whoever approves should know.")
    answer = models.CharField(max_length=10, choices=Answer.choices, default=Answer.OPEN)
    answered_by = models.CharField(max_length=320, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    words = models.TextField(blank=True, help_text="Why it was sent back, or is void.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["update"], condition=models.Q(answer="open"), name="one_open_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by} asks for {self.update}: {self.get_answer_display()}"
