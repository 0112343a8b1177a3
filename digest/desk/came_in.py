"""Briefings that came in, or changed, since the draft was assembled."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from digest.briefings import Briefing
from digest.desk.posts import draft_or_404
from digest.models import Update
from digest.staff import WRITERS, role_required

SHOWN = 12


@require_safe
@role_required(*WRITERS)
def came_in(request: HttpRequest, topic: str) -> HttpResponse:
    """What an open page looks at now and then."""
    found, update = draft_or_404(topic)
    page = {"topic": found, "update": update, "came_in": since_assembled(update)}
    return render(request, "desk/draft/came_in.html", page)


def since_assembled(update: Update) -> list[Briefing]:
    """Those that the next assembly would look at for the first time; one more than are shown."""
    fresh = Q(carried_in=None, received_at__gt=update.assembled_at)
    fresh |= Q(moved_on=True, changed_at__gt=update.assembled_at)
    found = update.topic.briefings.filter(fresh, withdrawn_at=None, held_at=None)
    found = found.exclude(items__update=update).exclude(folds__update=update)
    return list(found.order_by("-received_at", "-pk")[: SHOWN + 1])
