"""What the queue's pages read instead of counting millions of rows."""

from django.db import models


class Sample(models.Model):
    """How far a mailing was at some moment: what its rate over time is drawn from."""

    mailing = models.ForeignKey(
        "workers.Mailing", models.CASCADE, related_name="samples", db_index=False
    )
    slot = models.BigIntegerField(help_text="Tens of seconds since 1970: one sample in each.")
    at = models.DateTimeField()
    accepted = models.BigIntegerField()

    class Meta:
        app_label = "workers"
        constraints = [models.UniqueConstraint(fields=["mailing", "slot"], name="sample_once")]

    def __str__(self) -> str:
        return f"mailing {self.mailing_id} at {self.at:%H:%M:%S}: {self.accepted}"


class AtDomain(models.Model):
    """How many of a mailing's deliveries to one mail domain were accepted.

    The rest need no counter: whoever is deferred, failed or uncertain has an index of their own.
    """

    mailing = models.ForeignKey(
        "workers.Mailing", models.CASCADE, related_name="domains", db_index=False
    )
    domain = models.CharField(max_length=320)
    accepted = models.BigIntegerField()

    class Meta:
        app_label = "workers"
        constraints = [models.UniqueConstraint(fields=["mailing", "domain"], name="at_domain_once")]

    def __str__(self) -> str:
        return f"mailing {self.mailing_id}, {self.domain}: {self.accepted}"
