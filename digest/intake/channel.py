"""What a feed or a page says, as plain data: whatever its format was, and whoever reads it."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Entry:
    """One entry; what it doesn't say is empty.  Texts as Markdown where they may be long."""

    id: str = ""
    link: str = ""
    title: str = ""
    published: str = ""
    """RFC 3339, in UTC; as are the others."""
    updated: str = ""
    summary: str = ""
    """Plain text, in full."""
    body: str = ""
    """Markdown."""
    source: str = ""
    """Who says it, where that isn't the whole feed."""
    source_link: str = ""
    image: str = ""
    image_alt: str = ""
    tag: str = ""


@dataclass(slots=True)
class Channel:
    """A feed, or a page as a feed of one entry."""

    format: str
    """As people call it: "RSS 2.0", "Atom 1.0", "JSON Feed 1.1", "a web page"."""
    title: str = ""
    link: str = ""
    entries: list[Entry] = field(default_factory=list)
    trouble: str = ""
    """What is broken about it, in words; what could be read was."""

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def channel_of(plain: dict[str, Any]) -> Channel:
    """A channel from its JSON."""
    return Channel(**{**plain, "entries": [Entry(**one) for one in plain["entries"]]})
