"""What was put into a text and taken out of it, word by word.  Pure, and bounded in time.

Words that stand once in both texts are matched first, in their order (patience diff); what lies
between two of those is aligned exactly (Myers, "An O(ND) difference algorithm", 1986) where it is
alike enough, and else told as one thing for another.
"""

import enum
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

STEPS = 1_000_000
"""That aligning may take, all in all: some tenths of a second."""

CONTEXT = 24
"""Words shown on each side of a change where the unchanged text between two is long."""

_TOKEN = re.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")


class Change(enum.StrEnum):
    """What became of a piece of text."""

    SAME = "same"  # in both
    OUT = "out"  # in the one before alone
    IN = "in"  # in the one after alone


class Piece(NamedTuple):
    """A run of words with one fate."""

    change: Change
    text: str


Tokens = Sequence[str]
Match = tuple[int, int]
"""Places of one token: in the text before, in the text after."""


def between(before: str, after: str) -> list[Piece]:
    """The pieces that both texts are made of; of one place, what went out comes first."""
    one, other = _TOKEN.findall(before), _TOKEN.findall(after)
    furthest = max(20, STEPS // (len(one) + len(other) + 1))
    matches = [*_matches(one, other, furthest), (len(one), len(other))]
    pieces: list[Piece] = []
    a = b = 0
    for i, j in matches:
        pieces.append(Piece(Change.OUT, "".join(one[a:i])))
        pieces.append(Piece(Change.IN, "".join(other[b:j])))
        pieces.append(Piece(Change.SAME, one[i] if i < len(one) else ""))
        a, b = i + 1, j + 1
    return _smooth(pieces)


def before(pieces: Iterable[Piece]) -> str:
    """The text as it was."""
    return "".join(text for change, text in pieces if change is not Change.IN)


def after(pieces: Iterable[Piece]) -> str:
    """The text as it is."""
    return "".join(text for change, text in pieces if change is not Change.OUT)


def shortened(pieces: Sequence[Piece]) -> list[Piece]:
    """The same with an ellipsis for what lies far from every change."""
    last = len(pieces) - 1
    return [
        Piece(change, _abridged(text, start=at > 0, end=at < last))
        if change is Change.SAME
        else Piece(change, text)
        for at, (change, text) in enumerate(pieces)
    ]


def _abridged(text: str, *, start: bool, end: bool) -> str:
    words = [(word.start(), word.end()) for word in re.finditer(r"\S+", text)]
    shown = CONTEXT * (start + end)
    if len(words) <= shown + CONTEXT:
        return text
    head = text[: words[CONTEXT - 1][1]] if start else ""
    tail = text[words[-CONTEXT][0] :] if end else ""
    return f"{head} … {tail}"


# ---- which words are the same ------------------------------------------------------------------


def _matches(one: Tokens, other: Tokens, furthest: int) -> Iterator[Match]:
    """Places of tokens that both have, in their order, without the texts' ends in common."""
    todo = [(0, len(one), 0, len(other))]
    while todo:
        a, a_end, b, b_end = todo.pop()
        while a < a_end and b < b_end and one[a] == other[b]:
            yield a, b
            a, b = a + 1, b + 1
        tail = 0
        while a < a_end and b < b_end and one[a_end - 1] == other[b_end - 1]:
            a_end, b_end, tail = a_end - 1, b_end - 1, tail + 1
        if tail:
            todo.append((a_end, a_end + tail, b_end, b_end + tail))
        if a == a_end or b == b_end:
            continue
        anchors = _anchors(one, other, (a, a_end), (b, b_end))
        if anchors:
            todo += reversed(list(_gaps(anchors, (a, a_end), (b, b_end))))
        else:
            aligned = _aligned(one[a:a_end], other[b:b_end], furthest)
            yield from ((a + i, b + j) for i, j in aligned)


def _gaps(
    anchors: Sequence[Match], one: tuple[int, int], other: tuple[int, int]
) -> Iterator[tuple[int, int, int, int]]:
    """What lies between two anchors, each with the anchor that begins it."""
    starts = [(one[0], other[0]), *anchors]
    ends = [*anchors, (one[1], other[1])]
    for (a, b), (a_end, b_end) in zip(starts, ends, strict=True):
        yield a, a_end, b, b_end


def _anchors(
    one: Tokens, other: Tokens, within: tuple[int, int], at: tuple[int, int]
) -> list[Match]:
    """The longest run, in the order of both, of words that stand once in each."""
    here, there = one[slice(*within)], other[slice(*at)]
    once, once_there = Counter(here), Counter(there)
    places = {word: j for j, word in enumerate(there, at[0]) if once_there[word] == 1}
    pairs = [
        (i, places[word])
        for i, word in enumerate(here, within[0])
        if once[word] == 1 and word in places and not word.isspace()
    ]
    return _rising(pairs)


def _rising(pairs: Sequence[Match]) -> list[Match]:
    """The longest subsequence that rises in its second place too; the first rises already."""
    tops: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for at, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        previous.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [place]
        ends[pile : pile + 1] = [at]
    found = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(pairs[at])
        at = previous[at]
    return found[::-1]


def _aligned(one: Tokens, other: Tokens, furthest: int) -> list[Match]:
    """The fewest changes that lead from one to the other; none where they are too many."""
    reached = {1: 0}  # how far into the one text, by diagonal
    trace: list[dict[int, int]] = []
    for changes in range(min(furthest, len(one) + len(other)) + 1):
        trace.append(dict(reached))
        for diagonal in range(-changes, changes + 1, 2):
            x = _step(reached, diagonal, changes)
            y = x - diagonal
            while x < len(one) and y < len(other) and one[x] == other[y]:
                x, y = x + 1, y + 1
            reached[diagonal] = x
            if x >= len(one) and y >= len(other):
                return _traced(trace, len(one), len(other))
    return []


def _step(reached: dict[int, int], diagonal: int, changes: int) -> int:
    """Where the next change leads: down (put in) or to the right (taken out)."""
    down = diagonal == -changes or (
        diagonal != changes and reached[diagonal - 1] < reached[diagonal + 1]
    )
    return reached[diagonal + 1] if down else reached[diagonal - 1] + 1


def _traced(trace: Sequence[dict[int, int]], x: int, y: int) -> list[Match]:
    found = []
    for changes in range(len(trace) - 1, -1, -1):
        reached, diagonal = trace[changes], x - y
        start = _step(reached, diagonal, changes)
        while x > max(start, 0) and y > 0:
            x, y = x - 1, y - 1
            found.append((x, y))
        down = diagonal == -changes or (
            diagonal != changes and reached[diagonal - 1] < reached[diagonal + 1]
        )
        x, y = (x, y - 1) if down else (x - 1, y)
    return found[::-1]


# ---- how it is told ----------------------------------------------------------------------------


def _smooth(pieces: Iterable[Piece]) -> list[Piece]:
    """Runs joined; a mere space or stop between two changes goes with them."""
    runs: list[Piece] = []
    out = into = ""
    held = ""  # unchanged, between two changes, and nothing but spaces and stops so far
    for change, text in pieces:
        if not text:
            continue
        if change is Change.OUT:
            out, into, held = out + held + text, into + held, ""
        elif change is Change.IN:
            out, into, held = out + held, into + held + text, ""
        elif (out or into) and not any(mark.isalnum() for mark in held + text):
            held += text
        else:
            runs += [
                Piece(Change.OUT, out),
                Piece(Change.IN, into),
                Piece(Change.SAME, held + text),
            ]
            out = into = held = ""
    runs += [Piece(Change.OUT, out), Piece(Change.IN, into), Piece(Change.SAME, held)]
    return _joined(run for run in runs if run.text)


def _joined(runs: Iterable[Piece]) -> list[Piece]:
    made: list[Piece] = []
    for change, text in runs:
        if made and made[-1].change is change:
            made[-1] = Piece(change, made[-1].text + text)
        else:
            made.append(Piece(change, text))
    return made
