"""The first steps as a page of their own, on which they are put away and brought back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from digest.staff import WRITERS, role_required
from workers.first_steps import standing


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*WRITERS)
def page(request: HttpRequest) -> HttpResponseBase:
    """All steps, also when they are put away or over; a POST does what ``do`` says."""
    if request.method != "POST":
        return _page(request)
    if request.POST.get("do") == "back":
        standing.bring_back(request.user)  # type: ignore[arg-type]  # signed in
    else:
        standing.put_away(request.user)  # type: ignore[arg-type]  # signed in
        messages.info(request, "Put away, for you alone. They are at the foot of this page.")
    return redirect("/desk/")


def _page(request: HttpRequest) -> HttpResponse:
    found = standing.FirstSteps(request.user)
    return render(request, "desk/first_steps/page.html", {"first": found})
