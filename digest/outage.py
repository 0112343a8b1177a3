"""While the database is away, or too busy to answer: 503 in words, for whatever was asked.

Mail programs that unsubscribe somebody, providers and other programs then try again by themselves.
"""

from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

log = structlog.get_logger()

AGAIN = 60
"""Seconds after which it is worth while to ask again."""

_AWAY = "The database does not answer. Nothing was changed; ask again in a minute."


class Middleware:
    """Answers where a view could not."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """None for all other exceptions, which are faults of ours."""
        if not isinstance(problem, OperationalError | InterfaceError):
            return None
        # By its pattern: the path may hold a reader's token.
        asked = request.resolver_match.route if request.resolver_match else ""
        log.error("database away", asked=asked, problem=str(problem).partition("\n")[0])
        if request.path_info.startswith("/api/"):
            answer: HttpResponse = JsonResponse({"detail": _AWAY})
        else:
            # Without the request: whose session it is, the database would have to say.
            answer = HttpResponse(render_to_string("503.html"))
        answer.status_code, answer["Retry-After"] = 503, str(AGAIN)
        return answer
