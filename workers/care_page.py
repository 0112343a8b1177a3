"""With how much care a topic's mailings go, set on its schedule's page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from digest.errors import DigestError
from digest.models import Topic
from digest.staff import APPROVERS, role_required
from workers.brake import caring


@require_POST
@role_required(*APPROVERS)
def care(request: HttpRequest, topic: str) -> HttpResponseBase:
    """A part of its readers first, and quiet hours."""
    found, said = get_object_or_404(Topic, slug=topic), request.POST
    try:
        made = caring.set_care(
            found,
            caring.read_first(said.get("first", "") if "staggered" in said else "0"),
            caring.read_wait(said.get("wait", "")),
            said.get("quiet", ""),
            request.user.get_username(),
        )
        messages.success(request, f"Set. {caring.in_words(made)}")
    except DigestError as problem:
        messages.error(request, str(problem))
    return redirect(f"/desk/{found.slug}/schedule/#care")
