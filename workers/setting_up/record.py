"""A DNS record to paste."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How DNS stands to a record that is wanted."""

    THERE = "there"  # it is there, or something that does as well
    MISSING = "missing"  # nothing of the kind is there: add it
    OTHER = "other"  # something else is there: put this in its place
    UNKNOWN = "unknown"  # no name server answers


@dataclass(frozen=True)
class Record:
    """One to paste, as ``value`` stands in a zone file, but for a TXT's quotes."""

    name: str
    type: str
    value: str
    why: str
    state: Standing
    replaces: str = ""  # what stands there today, where it is something else
