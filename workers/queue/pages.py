"""The queue's pages and the fragments that they poll while something moves."""

import datetime as dt
from typing import Any

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from digest.models import Stage, Update
from digest.staff import APPROVERS, Role, has_role
from workers import balance, resending, room, slots
from workers.balance import STATES, Sheet
from workers.doctor import kept
from workers.inbound import standing
from workers.models import BULK, Mailing, MailingKind, MailingState
from workers.queue import by_domain, cards, coming, course, deliveries, problems
from workers.queue.answers import TO_SEE, answers
from workers.queue.cards import Card
from workers.queue.crew import crew
from workers.queue.seen_by import is_polled, looks, may_act
from workers.queue.told import told
from workers.queue.works import ticks, works
from workers.routes import tally
from workers.watch import readings
from workers.watch.alert import open_alerts

SMALL = [MailingKind.CONFIRM, MailingKind.WELCOME, MailingKind.LETTER]
_SUMS = {name: Sum(name, default=0) for name in ["candidates", *STATES]}
AT_ONCE = 100_000
"""Rows that are counted without being asked: a tenth of a second or so."""

SLOTS = 8
"""What is due next, on the workers' page."""

LATELY = dt.timedelta(hours=24)
SOON = dt.timedelta(minutes=2)
"""So near its due time an update's mailing may be made at any second."""


@looks
def home(request: HttpRequest) -> HttpResponse:
    """Every mailing that moves or wants a person, then what comes, then what went."""
    return render(request, "queue/home.html", _overview(request))


@looks
def home_live(request: HttpRequest) -> HttpResponse:
    """The same, as the part of the page that changes."""
    return render(request, "queue/overview.html", _overview(request))


@looks
def workers_page(request: HttpRequest) -> HttpResponse:
    """Who is alive, what each holds, how far behind the queues are, and what is due."""
    return render(request, "queue/workers.html", _works())


@looks
def workers_live(request: HttpRequest) -> HttpResponse:
    """The same, as the part of the page that changes."""
    return render(request, "queue/works.html", _works())


def _works() -> dict[str, Any]:
    inbox = standing.standing()
    return {"works": works(), "coming": coming.coming()[:SLOTS], "inbox": inbox}


@looks
def past(request: HttpRequest) -> HttpResponse:
    """Ended mailings, older than ``before``."""
    shown, older = _past(_number(request.GET.get("before")))
    return render(request, "queue/past.html", {"past": shown, "older": older})


@looks
def mailing(request: HttpRequest, number: int) -> HttpResponse:
    """One mailing: its numbers, and the deliveries that want a look.

    What takes longer the more rows there are is counted at once only where they are few.
    """
    found = find(number)
    asked = "count" in request.GET
    sheet = balance.sheet(found) if asked or found.candidates <= AT_ONCE else None
    found.refresh_from_db()
    to_see = found.deferred + found.failed + found.uncertain
    state = deliveries.state_to_show(found, request.GET.get("state", ""))
    after = _number(request.GET.get("after")) or 0
    shown = deliveries.page(found, state, after) if state else None
    page = {
        **_one(request, found),
        "sheet": sheet,
        "counted_at": timezone.now(),
        "rows": [(one, _of_state(sheet, found, one)) for one in STATES],
        "reasons": deliveries.reasons(sheet.excluded) if sheet else [],
        "grouped": asked or to_see <= AT_ONCE,
        "states": [(one.value, getattr(found, one)) for one in TO_SEE],
        "page": shown,
        "told": told(shown.rows, titled=False) if shown else [],
        "after": after,
        "shares": tally.shares(found.id),
        "may_read": has_role(request.user, Role.OPS, *APPROVERS),
        "resendable": may_act(request) and resending.could_be(found),
        "resent": found.resent.order_by("id").first(),
        "bulk": BULK,
    }
    if page["grouped"]:
        page |= {"answers": answers(found), "domains": by_domain.domains(found)}
    return render(request, "queue/mailing.html", page)


def _of_state(sheet: Sheet | None, found: Mailing, state: str) -> int:
    """As counted row by row, else as the counters say."""
    if sheet is None:
        return int(getattr(found, state))
    return sheet.excluded_total if state == "excluded" else int(getattr(sheet, state))


