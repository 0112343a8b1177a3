"""The staff's pages for moving people in: upload a list, see what would become of it, say yes."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from digest.audit import audit
from digest.errors import Refused
from digest.models import Topic
from digest.staff import APPROVERS, Role, role_required
from subscribers import importing
from subscribers.importing import forgetting, reading, runs
from subscribers.importing.reading import Look, Wanted
from subscribers.importing.report import shown
from subscribers.importing.services import CSV, EVERY, MEDIUM, OUT, Field
from subscribers.imports import Import, ImportState

LARGEST = 512 * 1024 * 1024
"""Bytes of an upload: some four million people. More come by the command."""

PAGE = 50

GUESSED = {CSV.name, MEDIUM.name}
"""Formats whose columns are guessed, and so shown at once; a service's own are folded."""

STANDINGS = {
    "": "As its rows say",
    "unsubscribed": "Everybody in it has left",
    "bounced": "Everybody’s address bounced",
    "complained": "Everybody complained",
    "suppressed": "Nobody in it may be mailed",
}
"""How the people of a list stand, in words."""

_MAY = (Role.OPS, *APPROVERS)


# The check of the form's token reads the form, and with it the file: roles and size come first.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*_MAY)
def imports(request: HttpRequest) -> HttpResponseBase:
    """A form for a list, and the lists that came in."""
    if request.method != "POST":
        return _imports(request)
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        return _imports(
            request,
            f"The file is larger than {LARGEST // 1024**2} MB; nothing was kept. On the server: "
            "digest subscribers import FILE",
            status=413,
        )
    request.upload_handlers = [TemporaryFileUploadHandler(request)]
    return _upload(request)


@csrf_protect
def _upload(request: HttpRequest) -> HttpResponseBase:
    upload = request.FILES.get("list")
    pasted = request.POST.get("pasted", "").strip()
    if not isinstance(upload, UploadedFile) and not pasted:
        return _imports(request, "Choose a file, or paste a list; nothing was kept.", status=422)
    job = Import.objects.create(
        name=_name(upload), is_stored=True, by=request.user.get_username(),
        wanted=Wanted().as_json(),
    )  # fmt: skip
    try:
        _store(job, upload, pasted)
    except Refused as problem:
        runs.forget_file(job)
        job.delete()
        return _imports(request, str(problem), status=422)
    return redirect(f"/people/import/{job.id}/")


def _name(upload: object) -> str:
    """What its owner calls it; never a path of ours."""
    name = (upload.name or "") if isinstance(upload, UploadedFile) else "pasted list"
    return "".join(c if c.isprintable() else "?" for c in name)[-200:] or "list"


def _store(job: Import, upload: object, pasted: str) -> None:
    """Keep the file where nobody else reads it; Refused where it is no list."""
    path = runs.file_of(job)
    path.touch(mode=0o600)
    with path.open("wb") as file:
        if isinstance(upload, UploadedFile):
            for chunk in upload.chunks():
                file.write(chunk)
        else:
            file.write(pasted.encode())
    with path.open("rb") as stream:
        looks = reading.look(stream, job.name, Wanted())
        job.fingerprint, job.size = runs.fingerprint(stream)
    job.format = next(one.format for one in looks if not one.why)
    job.save(update_fields=["fingerprint", "size", "format"])


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*_MAY)
def one(request: HttpRequest, number: int) -> HttpResponseBase:
    """One import: what the list is taken for, what would become of it, what became of it."""
    job = _job(number)
    if request.method != "POST":
        return render(request, "people/import.html", _one(job))
    what = request.POST.get("do", "")
    if what == "discard":
        return _discard(request, job)
    if what == "start":
        return _start(request, job)
    return _check(request, job)


@require_safe
@role_required(*_MAY)
def live(request: HttpRequest, number: int) -> HttpResponseBase:
    """The part of the page that moves while a worker is at it."""
    return render(request, "people/import_live.html", _one(_job(number)) | {"live": True})


@require_safe
@role_required(*_MAY)
def report(_request: HttpRequest, number: int) -> HttpResponseBase:
    """What became, or would become, of each row."""
    job = _job(number)
    try:
        file = runs.report_of(job).open("rb")
    except OSError:
        raise Http404("There is no report of this import here.") from None
    return FileResponse(file, as_attachment=True, filename=f"import-{job.id}.csv",
                        content_type="text/csv; charset=utf-8")  # fmt: skip


