"""A provider's HTTP API of the tests' own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.relays import Outbox, in_a_thread
from workers.feedback.providers import Provider
from workers.https.account import Account
from workers.https.client import Client
from workers.https.wire import Limits
from workers.outbox import Envelope, Report
from workers.sink import Manners, Sink
from workers.sink.api import SHAPES, Api, Asked, Override, Reply, url


class Standing:
    """One that stands, and what it took."""

    def __init__(self, provider: Provider, port: int, api: Api, taken: list[Asked]) -> None:
        self.url, self.api, self.taken = url(provider, port), api, taken
        self._recipient = SHAPES[provider].recipient

    @property
    def recipients(self) -> list[str]:
        """Whose messages it took."""
        return [self._recipient(asked) for asked in self.taken]

    @property
    def account(self) -> Account:
        return Account.from_url(self.url)


@contextmanager
def standing(
    provider: Provider = Provider.POSTMARK,
    override: Override | None = None,
    manners: Manners | None = None,
) -> Iterator[Standing]:
    """``override`` answers instead of it where it says something."""
    taken: list[Asked] = []
    sink = Sink(manners)
    api = Api(provider, sink, override, taken.append)
    with in_a_thread(api.serve) as port:
        try:
            yield Standing(provider, port, api, taken)
        finally:
            api.hang_up()


MESSAGE = (
    b"From: Media Desk <news@example.org>\r\nTo: %b\r\nSubject: A pier reopens\r\n"
    b"Message-ID: <1.0.ab@example.org>\r\nDate: Fri, 27 Nov 2026 09:00:00 +0000\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nA line.\r\n"
)


class Mails(Outbox):
    """Whole messages."""

    def envelope(self, key: int, recipient: str) -> Envelope:
        to = recipient.encode()
        return Envelope(key, b"bounce@example.org", to, MESSAGE % to, b"a-tag")


def sent(account: Account, outbox: Outbox, limits: Limits | None = None) -> Report:
    client = Client(account, limits)
    try:
        return client.send_all(outbox)
    finally:
        client.close()


def to(asked: Asked) -> str:
    return str(asked.said["To"])


def first_says(reply: Reply, many: int = 1) -> Callable[[Asked], Reply | None]:
    """That answer to the first few calls, and none of its own to others."""
    left = [many]

    def answer(_asked: Asked) -> Reply | None:
        left[0] -= 1
        return reply if left[0] >= 0 else None

    return answer
