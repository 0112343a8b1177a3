"""A batch's lines in the log: what became of it, and of which delivery nothing is known.

A line costs more than a message: one for each delivery is written only where LOG_LEVEL is debug.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence

import structlog

from workers.ledger import Result
from workers.models import DeliveryState

log = structlog.get_logger()


class Lines:
    """Counts what was recorded; whoever sends has bound mailing, batch and route."""

    def __init__(self) -> None:
        self._began_at = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._each = logging.getLogger().isEnabledFor(logging.DEBUG)

    def tell(self, results: Sequence[Result]) -> None:
        """These were written to the ledger."""
        self._counts.update(str(one.state) for one in results)
        for one in results:
            if one.state == DeliveryState.UNCERTAIN:
                log.warning("delivery uncertain", delivery=one.id, answer=one.answer)
            elif self._each:
                said = {"state": str(one.state), "code": one.code, "answer": one.answer}
                log.debug("delivery", delivery=one.id, **said)

    def close(self) -> None:
        """The batch is put away."""
        if self._counts:
            log.info(
                "batch sent", **self._counts, seconds=round(time.monotonic() - self._began_at, 2)
            )
        self._counts.clear()
