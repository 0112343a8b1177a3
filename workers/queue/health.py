"""For whoever watches the process: does it answer, and is its database of use."""

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

_PLAIN = "text/plain; charset=utf-8"


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 whenever this process answers at all."""
    del request
    return HttpResponse("ok\n", _PLAIN)


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database can be reached and is as new as the program; else 503 and why."""
    del request
    why = _not_ready()
    return HttpResponse(f"{why or 'ready'}\n", _PLAIN, status=503 if why else 200)


def _not_ready() -> str:
    try:
        applied = set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return "The database can't be reached."
    if _ours() - applied:
        return "The database is older than the program; run: digest migrate"
    own = {app for app, _ in _ours()}
    if {one for one in applied if one[0] in own} - _ours():
        return "The database is newer than the program; install the newer version."
    return ""


@cache
def _ours() -> frozenset[tuple[str, str]]:
    """The migrations that the program comes with."""
    return frozenset(MigrationLoader(None).disk_migrations)
