"""digest subscribers count."""

import dataclasses
import json

import click
from django.utils import timezone

from digest import updates
from subscribers.counting import Counted, counted
from subscribers.models import SuppressionReason


@click.command()
@click.option("--topic", metavar="SLUG", help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def count(*, topic: str | None, as_json: bool) -> None:
    """How many people stand how to each topic, and how many of them must not be mailed."""
    found = counted(timezone.now(), updates.topic(topic) if topic else None)
    if as_json:
        click.echo(json.dumps({"topics": [dataclasses.asdict(one) for one in found]}))
        return
    for one in found:
        _say(one)
    if not found:
        click.echo("There is no topic yet.")


def _say(one: Counted) -> None:
    click.echo(
        f"{one.name} ({one.topic}): {one.confirmed:,} confirmed, {one.pending:,} pending, "
        f"{one.paused:,} paused, {one.unsubscribed:,} unsubscribed"
    )
    if one.suppressed:
        reasons = ((str(SuppressionReason(name).label), n) for name, n in one.suppressed.items())
        told = ", ".join(f"{number:,} {label.lower()}" for label, number in reasons)
        click.echo(f"  of these must not be mailed: {told}")