def _check(request: HttpRequest, job: Import) -> HttpResponseBase:
    """Have it checked with what the form says."""
    wanted = _wanted(request, _looks(job, Wanted()))
    try:
        with runs.file_of(job).open("rb") as file:
            looks = importing.look(file, job.name, wanted)
    except OSError:
        return redirect(request.path)
    except Refused as problem:
        return render(request, "people/import.html", _one(job, wanted, str(problem)), status=422)
    _waiting(job, ImportState.NEW, ImportState.CHECKED).update(
        state=ImportState.CHECKING, wanted=wanted.as_json(), claimed_until=None, rows=0,
        created=0, updated=0, suppressed=0, unchanged=0, rejected=0, done_bytes=0, report_bytes=0,
        found={}, format=next(one.format for one in looks if not one.why),
    )  # fmt: skip
    return redirect(request.path)


def _start(request: HttpRequest, job: Import) -> HttpResponseBase:
    """Somebody says yes. Once, however often the button is pressed."""
    if _waiting(job, ImportState.CHECKED).update(
        state=ImportState.RUNNING, started_at=timezone.now(), claimed_until=None, rows=0,
        created=0, updated=0, suppressed=0, unchanged=0, rejected=0, by=request.user.get_username(),
    ):  # fmt: skip
        audit(request.user.get_username(), "started import", job.name[:200])
    return redirect(request.path)


def _discard(request: HttpRequest, job: Import) -> HttpResponseBase:
    still = Q(state__in=[ImportState.NEW, ImportState.CHECKING, ImportState.CHECKED])
    if Import.objects.filter(still, id=job.id).delete()[0]:
        runs.forget_file(job)
        runs.report_of(job).unlink(missing_ok=True)
        return redirect("/people/import/")
    return redirect(request.path)


def _waiting(job: Import, *states: ImportState) -> Any:
    return Import.objects.filter(id=job.id, state__in=states, is_stored=True)


def _wanted(request: HttpRequest, looks: list[Look]) -> Wanted:
    """What the form says; a column that is as it was guessed isn't spoken of."""
    said = {}
    for at, column in enumerate(shown(looks)):
        chosen = request.POST.get(f"column-{at}", "")
        if chosen in Field.values and chosen != column["field"]:
            said[column["name"]] = chosen
    slugs = set(Topic.objects.values_list("slug", flat=True))
    kind = request.POST.get("format", "")
    return Wanted(
        topics=[slug for slug in request.POST.getlist("topics") if slug in slugs],
        consent=request.POST.get("consent", "").replace("\0", "").strip()[:2_000],
        format=kind if kind in EVERY else "",
        columns=said,
        stands=stands if (stands := request.POST.get("stands", "")) in OUT else "",
    )


def _job(number: int) -> Import:
    if number >= 2**63:
        raise Http404
    return get_object_or_404(Import, id=number)


def _looks(job: Import, wanted: Wanted) -> list[Look]:
    try:
        with runs.file_of(job).open("rb") as file:
            return reading.look(file, job.name, wanted)
    except (OSError, Refused):
        return []


def _one(job: Import, wanted: Wanted | None = None, problem: str = "") -> dict[str, Any]:
    """What the page shows."""
    wanted = wanted or Wanted(**job.wanted)
    open_ = job.is_stored and job.state in {ImportState.NEW, ImportState.CHECKED}
    looks = _looks(job, wanted) if open_ else []
    found = job.found
    return {
        "job": job,
        "wanted": wanted,
        "problem": problem,
        "service": EVERY.get(job.format, CSV).label,
        "is_guessed": job.format in GUESSED,
        "services": [] if job.format == CSV.name else EVERY.values(),
        "columns": shown(looks),
        "passed_over": [one for one in looks if one.why],
        "names_topics": all(one.names_topics or one.why for one in looks),
        "fields": Field.choices,
        "standings": STANDINGS,
        "topics": Topic.objects.order_by("name") if open_ else [],
        "moves": job.state in {ImportState.CHECKING, ImportState.RUNNING},
        "share": min(100, 100 * job.done_bytes // job.size) if job.size else 0,
        "found": found,
        "coming": found.get("created", 0) + found.get("updated", 0) if found else 0,
        "has_report": runs.report_of(job).exists(),
        "report_until": (job.finished_at or job.created_at) + forgetting.REPORTS,
        "report_days": forgetting.REPORTS.days,
    }


def _imports(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    before = request.GET.get("before", "")
    rows = Import.objects.order_by("-id")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(id__lt=int(before))
    page = list(rows[: PAGE + 1])
    more = page[PAGE - 1].pk if len(page) > PAGE else None
    known = [one.label for one in EVERY.values() if one.name not in {"csv", "digest"}]
    told = {"rows": page[:PAGE], "more": more, "problem": problem, "known": known}
    return render(request, "people/imports.html", told, status=status)
