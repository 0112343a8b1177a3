"""A correction written on the desk: looked at first, then sent to those who got what was wrong.

Served from here, since the desk's own room knows no mailings.
"""

import hashlib
import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from digest import editions
from digest.desk import preview
from digest.desk.look import Way
from digest.desk.posts import typed
from digest.errors import DigestError
from digest.models import Stage, Update
from digest.staff import APPROVERS, role_required
from workers import corrections

LONGEST = 20_000
"""Characters of a correction."""


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*APPROVERS)
def correct(request: HttpRequest, topic: str, number: int) -> HttpResponseBase:
    """A form; a POST shows the mail, and one that was looked at sends it."""
    update = get_object_or_404(
        Update.objects.filter(stage=Stage.SENT).select_related("topic"),
        topic__slug=topic,
        number=number,
    )
    if request.method != "POST":
        return _form(request, update, "", [])
    text, slugs = typed(request, "text")[:LONGEST], request.POST.getlist("briefing")
    try:
        if request.POST.get("do") != "send" or request.POST.get("seen") != _mark(text, slugs):
            return _form(request, update, text, slugs, mail=_mail(update, text, slugs))
        corrections.correct(update, text, slugs, request.user.get_username())
    except DigestError as problem:
        return _form(request, update, text, slugs, problem=str(problem))
    said = "The correction is on its way to those who got the update."
    messages.success(request, said, extra_tags=f"correction {update.pk}")
    return redirect(f"/desk/{topic}/{number}/")


def _mail(update: Update, text: str, slugs: list[str]) -> str:
    """The correction as a page for a frame that can do nothing."""
    email = editions.rendered(corrections.looked_at(update, text, slugs))
    return preview.shown(Way.PHONE, email.html, email.text, email.nonce)


def _mark(text: str, slugs: list[str]) -> str:
    """Tells whether what is sent is what was looked at."""
    return hashlib.sha256(json.dumps([text, sorted(slugs)]).encode()).hexdigest()[:16]


def _form(
    request: HttpRequest,
    update: Update,
    text: str,
    slugs: list[str],
    *,
    mail: str = "",
    problem: str = "",
) -> HttpResponse:
    page = {
        "topic": update.topic,
        "update": update,
        "items": list(update.items.select_related("briefing")),
        "chosen": slugs,
        "text": text,
        "mail": mail,
        "seen": _mark(text, slugs) if mail else "",
        "problem": problem or _not_yet(update),
    }
    return render(request, "queue/correct.html", page, status=422 if problem else 200)


def _not_yet(update: Update) -> str:
    try:
        corrections.original_of(update)
    except DigestError as why:
        return str(why)
    return ""
