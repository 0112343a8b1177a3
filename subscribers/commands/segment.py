"""digest segment: saved rules over subscribers."""

import json

import click

from digest import updates
from digest.audit import audit
from digest.depths import Depths
from subscribers import rules, saved_segments, segments
from subscribers.models import Segment
from subscribers.selection import selected


@click.group()
def segment() -> None:
    """Segments: saved rules that say which subscribers get an update."""


@segment.command()
@click.argument("name")
@click.argument("rule")
@click.option(
    "--depth",
    type=click.Choice(Depths.values),
    help="How its readers get an update: as arranged, all in full, or all short.",
)
def add(name: str, rule: str, depth: str | None) -> None:
    """Keep RULE (JSON) under NAME, in place of one of that name; what isn't named stays.

    For example: digest segment add trade '{"field": "tag", "is": "trade"}'
    """
    tree = rules.parse(rule)
    new = segments.save(name, tree, depth)
    audit(
        "command line",
        "added segment" if new else "changed segment",
        name,
        rule=tree,
        **({"depth": depth} if depth else {}),
    )
    click.echo(f"{'Added' if new else 'Changed'} segment {name}.")


@segment.command()
@click.argument("name")
@click.argument("to")
def rename(name: str, to: str) -> None:
    """Call segment NAME something else."""
    saved_segments.rename(name, to, by="command line")
    click.echo(f"Segment {name} is called {to.strip()} now.")


@segment.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete segment NAME; not while an approved update waits to go to it."""
    saved_segments.delete(name, by="command line")
    click.echo(f"Deleted segment {name}. What went to it stays sent.")


@segment.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def list_(as_json: bool) -> None:
    """The segments and their rules."""
    found = list(Segment.objects.all())
    if as_json:
        listed = [{"name": one.name, "rule": one.rule, "depth": one.variant} for one in found]
        click.echo(json.dumps({"segments": listed}))
        return
    if not found:
        click.echo(
            """None yet. Add one with: digest segment add NAME '{"field": "tag", "is": …}'"""
        )
    for one in found:
        rule = json.dumps(one.rule, ensure_ascii=False)
        click.echo(f"{one.name}  {rule}  {Depths(one.variant).label.lower()}")


@segment.command()
@click.argument("rule")
@click.option("--topic", metavar="SLUG", help="Count whom an update of this topic would go to.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def count(rule: str, topic: str | None, as_json: bool) -> None:
    """How many people RULE (JSON) selects now; with a topic, of its confirmed subscribers."""
    tree = rules.parse(rule)
    if topic is None:
        number = segments.people(tree).count()
    else:
        number = selected(updates.topic(topic), [tree]).count()
    if as_json:
        click.echo(json.dumps({"count": number}))
    else:
        click.echo(f"{number:,} {'person' if number == 1 else 'people'}")
