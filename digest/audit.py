"""The audit log: who did what, when."""

from typing import TYPE_CHECKING, Any

import structlog
from django.db import models, transaction
from django.utils import timezone

if TYPE_CHECKING:
    from digest.models import Update

log = structlog.get_logger()


class AuditEntry(models.Model):
    """Who did what, when; rows are only ever added, by the functions that change things. Whoever
    is erased is taken out of their details."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    who = models.CharField(max_length=320, help_text="An address, 'schedule' or 'command line'.")
    what = models.CharField(max_length=60, help_text="A verb and a noun: 'approved update'.")
    about = models.CharField(max_length=200, db_index=True, help_text="As commands name it.")
    update = models.ForeignKey(
        "digest.Update",
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


def audit(who: str, what: str, about: "str | Update", **detail: Any) -> None:
    """Add one line to the audit log, in the caller's transaction; to the logs once it stands."""
    update = None if isinstance(about, str) else about
    said = about if isinstance(about, str) else about.ref
    AuditEntry.objects.create(who=who, what=what, about=said, update=update, detail=detail)
    line = {"who": who, "what": what, "about": said, "detail": detail}
    transaction.on_commit(lambda: log.info("audit", **line))
