"""Routes as rows: relay accounts, what each may take, and what it took; and the rates' instants."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from digest.models import Topic

DEFAULT = "default"
"""The route that ``SMTP_URL`` names.  Its row is made when it is first asked for, and stays."""


class Route(models.Model):
    """A relay account.  Its address is sealed (``secrets.py``); the default's is in SMTP_URL."""

    name = models.CharField(max_length=40)
    sealed = models.TextField(blank=True, help_text="Its address, encrypted; empty: SMTP_URL.")
    connections = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of each worker process; none: as its URL says."
    )
    rate = models.FloatField(null=True, blank=True, help_text="Messages a second.")
    cap = models.PositiveIntegerField(null=True, blank=True, help_text="Messages a day.")
    zone = models.CharField(max_length=64, default="UTC", help_text="Whose midnight ends a day.")
    warmup = models.JSONField(
        default=list, blank=True, help_text="[50, 100, …]: the cap of each day, from the first on."
    )
    warmup_from = models.DateField(null=True, blank=True, help_text="Its first day.")
    weight = models.PositiveSmallIntegerField(default=1, help_text="Its share among its equals.")
    place = models.PositiveSmallIntegerField(
        default=1, help_text="1 goes first; 2 where no route of place 1 can take it, and so on."
    )
    provider = models.CharField(
        max_length=20, blank=True, help_text="Whose it is; none: as its host's name tells."
    )
    by_api = models.BooleanField(
        default=False, help_text="By HTTPS; told of a removed one too, whose address is not kept."
    )
    kinds = models.JSONField(
        default=list, blank=True, help_text="MailingKinds that it serves; none: all."
    )
    topics = models.ManyToManyField(
        Topic, blank=True, related_name="+", help_text="That it serves; none: all."
    )
    paused_at = models.DateTimeField(null=True, blank=True, help_text="By a person.")
    removed_at = models.DateTimeField(
        null=True, blank=True, help_text="Its row stays, for whatever went by it."
    )
    created_at = models.DateTimeField(default=timezone.now)

    failures = models.PositiveSmallIntegerField(
        default=0, help_text="Since it last took a message."
    )
    aside_until = models.DateTimeField(
        null=True, blank=True, help_text="Set aside: when it is looked at again."
    )
    trouble = models.TextField(blank=True, help_text="Why, in words.")
    heard = models.JSONField(
        default=list, blank=True, help_text="[[time, words], …]: what it last said, newest first."
    )

    class Meta:
        app_label = "workers"
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(removed_at=None), name="route_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DomainLimit(models.Model):
    """How fast a route may take mail for one domain of readers."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="limits")
    domain = models.CharField(max_length=255, help_text="In lower case.")
    rate = models.FloatField(null=True, blank=True, help_text="Messages a second.")
    connections = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Messages under way at once, of each worker process."
    )
    held_at = models.DateTimeField(
        null=True, blank=True, help_text="When a worker last held messages back for it."
    )
    held = models.PositiveIntegerField(default=0, help_text="How many, of that worker's batch.")

    class Meta:
        app_label = "workers"
        constraints = [models.UniqueConstraint(fields=["route", "domain"], name="domain_once")]

    def __str__(self) -> str:
        return f"{self.domain} by {self.route}"


class RouteDay(models.Model):
    """What a route took on one day of its zone."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    taken = models.BigIntegerField(
        default=0, help_text="Messages that workers took from its cap before they sent them."
    )
    accepted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0, help_text="Failed or deferred by its answer.")
    uncertain = models.BigIntegerField(default=0)

    class Meta:
        app_label = "workers"
        constraints = [models.UniqueConstraint(fields=["route", "day"], name="route_day_once")]

    def __str__(self) -> str:
        return f"{self.route} on {self.day}"


class RouteShare(models.Model):
    """How much of a mailing went by one route."""

    mailing = models.ForeignKey(
        "workers.Mailing", models.CASCADE, related_name="shares", db_index=False
    )
    route = models.ForeignKey(Route, models.CASCADE, related_name="+", db_index=False)
    accepted = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    uncertain = models.BigIntegerField(default=0)

    class Meta:
        app_label = "workers"
        constraints = [
            models.UniqueConstraint(fields=["mailing", "route"], name="route_share_once")
        ]

    def __str__(self) -> str:
        return f"mailing {self.mailing_id} by {self.route}"


class RouteMoment(models.Model):
    """What a route answered in one second: its speed.  Kept for minutes."""

    route = models.ForeignKey(Route, models.CASCADE, related_name="+", db_index=False)
    second = models.BigIntegerField(db_index=True, help_text="Since 1970.")
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "workers"
        constraints = [
            models.UniqueConstraint(fields=["route", "second"], name="route_moment_once")
        ]

    def __str__(self) -> str:
        return f"{self.route} at {self.second}"


class Pace(models.Model):
    """The next free instant of one rate, shared by all workers."""

    name = models.CharField(max_length=300, unique=True, help_text="route:…, mailing:… and so on.")
    next_at = models.FloatField(default=0, help_text="Seconds since 1970, the database's clock.")
    rate = models.FloatField(default=0, help_text="At which the last run was reserved.")

    class Meta:
        app_label = "workers"

    def __str__(self) -> str:
        return self.name
