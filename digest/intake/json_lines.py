"""Briefings from JSON lines: one object a line, read as a stream of any length."""

from collections.abc import Iterable, Iterator

from digest.intake.briefing_json import outcome
from digest.intake.encoding import decoded
from digest.intake.limits import BRIEFING, LINE_SKIPPED, megabytes
from digest.intake.outcomes import Outcome, Rejected, Unfit, shown
from digest.intake.strict_json import value_at

BEGINNING = 200  # bytes of an overlong line that are kept to tell which one it is


def read_json_lines(
    chunks: Iterable[bytes], source: str, topic: str | None = None
) -> Iterator[Outcome]:
    """One outcome per line that isn't blank; memory holds one line at a time."""
    for number, line in _lines(chunks):
        if isinstance(line, Unfit):
            yield Rejected(source, number, line.why)
        elif line.strip():
            yield _read_line(line, source, number, topic)


def _read_line(line: bytes, source: str, number: int, topic: str | None) -> Outcome:
    try:
        text = decoded(line).strip()
        value, end = value_at(text)
    except Unfit as problem:
        return Rejected(source, number, problem.why)
    if end != len(text):
        why = f"broken JSON: something follows the object at column {end + 1}"
        return Rejected(source, number, why)
    return outcome(value, source, number, topic)


def _lines(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes | Unfit]]:
    """Each line with its number; in place of one that is too long, the mistake.

    A line is never held past the limit: a source may be one line of 2 GB.
    """
    number, kept, skipped = 1, b"", 0
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            yield number, _whole(kept + piece, skipped)
            number, kept, skipped = number + 1, b"", 0
        kept += rest
        if skipped or len(kept) > BRIEFING:
            skipped, kept = skipped + len(kept), kept[:BEGINNING]
        if skipped > LINE_SKIPPED:
            why = f"a line of more than {megabytes(LINE_SKIPPED)}{_beginning(kept)}"
            yield number, Unfit(f"{why}; nothing was read past it")
            return
    yield number, _whole(kept, skipped)


def _whole(line: bytes, skipped: int) -> bytes | Unfit:
    if skipped or len(line) > BRIEFING:
        return Unfit(f"a line of more than {megabytes(BRIEFING)}{_beginning(line)}")
    return line


def _beginning(line: bytes) -> str:
    return f" that begins {shown(line[:BEGINNING].decode('utf-8', 'replace'), 40)}"
