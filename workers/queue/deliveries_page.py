"""Deliveries across mailings: who got what, when, what the relay said and what came back."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from digest.errors import Refused
from digest.staff import APPROVERS, Role, has_role
from subscribers.addresses import LONGEST
from workers.models import DeliveryState, Exclusion, Mailing, Outcome
from workers.queue import cards
from workers.queue.finding import LOOKED, PEOPLE, Asked, Found, find
from workers.queue.seen_by import looks, may_act
from workers.queue.told import told

MAILINGS = 100
"""The newest ones that the form offers; any other by its number."""

_PARTS = ("q", "mailing", "state", "reason", "code", "outcome", "domain")


@looks
def search(request: HttpRequest) -> HttpResponse:
    """What the form asks for, a page at a time; without anything asked, the newest."""
    said = {name: _said(request, name) for name in _PARTS}
    said = {name: value for name, value in said.items() if value}
    beyond = _number(request.GET.get("beyond", ""))
    try:
        asked, problem = _read(said), ""
        found = find(asked, beyond)
    except Refused as refused:
        asked, found, problem = Asked(), Found(), str(refused)
    page = {
        "said": said,
        "asked": asked,
        "problem": problem,
        "found": found,
        "rows": told(found.rows),
        "most": PEOPLE,
        "looked": LOOKED,
        "beyond": beyond,
        "first": urlencode(said),
        "onward": urlencode({**said, "beyond": found.onward}),
        "title": cards.title(asked.mailing) if asked.mailing else "",
        "mailings": _mailings(),
        "states": DeliveryState.choices,
        "reasons": Exclusion.choices,
        "outcomes": [one for one in Outcome.choices if one[0] != Outcome.UNKNOWN],
        "may_act": may_act(request),
        # Their links are in it, with which one may choose for them.
        "may_read": has_role(request.user, Role.OPS, *APPROVERS),
        "may_settle": may_act(request) and asked.state == DeliveryState.UNCERTAIN,
    }
    return render(request, "queue/deliveries.html", page)


def _read(said: dict[str, str]) -> Asked:
    """Raises Refused, in words, for what can't be looked for."""
    return Asked(
        q=said.get("q", ""),
        mailing=_mailing(said.get("mailing", "")),
        state=_one_of(DeliveryState.values, said.get("state", "")),
        reason=_one_of(Exclusion.values, said.get("reason", "")),
        code=_code(said.get("code", "")),
        outcome=_one_of(Outcome.values, said.get("outcome", "")),
        domain=said.get("domain", "").lower().removeprefix("@"),
    )


def _mailing(number: str) -> Mailing | None:
    if not number:
        return None
    rows = Mailing.objects.select_related("update__topic", "topic")
    found = rows.filter(id=_number(number) or 0).first()
    if found is None:
        raise Refused(f"There is no mailing {number[:20]}. The list names those there are.")
    return found


def _one_of(values: list[str], said: str) -> str:
    if said and said not in values:
        raise Refused(f"{said[:20]!r} is none of: {', '.join(values)}.")
    return said


def _code(said: str) -> int | None:
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) == 3):
        raise Refused(f"{said[:20]!r} is no reply code. Write three digits, for example 550.")
    return int(said)


def _mailings() -> list[tuple[int, str]]:
    rows = Mailing.objects.select_related("update__topic", "topic").order_by("-id")[:MAILINGS]
    return [(one.id, cards.title(one)) for one in rows]


def _said(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "").strip()[:LONGEST]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
