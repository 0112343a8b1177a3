"""A few messages by an account at once, outside the ledger: what ops are told."""

from collections.abc import Sequence

from workers.https.account import Account
from workers.https.client import Client
from workers.https.wire import Limits
from workers.outbox import Envelope, Outcome, Verdict


def send(account: Account, envelopes: Sequence[Envelope], patience: float) -> str:
    """Hand them over; what became of whichever was not taken, in words, or ""."""
    client, outbox = Client(account, Limits(patience, patience)), _Outbox(envelopes)
    try:
        report = client.send_all(outbox)
    finally:
        client.close()
    return report.trouble or outbox.trouble


class _Outbox:
    def __init__(self, envelopes: Sequence[Envelope]) -> None:
        self._waiting = list(envelopes)
        self.trouble = ""

    def take(self) -> Envelope | float | None:
        return self._waiting.pop(0) if self._waiting else None

    def begin(self, key: int) -> None:
        pass

    def settle(self, key: int, outcome: Outcome) -> None:  # noqa: ARG002  the protocol's
        if outcome.verdict is not Verdict.ACCEPTED:
            self.trouble = outcome.text

    def tick(self) -> None:
        pass
