"""Files that hold secrets: written whole or not at all, and read by their owner alone."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digest.errors import Unreachable

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def write(path: Path, text: str) -> None:
    """Put this in the file's place, mode 0600; Unreachable in words, and it is as it was.

    Its owner stays the same; a new one's is the folder's, so that whoever sets up as root leaves
    nothing that the program can't read.
    """
    path = path.resolve()  # a link stays one
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with _told(path):
        try:
            _fill(draft, text, path if path.exists() else path.parent)
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
    """Let nobody but its owner read it; whether others could."""
    if not path.exists() or not path.stat().st_mode & _OTHERS:
        return False
    with _told(path):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return True


def _fill(draft: Path, text: str, like: Path) -> None:
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _own(draft, like)


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
