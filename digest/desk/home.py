"""The desk's front page: what needs a person first, then each topic."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.desk import overview, proof
from digest.desk.needs import needs
from digest.desk.posts import open_draft
from digest.models import Topic
from digest.staff import APPROVERS, WRITERS, has_role, role_required


@require_safe
@role_required(*WRITERS)
def home(request: HttpRequest) -> HttpResponse:
    """Every topic, those that need a person first; the queue's part is asked for by the page."""
    now, may_approve = timezone.now(), has_role(request.user, *APPROVERS)
    everywhere = overview.standings(now)
    standings = [one for one in everywhere if not one.topic.ended_at]
    found = needs(standings, request.user.get_username(), may_approve, now)
    drafts = {one.topic.slug for one in standings if one.draft}
    page = {
        "standings": standings,
        "ended": [one for one in everywhere if one.topic.ended_at],
        "needs": found,
        "to_mend": sorted(drafts - {need.draft for need in found}),
        "may_make": may_approve,
    }
    return render(request, "desk/home/page.html", page)


@require_safe
@role_required(*WRITERS)
def topic(_request: HttpRequest, topic: str) -> HttpResponseBase:
    """A topic's place on the desk is its draft."""
    return redirect(f"/desk/{topic}/draft/")


@require_safe
@role_required(*WRITERS)
def draft(request: HttpRequest, topic: str) -> HttpResponse:
    """How full the topic's draft is and what its checks say: rendered, so asked for by itself."""
    found = get_object_or_404(Topic, slug=topic)
    update = open_draft(found)
    page = {"topic": found, "proof": proof.of_draft(update) if update else None}
    return render(request, "desk/home/draft.html", page)
