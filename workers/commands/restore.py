"""digest restore."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
from django.conf import settings

from digest.errors import Refused
from workers.backup import restoring
from workers.backup.archive import Archive
from workers.backup.restoring import Restored

BY = "command line"


@click.command()
@click.argument("file")
@click.option("--replace", is_flag=True, help="Put it in place of a database that is not empty.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def restore(file: str, replace: bool, as_json: bool) -> None:
    """Put a backup in place of an empty database. Nothing of it goes out by itself.

    FILE may be - for standard input. What --replace replaces is first kept in DATA_DIR/replaced.
    """
    with _opened(file) as opened:
        archive = Archive(opened, file if file != "-" else "what came in")
        done = restoring.restore(archive, BY, replace=replace)
    if as_json:
        click.echo(json.dumps(_plain(file, done)))
        return
    for line in _told(done):
        click.echo(line)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    """A zip is read from its end, so what comes through a pipe is kept aside for as long."""
    if file == "-":
        with tempfile.TemporaryFile(dir=settings.DATA_DIR) as aside:
            while block := sys.stdin.buffer.read(1 << 20):
                aside.write(block)
            yield aside
        return
    try:
        with Path(file).open("rb") as opened:
            yield opened
    except (FileNotFoundError, IsADirectoryError, PermissionError) as problem:
        raise Refused(
            f"{file} can't be read ({problem.strerror}); nothing was changed. Name a file that "
            "digest backup wrote."
        ) from None


def _plain(file: str, done: Restored) -> dict[str, object]:
    manifest = done.archive.manifest
    return {
        "file": file,
        "taken_at": manifest.taken_at.isoformat(),
        "rows": manifest.rows,
        "seconds": round(done.seconds, 2),
        "kept": str(done.kept) if done.kept else None,
        "carried_over": done.carried._asdict() if done.carried else None,
        "held": {"mailings": done.mailings, "slots": done.slots},
        "to_do": done.told,
    }


def _told(done: Restored) -> Iterator[str]:
    manifest = done.archive.manifest
    taken = f"{manifest.taken_at:%d %B %Y %H:%M %Z}"
    yield (
        f"Restored {manifest.rows:,} rows and {len(manifest.files):,} files as they were on "
        f"{taken}, in {done.seconds:,.1f} s."
    )
    if done.kept:
        yield f"What was there is kept: digest restore {done.kept} --replace"
    yield _since(done, taken)
    yield (
        "Nothing goes out by itself of what was under way or due: "
        f"{_many(len(done.mailings), 'mailing')} and {_many(done.slots, 'slot')} are held for you "
        "(digest status, or the queue’s page). Whoever is signed in signs in anew; passwords and "
        "tokens are those of then."
    )
    yield from done.told


def _since(done: Restored, taken: str) -> str:
    if done.carried is None:
        return (
            f"What readers said since {taken} is not in it: whoever has left since would be mailed "
            "again. Unsubscribe them before you send, from mails and your provider’s list."
        )
    left, erased, suppressed = done.carried
    return (
        f"Carried over from what was there: {_many(left, 'reader')} who left since, {erased:,} "
        f"erased, {_many(suppressed, 'suppression')}. Whoever signed up since is not in it."
    )


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")
