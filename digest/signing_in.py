"""Signing in and out, delayed after bad tries, and one-time links."""

import datetime as dt

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from digest import visitors
from digest.audit import AuditEntry, audit
from digest.staff import WRITERS, Purpose, has_role, holder

FAILED = "failed to sign in"
WINDOW = dt.timedelta(minutes=15)
FREE_BY_ADDRESS = 5  # bad tries before the first wait
FREE_BY_CLIENT = 20  # more, since an office may share one address
LONGEST_WAIT = 300  # seconds

_MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """The sign-in form; leads back to ``next``, which must be a path of our own."""
    onward = own_path(request.POST.get("next") or request.GET.get("next") or "")
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(onward or _home(request.user))
        return render(request, "staff/login.html", {"next": onward})
    # PostgreSQL takes no NUL, neither in what is looked up nor in what is written down.
    address = request.POST.get("address", "").replace("\0", "").strip().lower()[:150]
    wait = seconds_to_wait(address, _client(request))
    if wait:
        return _refuse(request, onward, address, wait)
    user = authenticate(request, username=address, password=request.POST.get("password", ""))
    if not isinstance(user, User):
        audit(_client(request), FAILED, _about(address))
        wait = seconds_to_wait(address, _client(request))
        return _refuse(request, onward, address, wait, wrong=True)
    login(request, user)
    audit(user.username, "signed in", _about(address))
    return redirect(onward or _home(user))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """Ends the session."""
    logout(request)
    return redirect("/login/")


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def one_time(request: HttpRequest, uid: str, token: str) -> HttpResponseBase:
    """A one-time link: looking at it changes nothing, its button uses it up."""
    with transaction.atomic():
        found = holder(uid, token, lock=request.method == "POST")
        if found is None:
            return render(request, "staff/link_gone.html", status=404)
        user, purpose = found
        wrong = _set_password(request, user) if purpose == "password" else []
        if request.method != "POST" or wrong:
            page = {"holder": user, "purpose": purpose, "wrong": wrong}
            return render(request, "staff/link.html", page, status=422 if wrong else 200)
        return _enter(request, user, purpose)


def _set_password(request: HttpRequest, user: User) -> list[str]:
    """What is wrong with the password asked for; set when nothing is."""
    if request.method != "POST":
        return []
    password = request.POST.get("password", "")
    if password != request.POST.get("again", ""):
        return ["The two passwords differ; nothing was set. Type them again."]
    try:
        validate_password(password, user)
    except ValidationError as problem:
        return list(problem.messages)
    user.set_password(password)
    user.save(update_fields=["password"])
    return []


def _enter(request: HttpRequest, user: User, purpose: Purpose) -> HttpResponse:
    login(request, user, backend=_MODEL_BACKEND)
    audit(user.username, "signed in", _about(user.username), by=f"one-time link, {purpose}")
    return redirect(_home(user))


def wrong_password(request: HttpRequest) -> str:
    """Why the field ``password`` of this form isn't the user's own, in words; "" where it is.

    For what a borrowed session must not do. Bad tries count as those at the sign-in page do.
    """
    address = request.user.get_username()
    if wait := seconds_to_wait(address, _client(request)):
        return f"Too many wrong passwords. Try again in {wait} seconds; nothing was done."
    if request.user.check_password(request.POST.get("password", "")):
        return ""
    audit(_client(request), FAILED, _about(address))
    return "That isn't your password; nothing was done."


def seconds_to_wait(address: str, client: str) -> int:
    """How long this address or client must wait before the next try, after its bad ones."""
    recent = AuditEntry.objects.filter(what=FAILED, at__gt=timezone.now() - WINDOW)
    since_success = (
        AuditEntry.objects.filter(what="signed in", about=_about(address))
        .order_by("-at")
        .values_list("at", flat=True)
        .first()
    )
    of_address = recent.filter(about=_about(address))
    if since_success:
        of_address = of_address.filter(at__gt=since_success)
    tries = [(of_address, FREE_BY_ADDRESS), (recent.filter(who=client), FREE_BY_CLIENT)]
    return max(_wait(list(found.values_list("at", flat=True)), free) for found, free in tries)


def _wait(failures: list[dt.datetime], free: int) -> int:
    """Seconds left: twice as long after each further bad try, up to LONGEST_WAIT."""
    if len(failures) < free:
        return 0
    asked = min(2 ** (len(failures) - free + 1), LONGEST_WAIT)
    left = (max(failures) + dt.timedelta(seconds=asked) - timezone.now()).total_seconds()
    return max(0, int(left + 0.999))


def _refuse(
    request: HttpRequest, onward: str, address: str, wait: int, *, wrong: bool = False
) -> HttpResponse:
    page = {"next": onward, "address": address, "wait": wait, "wrong": wrong}
    response = render(request, "staff/login.html", page, status=422 if wrong else 429)
    if wait:
        response["Retry-After"] = str(wait)
    return response


def own_path(asked: str) -> str:
    """The address when it is a path of this site, else nothing."""
    ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if ours else ""


def _home(user: object) -> str:
    """Where somebody starts: the desk, or the queue for those who don't write."""
    return "/desk/" if has_role(user, *WRITERS) else "/queue/"  # type: ignore[arg-type]  # any user


def _about(address: str) -> str:
    return f"sign-in {address}"[:200]


def _client(request: HttpRequest) -> str:
    return str(visitors.address(request) or "")
