"""Who has put the first steps away. How far they are is no row: it is looked up."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class PutAway(models.Model):
    """Somebody who wants to see no first steps on the desk; for others they stay."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"First steps put away by {self.user}"
