"""For whoever watches the process: does it answer, and is its database of use."""

from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from workers.watch import readings

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
    """200 while pages can be served, else 503; a line for each thing that they or the workers need.

    Without a broker or a tick nothing goes out, and yet readers can leave: that alone takes no
    page away. ``?all`` makes it count, for whoever watches the whole.
    """
    why = no_pages()
    if why:
        return HttpResponse(f"{why}\n", _PLAIN, status=503)
    sending = [line for line in (_no_broker(), _no_tick()) if line]
    told = "".join(f"{line}\n" for line in ["ready", *sending])
    return HttpResponse(told, _PLAIN, status=503 if sending and "all" in request.GET else 200)


def _no_broker() -> str:
    return "" if readings.broker().up else "The broker does not answer; nothing is sent."


def _no_tick() -> str:
    age = readings.tick_age(timezone.now())
    if age is None:
        return "No worker has ever looked for what is due; nothing is sent. Start them: digest up"
    if age > readings.TICK_LATE:
        return f"No worker has looked for what is due for {age:,.0f} s; nothing new is begun."
    return ""


def no_pages() -> str:
    """Why no page can be served; "" where they can."""
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