@looks
def mailing_live(request: HttpRequest, number: int) -> HttpResponseBase:
    """The part of a mailing's page that changes; when it stops, the whole page is asked for."""
    page = _one(request, find(number))
    if is_polled(request) and not page["card"].facts.moves:
        return HttpResponseClientRefresh()
    return render(request, "queue/one.html", page)


@looks
def of_update(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """How an update's main mailing goes, and what became of it, for the desk's page of it."""
    update = get_object_or_404(
        Update.objects.select_related("topic").filter(stage__in=[Stage.APPROVED, Stage.SENT]),
        topic__slug=topic,
        number=number,
    )
    found = _mailings().filter(update=update, kind=MailingKind.SCHEDULED).first()
    due = update.due_at or timezone.now()
    page = {
        "update": update,
        "card": cards.card(found, crew()) if found else None,
        "soon": found is None and abs(due - timezone.now()) < SOON,
        "may_act": may_act(request),
        "may_correct": has_role(request.user, *APPROVERS),
        **(_outcome(found) if found else {}),
    }
    return render(request, "queue/of_update.html", page)


def _outcome(found: Mailing) -> dict[str, Any]:
    """Who did not get it, and why."""
    left_out = balance.sheet(found).excluded if found.state in cards.ENDED else {}
    uncertain = deliveries.page(found, "uncertain", 0).rows if found.uncertain else []
    return {
        "reasons": deliveries.reasons(left_out),
        "problems": problems.problems(found) if found.failed or found.deferred else [],
        "uncertain": uncertain[: problems.NAMED],
        "settling": {"state": "uncertain"},
        "corrections": found.corrections.order_by("id"),
    }


def _overview(request: HttpRequest) -> dict[str, Any]:
    team = crew()
    shown, moves = cards.open_cards(team)
    held, upcoming = list(slots.held()[: coming.MOST]), coming.coming()
    ended, older = _past(None)
    pressing = [card for card in shown if card.wants_a_person]
    return {
        "may_act": may_act(request),
        "crew": team,
        "cards": shown,
        "moves": moves,
        "held": held,
        "coming": upcoming,
        "past": ended,
        "older": older,
        "small": _small(),
        "pressing": len(pressing) + len(held),
        "late": sum(one.late for one in upcoming),
        "ticks": ticks(readings.tick_age(timezone.now())),
        "troubled": sum(card.live and bool(card.mailing.why) for card in shown),
        "unsettled": sum(card.mailing.uncertain for card in shown),
        "shortage": room.shortage(),
        "inbox_trouble": standing.trouble(),
        "inbox_waiting": standing.waiting(),
        "alerts": open_alerts().count(),
        "doctor": kept.in_a_word() if may_act(request) else None,
    }


def _past(before: int | None) -> tuple[list[Card], int | None]:
    """A page of ended mailings, and the id before which the next page begins."""
    found = cards.past(before)
    older = found[cards.PAGE - 1].mailing.id if len(found) > cards.PAGE else None
    return found[: cards.PAGE], older


def _small() -> list[dict[str, Any]]:
    """Confirmations, welcomes and letters of the last day, summed: a balance sheet for each."""
    since = timezone.now() - LATELY
    # Every state is named, so that the index on state and due time serves.
    rows = Mailing.objects.filter(state__in=list(MailingState), due_at__gte=since)
    return [
        {"kind": kind.label, "sheet": sheet}
        for kind in SMALL
        if (sheet := rows.filter(kind=kind).aggregate(**_SUMS))["candidates"]
    ]


def _one(request: HttpRequest, found: Mailing) -> dict[str, Any]:
    team = crew()
    card = cards.card(found, team)
    drawn = course.whole(found) if found.finished_at else card.course
    return {"card": card, "course": drawn, "crew": team, "may_act": may_act(request)}


def _mailings() -> Any:
    return Mailing.objects.select_related("update__topic", "topic__care", "braking")


def find(number: int) -> Mailing:
    """The mailing with this id, else 404."""
    if number >= 2**63:
        raise Http404
    found: Mailing = get_object_or_404(_mailings(), id=number)
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
