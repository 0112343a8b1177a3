"""The pages of the brake: what it holds and warns of, and what a person does about it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from digest.errors import DigestError
from digest.staff import role_required
from workers import mailings
from workers.brake import first_part, judging, letting_go, look, postmaster, shares
from workers.brake.mailboxes import NAMES, SILENT
from workers.brake.models import Level
from workers.brake.verdict import Seen, in_a_word
from workers.feedback import returns
from workers.models import Mailing
from workers.queue import cards
from workers.queue.crew import crew
from workers.queue.pages import find
from workers.queue.seen_by import MAY_ACT, acts, looks, may_act

MOST = 50


@looks
def home(request: HttpRequest) -> HttpResponseBase:
    """What the brake has against whom, and what postmaster pages say."""
    return _home(request)


@acts
def figures(request: HttpRequest) -> HttpResponseBase:
    """Keep what a postmaster page says of a day."""
    names = ("provider", "day", "complaints", "words")
    typed = {name: _typed(request, name) for name in names}
    try:
        row = postmaster.enter(**typed, by=request.user.get_username())
    except DigestError as problem:
        return _home(request, typed, str(problem))
    messages.success(request, f"Kept for {row.provider}. That day’s mailings are judged by it.")
    return redirect("/queue/brake/#postmaster")


def _home(
    request: HttpRequest, typed: Mapping[str, str] | None = None, error: str = ""
) -> HttpResponseBase:
    limits, yesterday = judging.limits(), timezone.now().date() - dt.timedelta(days=1)
    page = {
        "bounces": limits.bounces,
        "complaints": limits.complaints,
        "warned": [_warned(one) for one in judging.warned(timezone.now()).order_by("-id")[:MOST]],
        "shares": look.refusing().order_by("id")[:MOST],
        "silent": ", ".join(sorted(SILENT, key=str.lower)),
        "names": NAMES,
        "figures": postmaster.latest(),
        "typed": typed or {"day": yesterday.isoformat()},
        "error": error,
        "may_act": may_act(request),
    }
    return render(request, "queue/brake/home.html", page, status=422 if error else 200)


def _warned(mailing: Mailing) -> dict[str, Any]:
    held, row = judging.is_held(mailing), judging.of(mailing)
    words = row.words if row else ""
    level = Level(row.level) if row else Level.CALM
    tone, word = in_a_word(level, held=held, ended=mailing.state in cards.ENDED)
    return {
        "mailing": mailing,
        "title": cards.title(mailing),
        "held": held,
        "why": mailing.why if held else words,
        "tone": tone,
        "word": word,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAY_ACT)
def held(request: HttpRequest, number: int) -> HttpResponseBase:
    """GET shows for what it is held, POST lets it go on with these figures seen."""
    mailing = find(number)
    if not judging.is_held(mailing):
        messages.error(request, f"The brake does not hold mailing {mailing.id}.")
        return redirect(f"/queue/{mailing.id}/")
    error, despite = "", _typed(request, "despite").strip()
    if request.method == "POST":
        shown = letting_go.seen_from(request.POST.get("shown", ""))
        if despite and shown:
            return _let_go(request, number, despite, shown)
        error = "Say why it may go on; nothing was changed."
    about, said = letting_go.judged(mailing)
    page = {
        "card": cards.card(mailing, crew()),
        "about": about,
        "said": said,
        "suppressed": returns.suppressed(about),
        "despite": despite,
        "error": error,
    }
    return render(request, "queue/brake/held.html", page, status=422 if error else 200)


@acts
def probe(request: HttpRequest, number: int) -> HttpResponseBase:
    """Try at once a provider's share that is held back."""
    mailing, provider = find(number), _typed(request, "provider")
    try:
        shares.probe_now(mailing, provider, request.user.get_username())
        messages.success(request, f"A handful for {provider} is tried; the rest goes if it does.")
    except DigestError as problem:
        messages.error(request, str(problem))
    return redirect(f"/queue/{mailing.id}/")


@acts
def rest(request: HttpRequest, number: int) -> HttpResponseBase:
    """Let the rest go at once that waits for a first part."""
    mailing = find(number)
    try:
        first_part.go_on_now(mailing, request.user.get_username())
        messages.success(request, f"{cards.title(mailing)}: The rest goes now.")
    except DigestError as problem:
        messages.error(request, str(problem))
    whole = request.POST.get("back") == "queue"
    return redirect("/queue/" if whole else f"/queue/{mailing.id}/")


def _typed(request: HttpRequest, name: str) -> str:
    """What a person wrote, as a database takes it."""
    return request.POST.get(name, "").replace("\0", "")


def _let_go(request: HttpRequest, number: int, despite: str, shown: Seen) -> HttpResponseBase:
    mailing = find(number)
    try:
        mailings.resume(mailing, request.user.get_username(), despite, shown)
        messages.success(
            request, f"{cards.title(mailing)}: It goes on. It is held again when it gets worse."
        )
    except DigestError as problem:
        messages.error(request, str(problem))
    return redirect(f"/queue/{mailing.id}/")
