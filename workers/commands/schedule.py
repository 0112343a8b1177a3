"""digest schedule: set, next, list, remove."""

import itertools
from zoneinfo import ZoneInfo

import click
from django.utils import timezone

from digest import updates
from digest.errors import NotFound
from digest.models import audit
from workers.models import Schedule
from workers.schedule import set_schedule, times


@click.group()
def schedule() -> None:
    """When a topic's updates are drafted."""


@schedule.command("set")
@click.argument("topic")
@click.argument("cron")
@click.option("--zone", required=True, help="An IANA time zone, e.g. Europe/London.")
@click.option("--auto", is_flag=True, help="Approve and send without a person.")
def set_(topic: str, cron: str, zone: str, auto: bool) -> None:
    """Give a topic a cron rule (five fields) in a time zone."""
    made = set_schedule(updates.topic(topic), cron, zone, auto, by="command line")
    then = "and sent" if auto else "and left for an editor"
    click.echo(f"{made.topic} is assembled {then} next at {_local(made)}.")


@schedule.command("next")
@click.argument("topic")
@click.option("-n", "count", default=10, show_default=True, type=click.IntRange(1, 1000))
def next_(topic: str, count: int) -> None:
    """List a topic's next runs."""
    made = _of(topic)
    upcoming = times(made.cron, made.zone, timezone.now())
    for time in itertools.islice(upcoming, count):
        local = time.astimezone(ZoneInfo(made.zone))
        click.echo(f"{local:%a %d %b %Y %H:%M %Z}\t{time:%Y-%m-%dT%H:%M:%SZ}")


@schedule.command("list")
def list_() -> None:
    """List the schedules."""
    for made in Schedule.objects.select_related("topic").order_by("next_at"):
        click.echo(
            f"{made.topic.slug}\t{made.cron}\t{made.zone}\t"
            f"{'auto' if made.auto else 'by an editor'}\tnext {_local(made)}"
        )


@schedule.command("remove")
@click.argument("topic")
def remove(topic: str) -> None:
    """Take a topic's schedule away; its updates are assembled by hand then."""
    _of(topic).delete()
    audit("command line", "removed schedule", topic)
    click.echo(f"{topic} has no schedule any more.")


def _of(topic: str) -> Schedule:
    made = Schedule.objects.filter(topic=updates.topic(topic)).select_related("topic").first()
    if made is None:
        raise NotFound(
            f"{topic} has no schedule. Give it one with: digest schedule set {topic} "
            "'0 7 * * 1-5' --zone Europe/London"
        )
    return made


def _local(made: Schedule) -> str:
    return f"{made.next_at.astimezone(ZoneInfo(made.zone)):%A %d %B %Y %H:%M %Z}"
