"""The queue's page of what the doctor found; and the button that has all examined anew."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from digest.audit import audit
from digest.staff import role_required
from workers.doctor import kept
from workers.doctor.finding import Area, Finding, Grade
from workers.queue.seen_by import MAY_ACT

PAGE = "/queue/doctor/"

PILLS = {
    Grade.BAD: ("bad", "to mend"),
    Grade.LOOK: ("warn", "to look at"),
    Grade.UNKNOWN: ("info", "can’t be told"),
    Grade.WELL: ("ok", "well"),
}
"""In the order in which they are shown: each grade's tone and word."""


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAY_ACT)
@never_cache
def home(request: HttpRequest) -> HttpResponseBase:
    """GET shows what was found last, POST has it examined anew."""
    if request.method != "POST":
        return render(request, "queue/doctor/home.html", _shown())
    who = request.user.get_username()
    if kept.begin(who):
        audit(who, "examined", "the installation")
    else:
        messages.info(request, "It is being examined already.")
    return redirect(PAGE)


@require_safe
@role_required(*MAY_ACT)
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The same, as the part of the page that changes."""
    return render(request, "queue/doctor/findings.html", _shown())


def _shown() -> dict[str, Any]:
    row = kept.current()
    found = kept.findings(row)
    counts = {grade.value: sum(one.grade is grade for one in found) for grade in Grade}
    groups = [(area, _lines(found, area, row.news)) for area in Area]
    return {
        "row": row,
        "running": kept.is_running(row),
        "counts": counts,
        "groups": [(area, lines) for area, lines in groups if lines],
    }


def _lines(found: list[Finding], area: Area, news: list[str]) -> list[dict[str, Any]]:
    """An area's findings, the worst first."""
    order = list(PILLS)
    here = sorted(
        (one for one in found if one.area == area), key=lambda one: order.index(one.grade)
    )
    return [
        {"finding": one, "pill": PILLS[one.grade], "is_news": one.about in news} for one in here
    ]
