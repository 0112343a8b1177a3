"""From a stream of bytes to briefings: its content tells the format, never its name."""

import enum
import io
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from django.utils import timezone

from digest.intake import feed_briefings
from digest.intake.briefing_json import read_json
from digest.intake.encoding import decoded, is_utf_16, refuse_binary
from digest.intake.feed_signs import looks_like_feed, looks_like_json_feed
from digest.intake.fetch import NotFetched
from digest.intake.html_text import text_of
from digest.intake.json_lines import read_json_lines
from digest.intake.limits import BRIEFING, FETCHED, SOURCE, megabytes
from digest.intake.markdown import read_markdown
from digest.intake.outcomes import Outcome, Rejected, Unfit
from digest.intake.reading_process import read_channel
from digest.intake.saved_page import looks_like_page, read_page
from digest.intake.sources import Source
from digest.intake.strict_json import value_at
from digest.intake.unfolding import GZIP, unfolded

CHUNK = 256 * 1024
LOOKED_AT = 10  # lines from which JSON lines are told, should the first be broken

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n")
_HTML = re.compile(
    r"<(?:!doctype html|html|head|body|main|article|section|div|h1|p|!--)\b|<!--", re.IGNORECASE
)
_WRAPPED = re.compile(r'\{.{0,200}?"briefings"\s*:\s*\[', re.DOTALL)


class Format(enum.Enum):
    """What can be read, named as people call it."""

    JSON = "briefing JSON"  # an object, a list, or {"briefings": […]}
    JSON_LINES = "JSON lines"  # an object a line
    MARKDOWN = "Markdown with front matter"  # one briefing
    PAGE = "a saved briefing page"  # one briefing, as copied text
    HTML = "a web page"  # one briefing: a saved briefing page, or anybody's article
    FEED = "a feed (RSS, RDF, Atom)"  # a briefing an entry
    JSON_FEED = "a JSON Feed"  # a briefing an entry


def read(source: Source, topic: str | None) -> Iterator[Outcome]:
    """One outcome per briefing of a source, or one that says why it can't be read."""
    try:
        with source.opened() as found:
            yield from read_stream(found.stream, source.name, topic, found.content_type, found.base)
    except NotFetched as problem:
        yield Rejected(source.name, None, str(problem))
    except OSError as problem:
        why = f"can't be read: {(problem.strerror or 'no reason given').lower()}"
        yield Rejected(source.name, None, why)


def read_stream(
    stream: BinaryIO, name: str, topic: str | None, content_type: str = "", base: str = ""
) -> Iterator[Outcome]:
    """One outcome per briefing in a stream; JSON lines of any length, else at most 32 MB.

    ``content_type`` and ``base`` (its address) are what a server said of it.
    """
    head = stream.read(BRIEFING + 1)
    try:
        if head.startswith(GZIP):
            stream = io.BytesIO(unfolded(chain([head], _chunks(stream)), SOURCE))
            head = stream.read(BRIEFING + 1)
        if looks_like_feed(head) or looks_like_json_feed(head):
            yield from _channel(_whole(head, stream, FETCHED), name, topic, content_type, base)
            return
        if is_utf_16(head):
            text = decoded(_whole(head, stream, SOURCE))
            head, stream = text.encode(), io.BytesIO()
        found = format_of(head)
        if found is Format.JSON_LINES:
            chunks = chain([head.removeprefix(b"\xef\xbb\xbf")], _chunks(stream))
            yield from read_json_lines(chunks, name, topic)
            return
        if found is Format.HTML:
            page = _whole(head, stream, FETCHED)
            yield from _web_page(page, name, topic, content_type, base)
            return
        limit = SOURCE if found is Format.JSON else BRIEFING
        outcomes = _READERS[found](decoded(_whole(head, stream, limit)), name, topic)
    except Unfit as problem:
        yield Rejected(name, problem.line, problem.why)
        return
    yield from outcomes


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK), b"")


def format_of(head: bytes) -> Format:
    """The format of a source, by its beginning.  Raises Unfit for what can't be read."""
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    if not text.startswith("{"):  # one bad line doesn't make JSON lines binary
        refuse_binary(head[:1024])
    if not text:
        raise Unfit("empty")
    if text[0] == "[":
        return Format.JSON
    if _is_json_lines(text):
        return Format.JSON_LINES
    if text[0] == "{":
        return Format.JSON
    if _FRONT_MATTER.match(text):
        return Format.MARKDOWN
    if text[0] == "<":
        return _markup(text)
    if looks_like_page(text):
        return Format.PAGE
    if text.startswith("# "):
        raise Unfit(
            "Markdown without front matter: begin with --- and the parts, e.g. published_at", 1
        )
    raise Unfit("not one of what can be read: " + ", ".join(found.value for found in Format))


def _markup(text: str) -> Format:
    if _HTML.match(text) or (text.startswith("<?xml") and "<html" in text[:2000].lower()):
        return Format.HTML
    raise Unfit("markup that can't be read: save the page as text or HTML")


def _is_json_lines(text: str) -> bool:
    """Objects, each on a line of its own; the first may be the broken one."""
    first, _, rest = text.partition("\n")
    first = first.strip()
    if first.startswith("{"):
        if first.endswith(("{", "[")) or _WRAPPED.match(text):
            return False
        if not rest.strip():
            return len(text) >= BRIEFING  # a line that goes on past all limits
        return _is_object(first) or rest.lstrip().startswith("{")
    return any(_is_object(line.strip()) for line in rest.split("\n", LOOKED_AT)[:LOOKED_AT])


def _is_object(line: str) -> bool:
    try:
        return line.startswith("{") and value_at(line)[1] == len(line)
    except Unfit:
        return False


def _whole(head: bytes, stream: BinaryIO, limit: int) -> bytes:
    """All of a source that has to be read at once, or Unfit when it is too long."""
    data = head if len(head) <= BRIEFING else head + stream.read(max(0, limit + 1 - len(head)))
    if len(data) > limit:
        mend = "; write it as JSON lines, which may be of any length" if limit == SOURCE else ""
        raise Unfit(f"more than {megabytes(limit)}{mend}")
    return data


def _web_page(
    page: bytes, name: str, topic: str | None, content_type: str, base: str
) -> Iterator[Outcome]:
    """A saved briefing page by its own reader, which knows its parts; else whatever article."""
    try:
        text = text_of(decoded(page))
    except Unfit:
        text = None  # in another encoding: what that is, is told from the page's own head
    if text is not None and looks_like_page(text.text):
        return read_page(text.text, name, topic, url=text.url)
    return _channel(page, name, topic, content_type, base)


def _channel(
    data: bytes, name: str, topic: str | None, content_type: str, base: str
) -> Iterator[Outcome]:
    channel = read_channel(data, content_type, base)
    return feed_briefings.outcomes(channel, name, topic, timezone.now())


_READERS: dict[Format, Callable[[str, str, str | None], Iterator[Outcome]]] = {
    Format.JSON: read_json,
    Format.MARKDOWN: read_markdown,
    Format.PAGE: read_page,
}
