"""digest feed: add, list, fetch, remove."""

import json
from typing import Any

import click

from digest import updates
from digest.errors import Unreachable
from digest.feeds import Feed
from digest.intake import feed_sources, polling
from digest.intake.feed_entries import Came

BY = "command line"


@click.group()
def feed() -> None:
    """Feeds as sources of a topic, read again and again."""


@feed.command()
@click.argument("topic")
@click.argument("url")
@click.option(
    "--every",
    "minutes",
    default=30,
    show_default=True,
    metavar="MINUTES",
    help="Between two looks.",
)
@click.option("--hold", is_flag=True, help="What it brings waits for an editor's look.")
def add(topic: str, url: str, minutes: int, hold: bool) -> None:
    """Make a feed, or a page, a source of a topic."""
    made = feed_sources.add(updates.topic(topic), url, minutes=minutes, hold=hold, by=BY)
    then = " and held for an editor's look" if hold else ""
    click.echo(
        f"Added {made.url}: read every {minutes} minutes by the workers{then}. "
        f"Read it now with: digest feed fetch {topic} {made.url}"
    )


@feed.command("list")
@click.argument("topic", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def list_(topic: str | None, as_json: bool) -> None:
    """List the feeds of a topic, or of all, and how each fares."""
    found = Feed.objects.select_related("topic").order_by("topic__slug", "pk")
    feeds = list(found.filter(topic=updates.topic(topic)) if topic else found)
    if as_json:
        click.echo(json.dumps({"feeds": [_plain(one) for one in feeds]}, ensure_ascii=False))
        return
    for one in feeds:
        told = f": {one.trouble}" if one.trouble else ""
        held = ", held for a look" if one.hold else ""
        click.echo(
            f"{one.topic.slug}\t{one.url}\t{one.health.label}{told}\t{_next(one)}\t"
            f"every {one.minutes} minutes{held}"
        )


@feed.command()
@click.argument("topic")
@click.argument("url")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def fetch(topic: str, url: str, as_json: bool) -> None:
    """Read a feed now, though it is not due, was paused or said to be gone."""
    found = feed_sources.find(updates.topic(topic), url)
    feed_sources.ask_now(found, by=BY)
    came = polling.poll(found.pk)
    if came is None:
        raise Unreachable("A worker reads it at this moment; look at: digest feed list")
    if as_json:
        click.echo(json.dumps(_came(came), ensure_ascii=False))
    if came.trouble and not (came.created + came.updated + came.unchanged + came.old):
        raise Unreachable(f"{url} {came.trouble}. Nothing was changed; it is asked again later.")
    if not as_json:
        click.echo(f"{found.url}: {came}." + (f" Note: {came.trouble}." if came.trouble else ""))


@feed.command()
@click.argument("topic")
@click.argument("url")
def remove(topic: str, url: str) -> None:
    """Take a feed away; the briefings that it brought stay."""
    found = feed_sources.find(updates.topic(topic), url)
    feed_sources.remove(found, by=BY)
    click.echo(f"{url} is no source of {topic} any more; its briefings stay.")


def _plain(one: Feed) -> dict[str, Any]:
    return {
        "topic": one.topic.slug,
        "url": one.url,
        "name": one.name,
        "minutes": one.minutes,
        "hold": one.hold,
        "health": one.health.value,
        "trouble": one.trouble,
        "failures": one.failures,
        "last_good": one.good_at.isoformat() if one.good_at else None,
        "next": one.next_at.isoformat() if one.is_asked else None,
        "entries": one.seen,
        "created": one.created,
    }


def _came(came: Came) -> dict[str, Any]:
    return {
        "created": came.created,
        "updated": came.updated,
        "unchanged": came.unchanged,
        "old": came.old,
        "rejected": came.rejected,
        "trouble": came.trouble,
    }


def _next(one: Feed) -> str:
    return f"next {one.next_at:%Y-%m-%d %H:%M} UTC" if one.is_asked else "not asked"
