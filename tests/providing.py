"""A provider's HTTP API of the tests' own."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.relays import in_a_thread
from workers.feedback.providers import Provider
from workers.https.account import Account
from workers.sink import Manners, Sink
from workers.sink.api import SHAPES, Api, Asked, Override, url


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
