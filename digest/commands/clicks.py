"""digest clicks."""

import json

import click

from digest import updates
from digest.clicks import figures
from digest.clicks.figures import Figures, Standing
from digest.models import Update

_SAID = {
    Standing.OFF: "Clicks are not counted. Count them from the next approval on: "
    "digest topic set {topic} --clicks",
    Standing.WAITS: "Clicks will be counted; its links are known once it is approved.",
    Standing.BEFORE: "Clicks are counted since after this update was approved; it has none.",
    Standing.ENDED: "Clicks are counted no more; these are from before.",
    Standing.COUNTED: "Clicks, not readers; programs that look through mail may be among them.",
}


@click.command()
@click.argument("update")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def clicks(update: str, as_json: bool) -> None:
    """Show how often an update's links were followed; nobody knows by whom."""
    found = updates.find(update)
    known = figures.of(found)
    if as_json:
        click.echo(json.dumps(figures.plain(found, known), ensure_ascii=False))
    else:
        click.echo(_told(found, known))


def _told(update: Update, known: Figures) -> str:
    clicks = f"{known.clicks:,} click{'' if known.clicks == 1 else 's'}"
    lines = [f"{update.topic} · {update.label} · {clicks}"]
    for group in known.groups:
        lines += ["", f"{group.title}: {group.clicks:,}"]
        lines += [f"{one.clicks:>9,}  {one.link.words}  {one.link.target}" for one in group.links]
    return "\n".join([*lines, "", _SAID[known.standing].format(topic=update.topic.slug)])
