"""digest topic: add, set, end, reopen, list."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from django.db import transaction

from digest import ending, pictures, topics, updates, voiding
from digest.depths import Depths
from digest.errors import Refused
from digest.models import Topic
from digest.pictures import Picture

BY = "command line"


_SETTINGS = (
    click.option("--from", "from_address", metavar="ADDRESS", help="Who its mails are from."),
    click.option(
        "--postal",
        "postal_address",
        metavar="ADDRESS",
        help="The postal address in its mails' foot; '': POSTAL_ADDRESS again.",
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
    click.option(
        "--clicks/--no-clicks",
        default=None,
        help="Whether it is counted how often its mails' links are followed, without by whom (no).",
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
        "--two-people/--one-person",
        default=None,
        help="Whether one asks for an update's approval and another gives it (one person).",
    ),
    click.option(
        "--undo-seconds",
        type=click.IntRange(*topics.LIMITS["undo_seconds"]),
        help="How long an approval at the desk for now waits, to be undone (60).",
    ),
    click.option(
        "--colleagues",
        metavar="ADDRESSES",
        help="Who is offered for tests at the desk, parted by commas; none: nobody.",
    ),
    click.option(
        "--minimum",
        type=click.IntRange(1, 200),
        help="A scheduled update with fewer items is skipped (1).",
    ),
)
"""What of a topic can be set, as options of both commands; the help names the default."""


def _options(command: Any) -> Any:
    for option in reversed(_SETTINGS):
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
    with transaction.atomic():  # a logo that is read is kept only with the rest
        topics.add(slug, _fields({"name": name, **given}), BY)
    click.echo(f"Added topic {slug}. Load briefings with: digest load FILE --topic {slug}")


@topic.command("set")
@click.argument("slug")
@click.option("--name", help="As readers see it.")
@_options
def set_(slug: str, name: str | None, **given: Any) -> None:
    """Change a topic; what isn't named stays."""
    found = updates.topic(slug)
    with transaction.atomic():  # a logo that is read is kept only with the rest
        wished = _fields({"name": name, **given})
        if not wished:
            raise Refused("Nothing to change was named; see: digest topic set --help")
        voided = topics.change(found, wished, BY).voided
    named = {"name": name, **given}
    changed = sorted(one for one, value in named.items() if value is not None)
    click.echo(f"Changed {', '.join(changed)} of {slug}.")
    for update in voided:
        click.echo(voiding.told(update))


@topic.command()
@click.argument("slug")
def end(slug: str) -> None:
    """End a topic: nothing new comes of it; archive and readers' links stay."""
    ending.end(updates.topic(slug), BY)
    click.echo(f"Ended {slug}. Have it go on with: digest topic reopen {slug}")


@topic.command()
@click.argument("slug")
def reopen(slug: str) -> None:
    """Have a topic that has ended go on."""
    ending.reopen(updates.topic(slug), BY)
    click.echo(f"{slug} goes on.")


@topic.command("list")
def list_() -> None:
    """List the topics."""
    for found in Topic.objects.all():
        minutes = f"{found.minutes_budget} min" if found.minutes_budget else "no minute limit"
        ended = f", ended {found.ended_at:%Y-%m-%d}" if found.ended_at else ""
        click.echo(f"{found.slug}\t{found.name}\t{found.items_budget} items, {minutes}{ended}")


def _fields(given: dict[str, Any]) -> dict[str, object]:
    """The topic's fields that the options which were given set."""
    fields = {
        "items": "items_budget",
        "minutes": "minutes_budget",
        "words": "words_budget",
        "clicks": "counts_clicks",
    }
    return {
        fields.get(name, name): _READ[name](value) if name in _READ else value
        for name, value in given.items()
        if value is not None
    }


def _list(text: str) -> list[str]:
    """Those of a comma-separated list; [] stands for the usual ones, or for nobody."""
    return [] if text == "none" else topics.listed(text)


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


_READ: dict[str, Callable[[str], object]] = {"logo": _logo, "closing": _list, "colleagues": _list}
"""Options whose text stands for something else."""
