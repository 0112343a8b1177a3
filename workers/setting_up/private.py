"""Files that hold secrets: written whole or not at all, and read by their owner alone."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digest.errors import Unreachable

_USUAL = 0o600


def write(path: Path, text: str) -> None:
    """Put this in the file's place; Unreachable in words, and it is as it was.

    Owner, group and what these two may stay the same. A new one is its owner's alone, who is the
    folder's: so whoever sets up as root leaves nothing that the program can't read.
    """
    path = path.resolve()  # a link stays one
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with _told(path):
        try:
            _fill(draft, text)
            _like(draft, path)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def folder(path: Path) -> None:
    """A folder that only its owner looks into, where there is none."""
    with _told(path):
        for made in reversed([one for one in (path, *path.parents) if not one.exists()]):
            made.mkdir(mode=0o700)
            _own(made, made.parent)


def close(path: Path) -> bool:
    """Let nobody but its owner read what everybody could; whether that was so. A group's right to
    what others may not read was given on purpose, and stays."""
    if not path.is_file() or not path.stat().st_mode & stat.S_IRWXO:
        return False
    with _told(path):
        path.chmod(_USUAL)
    return True


def _fill(draft: Path, text: str) -> None:
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _USUAL)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _like(draft: Path, path: Path) -> None:
    """Owned and opened like the file whose place it takes."""
    if path.exists():
        _own(draft, path)
        draft.chmod(stat.S_IMODE(path.stat().st_mode) & ~stat.S_IRWXO | _USUAL)
    else:
        _own(draft, path.parent)


def _own(path: Path, like: Path) -> None:
    owner = like.stat()
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise Unreachable(
            f"{path} can't be written ({problem.strerror}); it is as it was. Make room, or let "
            "whoever runs this write there, and run it again."
        ) from None
