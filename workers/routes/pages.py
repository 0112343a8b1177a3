"""The page of routes: how each is, and what ops do with it.  Ops and admins alone, by forms."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from digest.errors import DigestError, Refused
from digest.models import Topic
from digest.staff import role_required
from workers.feedback.providers import Provider
from workers.models import MailingKind
from workers.queue.seen_by import MAY_ACT, acts
from workers.routes import steering
from workers.routes.models import DEFAULT, Route
from workers.routes.showing import shown

PAGE = "/queue/routes/"


@require_safe
@role_required(*MAY_ACT)
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """All routes, in the order in which they are asked."""
    return render(request, "queue/routes/home.html", {"routes": shown()})


@require_safe
@role_required(*MAY_ACT)
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The same, as the part of the page that changes."""
    return render(request, "queue/routes/list.html", {"routes": shown()})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAY_ACT)
@never_cache
def add(request: HttpRequest) -> HttpResponseBase:
    """GET asks for a new route, POST makes it."""
    if request.method != "POST":
        return _form(request, None, steering.as_typed(Route(name="new")))
    name, said = request.POST.get("name", "").strip(), _said(request)
    try:
        steering.add(name, said, request.user.get_username())
    except Refused as problem:
        return _form(request, None, {**said, "name": name}, str(problem))
    messages.success(request, f"Route {name} is added. Test it to see whether it lets us in.")
    return redirect(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAY_ACT)
@never_cache
def change(request: HttpRequest, number: int) -> HttpResponseBase:
    """GET shows a route's settings, all but its address, POST changes them."""
    route = _find(number)
    if request.method != "POST":
        return _form(request, route, steering.as_typed(route))
    said = _said(request)
    try:
        steering.change(route, said, request.user.get_username())
    except Refused as problem:
        return _form(request, _find(number), said, str(problem))
    messages.success(request, f"Route {route.name} is changed. It holds within seconds.")
    return redirect(PAGE)


@acts
def pause(request: HttpRequest, number: int) -> HttpResponseBase:
    """Nothing new goes by it within 2 seconds."""

    def do(route: Route, by: str) -> str:
        steering.pause(route, by)
        return f"Route {route.name} is paused. What is on the wire ends within seconds."

    return _done(request, number, do)


@acts
def take_up(request: HttpRequest, number: int) -> HttpResponseBase:
    """It takes mail again."""

    def do(route: Route, by: str) -> str:
        steering.take_up(route, by)
        return f"Route {route.name} takes mail again."

    return _done(request, number, do)


@acts
def test(request: HttpRequest, number: int) -> HttpResponseBase:
    """Connect, sign in, NOOP; says what it saw."""

    def do(route: Route, by: str) -> str:
        seen = steering.test(route, by)
        if seen.trouble:
            raise Refused(f"Route {route.name} can't be used: {seen.trouble}. Nothing was sent.")
        return f"Route {route.name}: {seen.told}. Nothing was sent."

    return _done(request, number, do)


@acts
def remove(request: HttpRequest, number: int) -> HttpResponseBase:
    """Nothing goes by it any more."""

    def do(route: Route, by: str) -> str:
        steering.remove(route, by)
        return f"Route {route.name} is removed. What went by it keeps its name."

    return _done(request, number, do)


def _find(number: int) -> Route:
    if number >= 2**15:
        raise Http404
    return get_object_or_404(Route, id=number, removed_at=None)


def _said(request: HttpRequest) -> dict[str, str]:
    """The settings of the form, without the NUL that PostgreSQL can't keep; an address that was
    left empty stays as it is."""
    said = {name: request.POST[name] for name in steering.SETTINGS if name in request.POST}
    for name in ("kinds", "topics"):
        said[name] = " ".join(request.POST.getlist(name))
    if not said.get("url", "").strip():
        said.pop("url", None)
    return {name: text.replace("\0", "") for name, text in said.items()}


def _form(
    request: HttpRequest, route: Route | None, said: dict[str, str], error: str = ""
) -> HttpResponse:
    page = {
        "route": route,
        "is_default": route is not None and route.name == DEFAULT,
        "said": {name: text for name, text in said.items() if name != "url"},
        "error": error,
        "kinds": [
            (one.value, one.label, one in said.get("kinds", "").split()) for one in MailingKind
        ],
        "topics": [
            (topic.slug, str(topic), topic.slug in said.get("topics", "").split())
            for topic in Topic.objects.filter(ended_at=None).order_by("name")
        ],
        "providers": [(one.value, one.value.replace("_", " ")) for one in Provider],
    }
    return render(request, "queue/routes/form.html", page, status=422 if error else 200)


def _done(request: HttpRequest, number: int, do: Callable[[Route, str], str]) -> HttpResponseBase:
    """Do it, say what became of it, and lead back."""
    route = _find(number)
    try:
        messages.success(request, do(route, request.user.get_username()))
    except DigestError as problem:
        messages.error(request, str(problem))
    return redirect(f"{PAGE}#route-{route.id}")
