"""digest assemble, show and discard."""

import json
from typing import Any

import click
from django.utils.dateparse import parse_datetime

from digest import arranging, drafting, updates
from digest.errors import Refused
from digest.models import Update


def read_time(_context: Any, _option: Any, text: str | None) -> Any:
    """An RFC 3339 time with an offset, as a click callback."""
    if text is None:
        return None
    try:
        time = parse_datetime(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise click.BadParameter(
            f"{text!r} is no time with an offset; write for example 2026-05-17T15:00:00Z"
        )
    return time


@click.command()
@click.argument("topic")
@click.option("--until", callback=read_time, metavar="TIME", help="The cut-off (now).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def assemble(topic: str, until: Any, as_json: bool) -> None:
    """Draft the topic's next update from its recent briefings."""
    update = drafting.draft(updates.topic(topic), until)
    click.echo(json.dumps(_plain(update), ensure_ascii=False) if as_json else _told(update))


@click.command()
@click.argument("update")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(update: str, as_json: bool) -> None:
    """Show an update: its items, and what was left out, with the reasons."""
    found = updates.find(update)
    click.echo(json.dumps(_plain(found), ensure_ascii=False) if as_json else _told(found))


@click.command()
@click.argument("update")
def discard(update: str) -> None:
    """Throw a draft away; its briefings are candidates again."""
    found = updates.find(update)
    if not update.endswith("/draft"):
        raise Refused("Only a draft can be discarded; nothing was changed.")
    drafting.discard(found)
    click.echo(f"Discarded the draft of {found.topic}. Nothing in it was consumed.")


@click.command()
@click.argument("update")
@click.argument("slug")
@click.argument("into")
def fold(update: str, slug: str, into: str) -> None:
    """Let the item INTO tell the story of SLUG too, in this draft and in later ones."""
    arranging.fold(updates.find(update), slug, into, by=BY)
    click.echo(f"Folded {slug} into {into}. Split it off again: digest split {update} {slug}")


@click.command()
@click.argument("update")
@click.argument("slug")
def split(update: str, slug: str) -> None:
    """Make an item of its own of what was folded; the two stay apart from now on."""
    arranging.split(updates.find(update), slug, by=BY)
    click.echo(f"Split {slug} off; it is an item of its own, and stays one.")


BY = "command line"


def _plain(update: Update) -> dict[str, Any]:
    items = update.items.select_related("briefing")
    folded: dict[int, list[str]] = {}
    for fold in update.shown_folds():
        folded.setdefault(fold.into_id, []).append(fold.briefing.slug)
    return {
        "update": update.ref,
        "number": update.number,
        "stage": update.stage,
        "title": update.title,
        "since": update.since.isoformat(),
        "until": update.until.isoformat(),
        "items": [
            {"slug": item.briefing.slug, "kind": item.kind, "depth": item.depth, "why": item.why}
            | ({"folded": folded[item.briefing_id]} if item.briefing_id in folded else {})
            for item in items
        ],
        "likely": update.likely,
        "left_out": [{"slug": one["slug"], "why": one["why"]} for one in update.left_out],
    }


_LISTED = 20


def _told(update: Update) -> str:
    lines = [f"{update.topic} · {update.label} · {update.title or 'no items yet'}", ""]
    for place, item in enumerate(update.items.select_related("briefing"), 1):
        lines.append(f"{place:>3}. {item.headline or item.data.headline}")
        lines.append(f"     {item.kind}, {item.depth}. {item.why}")
        if item.change:
            lines.append(
                f"     Since {item.changed_since and item.changed_since.label}: {item.change}"
            )
        folds = update.shown_folds().filter(into=item.briefing)
        lines += [f"     Folded in: {fold.briefing.slug}. {fold.why}" for fold in folds]
    empty = not update.items.exists()
    if empty:
        lines.append("  No briefing falls into this update. Load some, or move the cut-off.")
    if update.left_out:
        lines += ["", f"Left out: {len(update.left_out)}"]
        lines += [f"  {one['slug']}: {one['why']}" for one in update.left_out[:_LISTED]]
    if len(update.left_out) > _LISTED:
        lines.append(f"  … and {len(update.left_out) - _LISTED} more (--json lists all).")
    for asked in update.likely:
        lines += ["", f"Likely the same story: {asked['slug']} and {asked['into']}. {asked['why']}"]
        lines += [f"  “{asked['differs']}”"] if asked["differs"] else []
        lines += [f"  Fold them:  digest fold {update.ref} {asked['slug']} {asked['into']}"]
    if update.ref.endswith("/draft") and not empty:
        lines += [
            "",
            f"Check it:   digest check {update.ref}",
            f"Approve it: digest approve {update.ref}",
        ]
    return "\n".join(lines)
