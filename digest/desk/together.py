"""Several people at one draft: each page says who else is here, and what they have changed."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from digest import happened, presence, versions
from digest.audit import AuditEntry
from digest.desk.posts import typed
from digest.models import Stage, Update
from digest.staff import WRITERS, role_required


def shown(request: HttpRequest, update: Update, doing: str | None = None) -> dict[str, Any]:
    """For a page that shows the draft as it is now: who else is here, what is new to who looks."""
    who = request.user.get_username()
    seen = presence.seen_by(update, who)
    news = presence.news(update, who, seen)
    presence.sign(update, who, doing, saw=True)
    return {
        "others": presence.others(update, who),
        "news": news,
        "news_since": seen,
        "version": versions.latest(update),
    }


@require_POST
@role_required(*WRITERS)
def here(request: HttpRequest, topic: str) -> HttpResponse:
    """A sign from an open page, which says what it shows; who else is here, and what is new."""
    number, since = (typed(request, name) for name in ("update", "since"))
    update = get_object_or_404(
        Update.objects.select_related("topic"), topic__slug=topic, pk=_number(number)
    )
    if update.stage != Stage.DRAFT:
        return render(request, "desk/presence/gone.html", _gone(update))
    who = request.user.get_username()
    presence.sign(update, who, typed(request, "doing"))
    news = presence.news(update, who, _number(since))
    page = {"topic": update.topic, "others": presence.others(update, who), "news": news}
    page["since"] = _number(since)
    return render(request, "desk/presence/now.html", page)


def _gone(update: Update) -> dict[str, Any]:
    entry = AuditEntry.objects.filter(update=update).order_by("-pk").first()
    did = happened.sentence(entry) if entry else ""
    return {"topic": update.topic, "update": update, "entry": entry, "did": did}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
