"""What is made to break whoever reads feeds."""

import gzip
import io
import resource
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from digest.intake.outcomes import Accepted, Rejected, Unfit
from digest.intake.reading import read_stream
from digest.intake.reading_process import Reader
from tests.test_intake_feeds import _warm, item, only, read, rss

__all__ = ["_warm"]  # a fixture


def laughs() -> bytes:
    names = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
    return declaring(f'<!ENTITY l0 "ha">{names}', "<title>&l9;</title>")


def external(path: Path) -> bytes:
    return declaring(f'<!ENTITY x SYSTEM "file://{path}">', "<item><title>&x;</title></item>")


def declaring(entities: str, channel: str) -> bytes:
    begun = f'<?xml version="1.0"?><!DOCTYPE rss [{entities}]><rss version="2.0">'
    return f"{begun}<channel>{channel}</channel></rss>".encode()


def forty_two() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(10_000_000))
    return inner.getvalue()


class Endless(io.RawIOBase):
    """A line of 2 GB that begins as a feed does."""

    def __init__(self, beginning: bytes) -> None:
        self.beginning, self.given = beginning, 0

    def read(self, size: int = -1) -> bytes:
        if self.given > 2_000_000_000:
            return b""
        piece = (self.beginning + b"x" * size)[:size]
        self.beginning = b""
        self.given += len(piece)
        return piece


BOMBS: dict[str, tuple[Any, str]] = {
    "billion laughs": (laughs(), "entities"),
    "a file by XXE": (external(Path("/etc/hostname")), "entities"),
    "a parameter entity": (
        b'<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><rss version="2.0"/>',
        "entities",
    ),
    "42.zip": (forty_two(), "zip archive"),
    "a gzip bomb": (gzip.compress(bytes(200_000_000), 1), "unpacks to more than"),
    "gzip within gzip": (gzip.compress(gzip.compress(b"<rss/>")), "gzip"),
    "9,000 nested tags": (
        b"<rss><channel>" + b"<x>" * 9000 + b"</x>" * 9000 + b"</channel></rss>", "nested"
    ),
    "9,000 nested tags in Atom": (
        b'<feed xmlns="http://www.w3.org/2005/Atom">' + b"<entry>" * 9000, "nested"
    ),
    "a headline of 5 MB": (rss(item(title="x" * 4_900_000)), "a text of more than 2 MB"),
    "a text of 5 MB": (
        rss(item()).replace(b"<title>", b"<title><![CDATA[" + b"x" * 4_900_000 + b"]]>", 1),
        "a text of more than 2 MB",
    ),
    "a headline of 1 MB": (rss(item(title="x" * 1_000_000)), "1,000,000 characters"),
    "a feed of more than 5 MB": (rss(item(title="x" * 5_100_000)), "more than 5 MB"),
    "a line of 2 GB": (Endless(b'<rss version="2.0"><channel><title>'), "more than 5 MB"),
    "a page of 2 GB": (Endless(b"<!doctype html><html><body>"), "more than 5 MB"),
    "a feed in JSON of 2 GB": (
        Endless(b'{"version": "https://jsonfeed.org/version/1.1", "title": "'), "more than 5 MB"
    ),
    "JSON nested without end": (
        b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * 100_000, "nested"
    ),
    "HTML of 100,000 tags": (b"<!doctype html><html><body>" + b"<b>" * 110_000, "tags"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_under_a_second_and_in_fifty_megabytes(name: str) -> None:
    bomb, told = BOMBS[name]
    stream = io.BytesIO(bomb) if isinstance(bomb, bytes) else bomb
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    found = list(read_stream(stream, "in", "harbour"))
    took = time.process_time() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert not [one for one in found if isinstance(one, Accepted)]
    assert told in " ".join(one.why for one in found if isinstance(one, Rejected))
    assert took < 1
    assert grown < 50, f"{grown:.0f} MB"


def test_entities_that_stand_for_a_character_are_honest() -> None:
    feed = rss(item(title="Caf")).replace(b"Caf<", b"Caf&eacute; &ndash; open<")
    declared = feed.replace(
        b'"1.0"?>', b'"1.0"?><!DOCTYPE rss [<!ENTITY eacute "&#233;"><!ENTITY ndash "-">]>', 1
    )
    assert only(feed).headline == "Café – open"
    assert "Caf" in " ".join(map(str, read(declared)))


def test_what_hangs_or_crashes_is_ended_and_told() -> None:
    reader = Reader(seconds=0.01)
    try:
        with pytest.raises(Unfit, match="longer than"):
            reader.read(rss(*[item(at) for at in range(500)]))
    finally:
        reader.close()


class Reaching(Reader):
    """Tries to reach out from within the reading process."""

    program = (
        "-c",
        """import sys
from digest.intake import reading_process
def told(*_):
    import socket
    socket.create_connection(("127.0.0.1", 9))
reading_process.told = told
reading_process.main(int(sys.argv[1]))""",
    )


def test_nothing_in_the_reading_process_reaches_the_network() -> None:
    reader = Reaching()
    try:
        with pytest.raises(Unfit, match="reaches nobody"):
            reader.read(rss(item()))
    finally:
        reader.close()
