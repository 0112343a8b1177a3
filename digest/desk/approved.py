"""An update that is approved or sent, on the desk: what was fixed, and the way back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from digest import approval, happened
from digest.desk.look import Look
from digest.errors import DigestError
from digest.models import Stage, Update
from digest.staff import APPROVERS, WRITERS, has_role, role_required


@require_safe
@role_required(*WRITERS)
def update(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """When and to whom it goes, who approved it, and its frozen rendering."""
    found = _approved(topic, number)
    page = {
        "topic": found.topic,
        "update": found,
        "items": list(found.items.select_related("briefing", "changed_since")),
        "look": Look(request, found),
        "may_approve": has_role(request.user, *APPROVERS),
        "happened": happened.to(found),
    }
    return render(request, "desk/update.html", page)


@require_POST
@role_required(*APPROVERS)
def unapprove(request: HttpRequest, topic: str, number: int) -> HttpResponseBase:
    """Take the approval back, until the first message."""
    found = _approved(topic, number)
    try:
        approval.unapprove(found, by=request.user.get_username())
    except DigestError as problem:
        messages.error(request, str(problem))
        return redirect(f"/desk/{topic}/{number}/")
    messages.success(request, f"It is a draft again, and keeps the number {number}.")
    return redirect(f"/desk/{topic}/draft/")


def _approved(topic: str, number: int) -> Update:
    open_to_see = Update.objects.filter(stage__in=[Stage.APPROVED, Stage.SENT])
    return get_object_or_404(open_to_see.select_related("topic"), topic__slug=topic, number=number)
