"""The files that belong to an installation, and where they go when it is restored.

Left out are journals (of workers that ran on that machine), the built-in mailbox, logs, and what
is made anew at each start.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from django.conf import settings

from digest.errors import Refused, Unreachable
from workers.backup.archive import Archive

KEY = "data/secret-key"

FOLDERS = ("imports", "inbound")
"""Of DATA_DIR: lists on their way in and what became of their rows, mails for a person."""


class Kept(NamedTuple):
    """A file and what it is called in the backup; ``path``: where it was, if not in DATA_DIR."""

    member: str
    file: Path
    path: str = ""


def found() -> Iterator[Kept]:
    """What there is to keep, but for the secret key."""
    for folder in FOLDERS:
        for file in sorted((settings.DATA_DIR / folder).rglob("*")):
            if file.is_file() and not file.is_symlink():
                yield Kept(f"data/{file.relative_to(settings.DATA_DIR).as_posix()}", file)
    for file in dict.fromkeys(_named()):
        if not file.is_file():
            continue
        if file.is_relative_to(settings.DATA_DIR) and file.name != ".env":
            yield Kept(f"data/{file.relative_to(settings.DATA_DIR).as_posix()}", file)
        else:
            yield Kept(f"elsewhere{file.as_posix()}", file, str(file))


def _named() -> Iterator[Path]:
    """The settings themselves, and the keys that they name."""
    yield Path(".env").absolute()
    for domain in settings.DKIM_DOMAIN.split(","):
        if settings.DKIM_KEY_FILE:
            yield Path(str(settings.DKIM_KEY_FILE).replace("{domain}", domain.strip()))


def blocks(file: Path) -> Iterator[bytes]:
    """What it holds; nothing of one that is gone by now."""
    try:
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                yield block
    except FileNotFoundError:
        return
    except OSError as problem:
        raise Unreachable(
            f"{file} belongs into the backup and can't be read ({problem.strerror}); no backup was "
            "made, and what was there is as it was. Let this user read it, then back up again."
        ) from problem


def put_back(archive: Archive) -> list[str]:
    """Write the files of a backup; what of them a person is to put where it belongs, in words.

    The key comes last: without it what is there by then is nobody's, and can be written anew.
    """
    told = []
    parts = sorted(archive.manifest.files.items(), key=lambda one: one[0] == KEY)
    for member, part in parts:
        place = _place(member, archive.called)
        if part.path and _is_the_same(archive, member, Path(part.path)):
            continue
        with archive.open(member) as content:
            _write(place, content)
        if part.path:
            told.append(
                f"{part.path} is kept as {place}: put it where it belongs, if it is missing."
            )
    return told


def _place(member: str, called: str) -> Path:
    """Where a member goes; Refused for one that would leave DATA_DIR."""
    room, *rest = PurePosixPath(member).parts
    roots = {"data": settings.DATA_DIR, "elsewhere": settings.DATA_DIR / "restored"}
    if room not in roots or not rest or ".." in rest or "\0" in member:
        raise Refused(
            f"{called} names a file that is none of ours ({member}); nothing was changed."
        )
    return Path(roots[room], *rest)


def refuse_strange(archive: Archive) -> None:
    """Refused, before anything is changed, where a file would go to a strange place."""
    for member in archive.manifest.files:
        _place(member, archive.called)


def _is_the_same(archive: Archive, member: str, there: Path) -> bool:
    """Whether a file that is there says just this; one that never ends, a device say, does not."""
    try:
        if not there.is_file() or there.stat().st_size != archive.manifest.files[member].size:
            return False
        return there.read_bytes() == archive.open(member).read()
    except (OSError, ValueError):  # of a name that can be none
        return False


def _write(place: Path, content: IO[bytes]) -> None:
    """Whole or not at all, for our eyes alone."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            while block := content.read(1 << 20):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def hand_over() -> None:
    """What root has written in DATA_DIR is its owner's, as the service could read none of it else.
    No link is followed, and nothing that has another name elsewhere is given away."""
    if os.geteuid() != 0:
        return
    whose = settings.DATA_DIR.stat()
    for folder, folders, names in os.walk(settings.DATA_DIR):
        for place in (Path(folder, one) for one in (*folders, *names)):
            said = place.lstat()
            if said.st_uid == 0 and (stat.S_ISDIR(said.st_mode) or said.st_nlink == 1):
                os.chown(place, whose.st_uid, whose.st_gid, follow_symlinks=False)
