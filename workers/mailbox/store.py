"""Where the mailbox keeps its mails: their bytes in files, what a list needs in an index.

``<directory>/<number>.eml`` holds a mail's bytes as they came; ``index`` one line of JSON for
each, oldest first, written after the file.  A mail exists once its line is there: a file
without a line is a torn one and is removed at the next start.  Numbers are never used again.
Appending a line is one ``write``, five times as quick as a commit of a small database.
"""

import contextlib
import datetime as dt
import errno
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT = 2_000
"""Mails that are kept; the oldest goes when another comes."""

_LINE = json.JSONEncoder(ensure_ascii=False).encode
_SUBJECT = re.compile(rb"^subject:[ \t]*((?:.*(?:\r?\n[ \t].*)*))", re.IGNORECASE | re.MULTILINE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Mail:
    """One mail as the list shows it."""

    number: int
    at: dt.datetime
    sender: str  # the envelope's; empty for a bounce
    recipients: tuple[str, ...]  # the envelope's
    subject: str  # the header as it came, encoded words and all
    size: int  # bytes


class Mailbox:
    """The mails below one directory.  One process adds, any may read."""

    def __init__(self, directory: Path, kept: int = KEPT) -> None:
        self.directory = directory
        self.kept = kept
        self._index_file = directory / "index"
        self._index = -1  # open for appending, between ``open`` and ``close``

    # ---- the process that adds -------------------------------------------------------
    def open(self) -> None:
        """Make ready for ``add``: the directory, a short index, no torn files."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = self._lines()
        self._last = json.loads(lines[-1])["number"] if lines else 0
        self._shorten(lines)
        known = {json.loads(line)["number"] for line in lines[-self.kept :]}
        for file in self.directory.glob("*.eml"):
            if file.stem.isdigit() and int(file.stem) not in known:
                file.unlink(missing_ok=True)

    def add(self, at: float, sender: str, recipients: Sequence[str], content: bytes) -> int:
        """Keep one mail and return its number.

        Raises OSError when it can't be kept; then nothing of it is.
        """
        number = self._last + 1
        said = {
            "number": number,
            "at": at,
            "from": sender,
            "to": list(recipients),
            "subject": _subject(content),
            "size": len(content),
        }
        try:
            _write_file(self._path(number), content)
            self._append(_LINE(said).encode("utf-8", "replace") + b"\n")
        except OSError:
            self._remove(number)
            raise
        self._last = number
        self._remove(number - self.kept)
        self._length += 1
        if self._length >= 2 * self.kept:
            with contextlib.suppress(OSError):  # the disk is full: the long one will do
                self._shorten(self._lines())
        return number

    def close(self) -> None:
        """Done adding."""
        os.close(self._index)
        self._index = -1

    def _append(self, line: bytes) -> None:
        size = os.fstat(self._index).st_size
        if os.write(self._index, line) != len(line):
            os.ftruncate(self._index, size)  # half a line would spoil the next
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._index_file))

    def _shorten(self, lines: list[bytes]) -> None:
        """Put an index of the kept mails in the place of the old one, and write on in it."""
        new = self._index_file.with_suffix(".new")
        new.write_bytes(b"".join(line + b"\n" for line in lines[-self.kept :]))
        new.replace(self._index_file)
        if self._index >= 0:
            os.close(self._index)
        self._index = os.open(self._index_file, os.O_WRONLY | os.O_APPEND)
        self._length = min(len(lines), self.kept)

    # ---- any process -----------------------------------------------------------------
    def newest(self, to: str = "", before: int | None = None, limit: int = KEPT) -> list[Mail]:
        """Mails, newest first: those older than number ``before``, with ``to`` in an address."""
        found = []
        for mail in self._mails():
            if before is not None and mail.number >= before:
                continue
            if to and not any(to.lower() in recipient.lower() for recipient in mail.recipients):
                continue
            found.append(mail)
            if len(found) == limit:
                break
        return found

    def find(self, number: int) -> Mail | None:
        """The mail with this number."""
        return next((mail for mail in self._mails() if mail.number == number), None)

    def content(self, number: int) -> bytes | None:
        """The bytes of a mail as they came; None when there is no such mail."""
        if self.find(number) is None:
            return None
        try:
            return Path(self._path(number)).read_bytes()
        except FileNotFoundError:
            return None

    def count(self) -> int:
        """How many mails there are."""
        return min(len(self._lines()), self.kept)

    def _mails(self) -> Iterator[Mail]:
        return map(_mail, reversed(self._lines()[-self.kept :]))

    def _lines(self) -> list[bytes]:
        """The index's whole lines; one that is being written is not yet one."""
        try:
            return self._index_file.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []

    def _path(self, number: int) -> str:  # no Path: making one costs as much as the opening
        return f"{self.directory}/{number:09d}.eml"

    def _remove(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._path(number))  # noqa: PTH108  (as above)


def _write_file(path: str, content: bytes) -> None:
    """All of it or OSError; without a file object, which costs as much again as the writing."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if os.write(file, content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    finally:
        os.close(file)


def _subject(content: bytes) -> str:
    """The Subject header, unfolded; by hand, for a thousand mails a second come here."""
    end = _END_OF_HEADERS.search(content, 0, 65536)
    found = _SUBJECT.search(content, 0, end.start() if end else 65536)
    return b" ".join(found[1].split())[:2000].decode("utf-8", "replace") if found else ""


def _mail(line: bytes) -> Mail:
    said = json.loads(line)
    return Mail(
        number=said["number"],
        at=dt.datetime.fromtimestamp(said["at"], dt.UTC),
        sender=said["from"],
        recipients=tuple(said["to"]),
        subject=said["subject"],
        size=said["size"],
    )
