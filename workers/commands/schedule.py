"""digest schedule: set, next, list, assemble, let-go, care, clear."""

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import click
from django.utils import timezone

from digest import updates
from digest.errors import NotFound
from workers import rules, slots
from workers.brake import caring
from workers.models import Schedule, Slot
from workers.rules import Rule, Run
from workers.schedule import clear, next_update, of, set_schedule

BY = "command line"


@click.group()
def schedule() -> None:
    """When a topic's updates go out."""


@schedule.command("set")
@click.argument("topic")
@click.argument("cron")
@click.option("--zone", help="An IANA time zone, e.g. Europe/London; by itself the topic's.")
@click.option("--auto", is_flag=True, help="Approve without a person where every check passes.")
@click.option("--lead", default=0, metavar="MINUTES", help="Draft it so long before it goes out.")
@click.option(
    "--blackout",
    "blackouts",
    multiple=True,
    metavar="DAYS",
    help="No update then: 2026-12-25, or 12-24..12-26 for every year. May be given several times.",
)
def set_(
    topic: str, cron: str, zone: str | None, auto: bool, lead: int, blackouts: tuple[str, ...]
) -> None:
    """Give a topic a cron rule (five fields) in a time zone."""
    of_it = updates.topic(topic)
    rule = Rule(cron, zone or of_it.zone, lead, ",".join(blackouts))
    made = set_schedule(of_it, rule, auto, by=BY)
    out = next_update(made) or made.slot_at  # past blackout days
    drafted = f" Its draft is made {_local(out - made.ahead, made.zone)}." if lead else ""
    then = "approved if every check passes" if auto else "left for an editor"
    click.echo(
        f"{made.topic} goes out next {_local(out, made.zone)}: assembled, then {then}.{drafted}"
    )


@schedule.command("next")
@click.argument("topic")
@click.option("-n", "count", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--zone", help="Show them in this time zone too.")
def next_(topic: str, count: int, zone: str | None) -> None:
    """List a topic's next runs: in its schedule's zone and in UTC."""
    made = of(updates.topic(topic))
    if zone:
        rules.times(made.cron, zone, timezone.now())  # refuses what is no zone
    for run in itertools.islice(rules.runs(made.rule, timezone.now()), count):
        click.echo("\t".join(_columns(run, made, zone)))


@schedule.command("list")
def list_() -> None:
    """List the schedules, and slots that want a person."""
    for made in Schedule.objects.select_related("topic").order_by("next_at"):
        out = next_update(made) or made.slot_at
        click.echo(
            f"{made.topic.slug}\t{made.cron}\t{made.zone}\t"
            f"{'auto' if made.auto else 'by an editor'}\tnext {_local(out, made.zone)}"
            f"{_further(made)}"
        )
    for slot in slots.held():
        click.echo(
            f"{slot.topic.slug}\theld\t{slot.why}\tdigest schedule assemble {slot.topic.slug}, "
            f"or digest schedule let-go {slot.topic.slug}"
        )


@schedule.command()
@click.argument("topic")
def assemble(topic: str) -> None:
    """Assemble now what a held slot was to."""
    update = slots.assemble(_held(topic), by=BY)
    click.echo(f"Assembled. Look at it, then: digest approve {update.ref}")


@schedule.command("let-go")
@click.argument("topic")
def let_go(topic: str) -> None:
    """Want a held slot no more."""
    slots.let_go(_held(topic), by=BY)
    click.echo("Let go. What it would have carried waits for the next update.")


@schedule.command()
@click.argument("topic")
@click.option("--first", metavar="PERCENT", help="So many go first; 0: all at once.")
@click.option("--wait", metavar="MINUTES", help="Between these and the rest.")
@click.option("--quiet", metavar="HOURS", help="Nothing goes then: 22:00-07:00; '' for never.")
def care(topic: str, first: str | None, wait: str | None, quiet: str | None) -> None:
    """Say with how much care a topic's mailings go; without options show it."""
    of_it = updates.topic(topic)
    made = caring.of(of_it)
    if not (first is None and wait is None and quiet is None):
        made = caring.set_care(
            of_it,
            made.first if first is None else caring.read_first(first),
            made.wait if wait is None else caring.read_wait(wait),
            made.quiet if quiet is None else quiet,
            by=BY,
        )
    click.echo(f"{of_it}: {caring.in_words(made)}")


@schedule.command("clear")
@click.argument("topic")
def clear_(topic: str) -> None:
    """Take a topic's schedule away; its updates are assembled by hand then."""
    clear(updates.topic(topic), by=BY)
    click.echo(f"{topic} has no schedule any more.")


def _further(made: Schedule) -> str:
    lead = f"\tdrafted {made.lead} minutes before" if made.lead else ""
    return lead + (f"\tnot on {made.blackouts}" if made.blackouts else "")


def _held(topic: str) -> Slot:
    found = slots.held().filter(topic=updates.topic(topic)).first()
    if found is None:
        raise NotFound(f"No slot of {topic} is held; nothing was changed.")
    return found


def _columns(run: Run, made: Schedule, zone: str | None) -> list[str]:
    local = run.at.astimezone(ZoneInfo(made.zone))
    said = [f"{local:%a %d %b %Y %H:%M %Z}"]
    if zone:
        said.append(f"{run.at.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M %Z}")
    said.append(f"{run.at:%Y-%m-%dT%H:%M:%SZ}")
    if run.blackout:
        said.append("blackout day: skipped")
    elif made.lead:
        said.append(f"drafted {run.cutoff.astimezone(ZoneInfo(made.zone)):%a %H:%M}")
    return said


def _local(at: dt.datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%A %d %B %Y %H:%M %Z}"
