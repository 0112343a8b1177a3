"""The form of a ``.env`` file: one ``NAME=value`` a line, # for comments, the last one counts.

Values are written so that shells, Docker Compose and systemd read the same from them: in single
quotes, where they need any and it can be.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./?&~-]*")
_QUOTED = re.compile(r"""(\s*)(["'])(.*?)\2""")


class Unreadable(ValueError):
    """The file is no ``.env``; the text says in words why, beginning with the line."""


class Line(NamedTuple):
    """One assignment."""

    number: int  # from 1
    name: str
    value: str


def assignments(text: str) -> list[Line]:
    """Each assignment in its order; Unreadable where a line is none and no comment."""
    found = []
    for number, written in enumerate(text.splitlines(), 1):
        line = written.strip().removeprefix("export ")
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise Unreadable(f"line {number} is no NAME=value")
        found.append(Line(number, name.strip(), _parted(value)[0]))
    return found


def values(text: str) -> dict[str, str]:
    """Name → value; of a name that stands there twice the last counts."""
    return {line.name: line.value for line in assignments(text)}


def changed(text: str, new: Mapping[str, str]) -> str:
    """The file with these values: each in its place, with the comment behind it, else at the end.
    All else stays as it is. ValueError in words for what can't be written."""
    lines, places = text.splitlines(), {line.name: line.number for line in assignments(text)}
    for name, value in new.items():
        written = f"{name}={_written(value)}"
        if name in places:
            old = lines[places[name] - 1]
            head = old[: len(old) - len(old.lstrip())]
            export = "export " if old.strip().startswith("export ") else ""
            lines[places[name] - 1] = f"{head}{export}{written}{_parted(old.partition('=')[2])[1]}"
        else:
            lines.append(written)
    made = "".join(f"{line}\n" for line in lines)
    if {**values(text), **new} != values(made):
        raise ValueError("holds what no line of the file can")
    return made


def _parted(written: str) -> tuple[str, str]:
    """The value (what stands between quotes, else before a comment), and all that is behind it."""
    if quoted := _QUOTED.match(written):
        return quoted[3], written[quoted.end() :]
    value = re.split(r"\s#", written)[0]
    return value.strip(), written[len(value.rstrip()) :]


def _written(value: str) -> str:
    """So that it is read as it is; single quotes first, in which nothing stands for anything."""
    if _PLAIN.fullmatch(value):
        return value
    ways = (f"'{value}'", f'"{value}"', value)
    for way in ways:
        if _parted(way) == (value, "") and len(f"{way}.".splitlines()) == 1:
            return way
    raise ValueError("holds both kinds of quotes, or a line break")
