"""Briefings between being read and being written: the last of each identity.

Only after the whole input has been read is it known which of two equal identities
is the later; writing the earlier first would change it back at each loading.
"""

import tempfile
from collections.abc import Iterator

from digest.parts import BriefingData

IN_MEMORY = 16_000_000
"""Bytes that are held in memory; more go to a temporary file."""


class Gathered:
    """Briefings in the order of their last coming; ``repeated`` came before a later one."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        self._places: dict[tuple[str, str], tuple[int, int]] = {}
        self.repeated = 0
        self.example = ""

    def add(self, data: BriefingData) -> None:
        """Put a briefing in; an earlier one with the same topic and slug goes out."""
        identity = (data.topic, data.slug)
        if self._places.pop(identity, None):
            self.repeated += 1
            self.example = self.example or data.slug
        spelled = data.model_dump_json().encode()
        self._places[identity] = (self._file.tell(), len(spelled))
        self._file.write(spelled)

    def topics(self) -> list[str]:
        """The topics' slugs, each once, in order of coming."""
        return list(dict.fromkeys(topic for topic, _ in self._places))

    def batches(self, topic: str, size: int) -> Iterator[list[BriefingData]]:
        """The briefings of one topic, some at a time."""
        places = [place for (its, _), place in self._places.items() if its == topic]
        for first in range(0, len(places), size):
            yield [self._at(*place) for place in places[first : first + size]]

    def close(self) -> None:
        """Let go of the temporary file."""
        self._file.close()

    def _at(self, start: int, length: int) -> BriefingData:
        self._file.seek(start)
        return BriefingData.model_validate_json(self._file.read(length))
