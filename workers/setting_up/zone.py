"""Records as a zone file has them (RFC 1035 5), to be pasted as they are."""

from collections.abc import Sequence

from workers.setting_up.record import Record

LONGEST = 255
"""Octets of one string of a TXT record; longer ones are written as several, and read as one."""


def block(records: Sequence[Record]) -> str:
    """A line for each."""
    return "\n".join(line(record) for record in records)


def line(record: Record) -> str:
    """``name. 3600 IN TXT "…"``, names with the dot that keeps a zone from adding its own."""
    return f"{record.name}. 3600 IN {record.type} {_data(record)}"


def _data(record: Record) -> str:
    if record.type != "TXT":
        return f"{record.value}."
    return " ".join(f'"{_escaped(part)}"' for part in strings(record.value))


def strings(value: str) -> list[str]:
    """In pieces that one string of a TXT record may hold."""
    return [value[at : at + LONGEST] for at in range(0, len(value), LONGEST)] or [""]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
