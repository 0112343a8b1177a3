"""A batch's deliveries that wait, in lanes: what a domain's limit holds back, or goes slowly since
its provider refuses us, stops nobody else."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping

from django.db.models.functions import Now

from workers.brake.mailboxes import provider_of
from workers.ledger import Row
from workers.pace import Paced
from workers.routes.models import DomainLimit

ASK_AGAIN = 0.05
"""Seconds until a lane is asked again whose messages under way are as many as may be."""

Rates = Mapping[str, float]


class Lanes:
    """Rows in order, those of domains with a limit, and slow providers, in lanes of their own."""

    def __init__(self, rows: Iterable[Row], limits: Iterable[DomainLimit]) -> None:
        self._limits = {limit.domain: limit for limit in limits}
        self._open: deque[Row] = deque()
        self._limited: dict[str, deque[Row]] = {}
        self._under_way: Counter[str] = Counter()
        self._slowed: Mapping[str, Rates] = {}  # provider -> the rate of its share
        self._rates: dict[str, Rates] = {}
        self._any_rates = False
        if not self._limits:
            self._open.extend(rows)
            return
        for row in rows:
            domain = domain_of(row)
            known = domain in self._limits
            lane = self._limited.setdefault(domain, deque()) if known else self._open
            lane.append(row)

    def __len__(self) -> int:
        return len(self._open) + sum(map(len, self._limited.values()))

    def __bool__(self) -> bool:
        return bool(self._open) or any(self._limited.values())

    @property
    def all_held(self) -> bool:
        """Whether only domains with a limit, and slow providers, are left."""
        return not self._open and any(self._limited.values())

    def pace(self, own: Rates, shared: Rates, slowed: Mapping[str, Rates]) -> None:
        """The rates from now on: the mailing's own, those that it shares, and those of slow
        providers' shares of it."""
        self._any_rates = bool(own or shared)
        self._rates = {"": {**own, **shared}}
        for provider, rate in slowed.items():
            self._rates[_share(provider)] = {**own, **rate, **shared}
        for domain, limit in self._limits.items():
            name = f"domain:{limit.route_id}:{domain}"
            between = {name: limit.rate} if limit.rate else {}
            slow = slowed.get(provider_of(domain), {})
            self._rates[domain] = {**own, **slow, **between, **shared}
        if slowed.keys() != self._slowed.keys():
            self._slowed = slowed
            self._part_shares()

    def _part_shares(self) -> None:
        """Give each slow provider a lane, and none to those that are no more."""
        rows = list(self._open)
        for name in [name for name in self._limited if name not in self._limits]:
            rows += self._limited.pop(name)
        self._open.clear()
        for row in sorted(rows, key=lambda row: row.id):
            provider = provider_of(row.address)
            slow = provider in self._slowed
            lane = self._limited.setdefault(_share(provider), deque()) if slow else self._open
            lane.append(row)

    def next(self, paced: Paced) -> Row | float:
        """The next one that may go; else the seconds until one may."""
        soonest = 3600.0
        for domain, lane in self._limited.items():
            if lane:
                wait = self._wait(domain, lane, paced)
                if wait == 0:
                    self._under_way[domain] += 1
                    return lane.popleft()
                soonest = min(soonest, wait)
        if not self._open:
            return soonest
        if self._any_rates and (wait := paced.wait(self._rates[""], len(self._open))) > 0:
            return min(soonest, wait)
        return self._open.popleft()

    def settled(self, row: Row) -> None:
        """It is no longer under way."""
        if self._limits and (domain := domain_of(row)) in self._limits:
            self._under_way[domain] -= 1

    def drop(self, which: Callable[[Row], bool]) -> list[Row]:
        """Take out the rows that are not to go."""
        gone: list[Row] = []
        for lane in (self._open, *self._limited.values()):
            kept: list[Row] = []
            for row in lane:
                (gone if which(row) else kept).append(row)
            lane.clear()
            lane.extend(kept)
        return gone

    def tell_held(self) -> None:
        """Let the pages know which domains wait."""
        for domain, limit in self._limits.items():
            if lane := self._limited.get(domain):
                DomainLimit.objects.filter(id=limit.id).update(held=len(lane), held_at=Now())

    def _wait(self, domain: str, lane: deque[Row], paced: Paced) -> float:
        limit = self._limits.get(domain)
        most = limit.connections if limit else None
        if most and self._under_way[domain] >= most:
            return ASK_AGAIN
        return paced.wait(self._rates[domain], len(lane))


def _share(provider: str) -> str:
    """The name of a slow provider's lane; no domain is called so."""
    return f"share of {provider}"


def domain_of(row: Row) -> str:
    """The reader's mail domain, as limits name it."""
    return row.address.rpartition("@")[2].lower()
