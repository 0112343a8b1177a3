"""Deliveries found by person, mailing, state, answer or mail domain, at any number of rows.

No filter has an index of its own, for each would cost sending and filling their speed. A person's
deliveries are reached from the person; a mailing's by the indexes that it has anyway. Whatever else
is asked is looked for in a bounded run of rows, and the page says where it goes on.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from subscribers.models import Subscriber
from subscribers.pages.people import matching
from workers.models import URGENT, Delivery, DeliveryState, Mailing
from workers.queue.answers import IS_TO_SEE, TO_SEE

PAGE = 50

PEOPLE = 50
"""Of how many people's mails a search tells; of more, more must be said."""

LOOKED = 10_000
"""Rows that are looked through for one page."""


@dataclass(frozen=True)
class Asked:
    """What the form says; empty parts ask nothing."""

    q: str = ""  # how an address or a name begins or ends
    mailing: Mailing | None = None
    state: str = ""
    reason: str = ""
    code: int | None = None
    outcome: str = ""
    domain: str = ""

    @property
    def sifts(self) -> Q:
        """What each row must be, beside whose and of which mailing it is."""
        found = Q()
        for name in ("state", "reason", "outcome"):
            if said := getattr(self, name):
                found &= Q((name, said))
        if self.code is not None:
            found &= Q(code=self.code)
        if self.domain:
            found &= Q(address__iendswith=f"@{self.domain}")
        return found

    @property
    def counted(self) -> int | None:
        """How many these are, where a counter knows."""
        if self.mailing is None or self.q or self.reason or self.outcome or self.domain:
            return None
        if self.code is not None:
            return None
        return int(getattr(self.mailing, self.state or "candidates"))


@dataclass(frozen=True)
class Found:
    """A page of deliveries, and where the next one begins."""

    rows: list[Delivery] = field(default_factory=list)
    onward: int | None = None
    cut: bool = False  # the look ended before the page was full
    people: int | None = None  # whom the words fit; None where nobody was asked for
    many: bool = False  # so many that more must be said
    total: int | None = None


def find(asked: Asked, beyond: int | None) -> Found:
    """The page beyond this key; None: the first."""
    if asked.q:
        return _of_people(asked, beyond)
    rows, key, down = _run(asked)
    return _looked(rows, asked.sifts, key, beyond, down=down)


def _of_people(asked: Asked, beyond: int | None) -> Found:
    """Newest first.  All are read, for a person has few: a plan that went through the newest
    deliveries of all until it had met enough of theirs would take seconds."""
    fits = Subscriber.objects.filter(matching(asked.q)).values_list("id", flat=True)
    people = list(fits.order_by("-id")[: PEOPLE + 1])
    if len(people) > PEOPLE:
        return Found(many=True)
    rows = Delivery.objects.filter(asked.sifts)
    if asked.mailing:
        rows = rows.filter(mailing=asked.mailing)
    ids = list(rows.filter(subscriber_id__in=people).values_list("id", flat=True))
    nobody = rows.filter(subscriber__isnull=True, address=asked.q.lower())
    ids = sorted({*ids, *nobody.values_list("id", flat=True)[:PAGE]}, reverse=True)
    page = [one for one in ids if beyond is None or one < beyond]
    onward = page[PAGE - 1] if len(page) > PAGE else None
    return Found(_whole(Q(id__in=page[:PAGE]), "-id"), onward, people=len(people), total=len(ids))


def _run(asked: Asked) -> tuple[QuerySet[Delivery], str, bool]:
    """(rows in which to look, by what they are in order, whether downwards)."""
    if asked.mailing is None:
        if asked.state == DeliveryState.UNCERTAIN:
            ids = list(Mailing.objects.filter(uncertain__gt=0).values_list("id", flat=True))
            return Delivery.objects.filter(IS_TO_SEE, mailing_id__in=ids), "id", True
        return Delivery.objects.all(), "id", True
    rows = Delivery.objects.filter(mailing=asked.mailing)
    if asked.state in TO_SEE:
        return rows.filter(IS_TO_SEE, state=asked.state), "id", False
    if asked.mailing.kind in URGENT:
        return rows, "id", False
    return rows.filter(subscriber__isnull=False), "subscriber_id", False


def _looked(
    rows: QuerySet[Delivery], sifts: Q, key: str, beyond: int | None, *, down: bool
) -> Found:
    """Look through a run of rows; its end is found first, by the index alone."""
    past, until, order = ("lt", "gte", f"-{key}") if down else ("gt", "lte", key)
    if beyond is not None:
        rows = rows.filter((f"{key}__{past}", beyond))
    end = rows.order_by(order).values_list(key, flat=True)[LOOKED - 1 : LOOKED].first()
    run: dict[str, Any] = {} if end is None else {f"{key}__{until}": end}
    keys = list(rows.filter(sifts, **run).order_by(order).values_list(key, "id")[: PAGE + 1])
    page = _whole(Q(id__in=[one for _, one in keys[:PAGE]]), order)
    if len(keys) > PAGE:
        return Found(page, keys[PAGE - 1][0])
    return Found(page, end, cut=end is not None)


def _whole(which: Q, order: str) -> list[Delivery]:
    rows = Delivery.objects.filter(which).select_related("mailing__update__topic", "mailing__topic")
    return list(rows.order_by(order))
