"""The staff's page for taking people out: whom, in which form, and the password once more."""

from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from digest.audit import audit
from digest.errors import Refused
from digest.models import Topic
from digest.signing_in import wrong_password
from digest.staff import APPROVERS, Role, role_required
from subscribers import exporting
from subscribers.exporting import Choice
from subscribers.models import Segment

_FORMS: dict[str, tuple[str, str, str, Callable[[Choice], Iterator[str]]]] = {
    "csv": ("CSV", "csv", "text/csv; charset=utf-8", exporting.lines),
    "whole": ("CSV with consent and times", "csv", "text/csv; charset=utf-8", exporting.lines),
    "json": ("JSON: everything", "json", "application/json", exporting.json_lines),
}
"""What is offered: its label, its file's ending, its type, what writes it."""


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.OPS, *APPROVERS)
def export(request: HttpRequest) -> HttpResponseBase:
    """A form; and, once the password was given again, the file as it is written."""
    if request.method != "POST":
        return _form(request)
    if wrong := wrong_password(request):
        return _form(request, wrong, status=422)
    kind = request.POST.get("form", "csv")
    if kind not in _FORMS:
        return _form(request, "Choose a form for the file; nothing was exported.", status=422)
    try:
        return _file(request, kind, _choice(request, kind))
    except Refused as problem:
        return _form(request, f"{problem} Nothing was exported.", status=422)


def _choice(request: HttpRequest, kind: str) -> Choice:
    slug, name = (request.POST.get(one, "").replace("\0", "") for one in ("topic", "segment"))
    choice = Choice(
        topic=Topic.objects.filter(slug=slug).first() if slug else None,
        segment=Segment.objects.filter(name=name).first() if name else None,
        consents=kind == "whole",
    )
    if (slug and not choice.topic) or (name and not choice.segment):
        raise Refused("That topic or segment is gone.")
    return choice


def _file(request: HttpRequest, kind: str, choice: Choice) -> StreamingHttpResponse:
    people = choice.people().count()
    _, ending, mime, lines = _FORMS[kind]
    audit(
        request.user.get_username(), "exported subscribers", ending, people=people,
        topic=choice.topic.slug if choice.topic else "",
        segment=choice.segment.name if choice.segment else "",
    )  # fmt: skip
    answer = StreamingHttpResponse((part.encode() for part in lines(choice)), content_type=mime)
    name = f"subscribers-{timezone.now():%Y-%m-%d}.{ending}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _form(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    shown = {
        "problem": problem,
        "topics": Topic.objects.order_by("name"),
        "segments": Segment.objects.all(),
        "forms": [(name, form[0]) for name, form in _FORMS.items()],
        "chosen": {name: request.POST.get(name, "") for name in ("topic", "segment", "form")},
    }
    return render(request, "people/export.html", shown, status=status)
