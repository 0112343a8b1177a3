"""``/hooks/<provider>/``: where providers tell what became of messages.

A call is answered 200 once what it says is committed, so that whatever is lost on the way comes
again. One that is not the provider's changes nothing and asks nobody anything.
"""

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from workers.feedback import proof, reading
from workers.feedback.applying import apply
from workers.feedback.providers import Provider

log = structlog.get_logger()

OCTETS = 3 * 1024 * 1024
"""Of a call: the largest batches of today are of a megabyte."""

EVENTS = 5_000
"""In a call; at some 20,000 a second that is done in a quarter of one."""


@csrf_exempt  # a signature stands for it
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, provider: str, secret: str = "") -> HttpResponse:
    """One call. GET and HEAD are how some providers ask whether anybody is there."""
    if provider not in settings.HOOKS:
        raise Http404
    if request.method != "POST":
        return HttpResponse()
    try:
        _keep(Provider(provider), request, secret)
    except RequestDataTooBig:
        return _refused(provider, 413, "is too large")
    except proof.Unproven as problem:
        return _refused(provider, 403, str(problem))
    except proof.Unreadable as problem:
        return _refused(provider, 400, f"says what can't be read ({problem})")
    except proof.NotNow as problem:
        return _refused(provider, 503, str(problem))
    return HttpResponse()


def _keep(provider: Provider, request: HttpRequest, secret: str) -> None:
    if int(request.META.get("CONTENT_LENGTH") or 0) > OCTETS:
        raise RequestDataTooBig
    _ = request.body  # read in full, before a form in it is: signatures are over the octets
    told = proof.told(provider, request, settings.HOOKS[provider], secret)
    if len(told) > EVENTS:
        raise RequestDataTooBig
    try:
        events = reading.read(provider, told)
    except proof.FAULTS as problem:
        raise proof.Unreadable(type(problem).__name__) from problem
    if events:
        apply(events)


def _refused(provider: str, status: int, why: str) -> HttpResponse:
    log.warning("a provider's call was not taken", provider=provider, status=status, why=why)
    return HttpResponse(f"This call {why}; nothing was changed.\n", "text/plain", status)
