"""digest topic: add, set, list."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import click
from django.db import transaction

from digest import pictures, updates
from digest.errors import Refused
from digest.models import Depths, Picture, Topic, audit
from digest.rendering.colour import palette
from digest.rendering.language import tag
from digest.sender import one_mailbox

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def _options(command: Any) -> Any:
    for option in reversed(
        [
            click.option(
                "--from", "from_address", metavar="ADDRESS", help="Who its mails are from."
            ),
            click.option("--items", type=click.IntRange(1, 200), help="Items in an update (6)."),
            click.option(
                "--minutes",
                type=click.IntRange(0, 240),
                help="Reading time of an update (6); 0: no limit.",
            ),
            click.option(
                "--words", type=click.IntRange(0, 50_000), help="Words of an update (0: no limit)."
            ),
            click.option(
                "--sections/--no-sections",
                default=None,
                help="Whether items of one tag stand together, under the tag (no).",
            ),
            click.option("--depth", type=click.Choice(Depths.values), help="How items are shown."),
            click.option("--zone", metavar="ZONE", help="Its time zone, e.g. Europe/London (UTC)."),
            click.option("--accent", metavar="#RRGGBB", help="Its colour."),
            click.option(
                "--logo",
                metavar="FILE",
                help="A PNG that stands for its name in its mails; none: the name again.",
            ),
            click.option(
                "--pictures/--no-pictures",
                default=None,
                help="Whether its mails show their leads' pictures, which readers then fetch from "
                "where those are (no).",
            ),
            click.option("--language", metavar="TAG", help="Its language, e.g. de (en)."),
            click.option(
                "--closing",
                metavar="STATUSES",
                help="Statuses that close a story, parted by commas (Resolved, Closed and the "
                "like); none: those again.",
            ),
            click.option(
                "--resend-uncertain/--no-resend-uncertain",
                default=None,
                help="Whether a message that may have arrived is sent once more, with the same "
                "Message-ID, rather than wait for a person (no).",
            ),
            click.option(
                "--minimum",
                type=click.IntRange(1, 200),
                help="A scheduled update with fewer items is skipped (1).",
            ),
        ]
    ):
        command = option(command)
    return command


@click.group()
def topic() -> None:
    """Topics: the running stories that people subscribe to."""


@topic.command()
@click.argument("slug")
@click.option("--name", required=True, help="As readers see it.")
@_options
def add(slug: str, name: str, **given: Any) -> None:
    """Add a topic."""
    if not _SLUG.fullmatch(slug):
        raise Refused(
            f"{slug!r} can't be a slug; nothing was added. Use small letters, digits "
            "and single hyphens, e.g. medias-ai-pivot"
        )
    if Topic.objects.filter(slug=slug).exists():
        raise Refused(
            f"There is a topic {slug!r} already; nothing was changed. "
            f"Change it with: digest topic set {slug} …"
        )
    _keep(Topic(slug=slug, name=name.strip()), given)
    audit("command line", "added topic", slug)
    click.echo(f"Added topic {slug}. Load briefings with: digest load FILE --topic {slug}")


@topic.command("set")
@click.argument("slug")
@click.option("--name", help="As readers see it.")
@_options
def set_(slug: str, name: str | None, **given: Any) -> None:
    """Change a topic; what isn't named stays."""
    found = updates.topic(slug)
    changed = {key: value for key, value in {"name": name, **given}.items() if value is not None}
    if not changed:
        raise Refused("Nothing to change was named; see: digest topic set --help")
    _keep(found, changed)
    audit("command line", "changed topic", slug, **changed)
    click.echo(f"Changed {', '.join(sorted(changed))} of {slug}.")


@topic.command("list")
def list_() -> None:
    """List the topics."""
    for found in Topic.objects.all():
        minutes = f"{found.minutes_budget} min" if found.minutes_budget else "no minute limit"
        click.echo(f"{found.slug}\t{found.name}\t{found.items_budget} items, {minutes}")


@transaction.atomic
def _keep(topic: Topic, given: dict[str, Any]) -> None:
    """Set what was given (field or option names), check it, and save."""
    fields = {
        "items": "items_budget",
        "minutes": "minutes_budget",
        "words": "words_budget",
    }
    for name, value in given.items():
        if value is not None:
            read = _READ.get(name)
            setattr(topic, fields.get(name, name), read(value) if read else value)
    if topic.zone not in available_timezones() and not _known_zone(topic.zone):
        raise Refused(
            f"{topic.zone!r} is no time zone; nothing was changed. "
            "Write for example --zone Europe/London"
        )
    if not topic.name.strip() or len(topic.name.splitlines()) > 1:
        raise Refused("A topic's name is one line that isn't empty; nothing was changed.")
    if topic.from_address:
        topic.from_address = one_mailbox(topic.from_address)
    topic.language = tag(topic.language)
    palette(topic.accent)  # refuses a colour that nobody could read
    topic.save()


def _statuses(text: str) -> list[str]:
    """Those of a comma-separated list; [] stands for the usual ones."""
    return [] if text == "none" else [one.strip() for one in text.split(",") if one.strip()]


def _logo(file: str) -> Picture | None:
    if file == "none":
        return None
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(pictures.WEIGHT + 1)
    except OSError as fault:
        raise Refused(
            f"{file} can't be read ({fault.strerror}); nothing was changed. Name a PNG."
        ) from fault
    return pictures.kept(content, file)


def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


_READ: dict[str, Callable[[str], object]] = {"logo": _logo, "closing": _statuses}
"""Options whose text stands for something else."""
