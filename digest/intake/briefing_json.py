"""Briefings from one JSON text: an object, a list, or ``{"briefings": […]}``.

A list is read item by item, so that one bad item doesn't cost the others.
"""

import re
from collections.abc import Iterator
from typing import Any

from digest.intake.fields import briefing_from
from digest.intake.limits import BRIEFING, megabytes
from digest.intake.outcomes import Accepted, Outcome, Rejected, Unfit
from digest.intake.strict_json import end_of, value_at

MOST_BROKEN = 100  # broken items after which a list is given up

_SPACE = re.compile(r"[ \t\r\n]*")
_WRAPPED = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"briefings"[ \t\r\n]*:[ \t\r\n]*(?=\[)')
_BARE = re.compile(r"[ \t\r\n]*(?=\[)")


def read_json(text: str, source: str, topic: str | None = None) -> Iterator[Outcome]:
    """One outcome per briefing; a broken item is told with the line where it breaks."""
    wrapped = _WRAPPED.match(text)
    if opening := wrapped or _BARE.match(text):
        yield from _List(text, source, topic, is_wrapped=wrapped is not None).read(opening.end())
        return
    start = _past_space(text, 0)
    try:
        value = _only_value(text, start)
    except Unfit as problem:
        yield Rejected(source, problem.line or _line(text, start), problem.why)
        return
    if isinstance(value, dict) and isinstance(value.get("briefings"), list):
        items = value["briefings"]
        for index, item in enumerate(items, 1):
            yield outcome(item, source, None, topic, place=f"briefing {index} of {len(items)}: ")
    else:
        yield outcome(value, source, _line(text, start), topic)


def _only_value(text: str, start: int) -> Any:
    value, end = value_at(text, start)
    if _past_space(text, end) != len(text):
        line = _line(text, _past_space(text, end))
        raise Unfit("broken JSON: something follows the object", line)
    return value


def outcome(
    value: Any, source: str, line: int | None, topic: str | None, place: str = ""
) -> Outcome:
    """What becomes of one parsed value; ``place`` says where it stood if no line can."""
    if not isinstance(value, dict):
        return Rejected(source, line, place + "no JSON object with a briefing's parts")
    try:
        briefing, warnings = briefing_from(value, topic)
    except Unfit as problem:
        return Rejected(source, problem.line or line, place + problem.why)
    return Accepted(source, line, briefing, warnings)


class _List:
    """A JSON list of briefings, walked from item to item."""

    def __init__(self, text: str, source: str, topic: str | None, *, is_wrapped: bool) -> None:
        self.text = text
        self.source = source
        self.topic = topic
        self.is_wrapped = is_wrapped
        self.broken = 0
        self.line = 1
        self.counted_to = 0

    def read(self, start: int) -> Iterator[Outcome]:
        position: int | None = _past_space(self.text, start + 1)
        while position is not None and self.text[position : position + 1] != "]":
            item, end = self._item(position)
            yield item
            following = self._past_comma(end) if end else None
            if end and following is None:
                yield self._no_comma(end)
                after = _past_space(self.text, end)
                following = after if self.text.startswith("{", after) else None
            position = following or self._resume(position)
        if position is not None and not self._is_well_ended(position + 1):
            line = self._line_of(position + 1)
            yield Rejected(self.source, line, "broken JSON after the list of briefings")

    def _item(self, start: int) -> tuple[Outcome, int | None]:
        """The item that begins at ``start``, and where it ends (None: it is broken)."""
        line = self._line_of(start)
        try:
            value, end = value_at(self.text, start)
        except Unfit as problem:
            return self._broken_item(problem, start, line), end_of(self.text, start)
        if end - start > BRIEFING:
            why = f"a briefing of more than {megabytes(BRIEFING)}"
            return Rejected(self.source, line, why), end
        return outcome(value, self.source, line, self.topic), end

    def _broken_item(self, problem: Unfit, start: int, line: int) -> Rejected:
        """Told with the line where it broke, unless the parser ran on into the next item."""
        self.broken += 1
        following = self._resume(start)
        if following is None and end_of(self.text, start) is None:
            why = f"{problem.why}; the list was not read past it"
            return Rejected(self.source, problem.line or line, why)
        ran_on = problem.line and following and problem.line >= _line(self.text, following)
        return Rejected(self.source, line if ran_on else problem.line or line, problem.why)

    def _no_comma(self, end: int) -> Rejected:
        self.broken += 1
        at = _past_space(self.text, end)
        what = "no comma between two briefings"
        if at == len(self.text):
            what = "the list has no end, it may have been cut short"
        return Rejected(self.source, self._line_of(at), f"broken JSON: {what}")

    def _past_comma(self, end: int) -> int | None:
        """Where the next item begins, or the list's end stands; None without a comma."""
        position = _past_space(self.text, end)
        mark = self.text[position : position + 1]
        if mark == ",":
            return _past_space(self.text, position + 1)
        return position if mark == "]" else None

    def _resume(self, start: int) -> int | None:
        """The next line that begins as the bad item's does: with a brace, indented alike.

        Inside an item that is spread over lines its parts are indented further.
        """
        line_start = self.text.rfind("\n", 0, start) + 1
        indent = self.text[line_start:start]
        if line_start == 0 or indent.strip() or self.broken > MOST_BROKEN:
            return None
        found = self.text.find(f"\n{indent}{{", start)
        return found + 1 + len(indent) if found >= 0 else None

    def _is_well_ended(self, end: int) -> bool:
        """Whether only what may stands after the list; siblings of "briefings" may."""
        rest = self.text[end:]
        if not self.is_wrapped:
            return not rest.strip()
        whole = '{"briefings": 0' + rest
        try:
            return _past_space(whole, value_at(whole)[1]) == len(whole)
        except Unfit:
            return False

    def _line_of(self, position: int) -> int:
        """The line of a position, counted on from the last one asked for."""
        if position < self.counted_to:
            return 1 + self.text.count("\n", 0, position)
        self.line += self.text.count("\n", self.counted_to, position)
        self.counted_to = position
        return self.line


def _past_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _line(text: str, position: int) -> int:
    return 1 + text.count("\n", 0, position)
