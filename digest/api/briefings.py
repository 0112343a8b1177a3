"""The REST API at ``/api/v1/``: briefings in, corrected, seen again, withdrawn.

Who calls is told by a token (``digest token``) in ``Authorization: Bearer``; sessions don't
count here, so that no page can make a browser call it.  Described at ``/api/docs``.
"""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from ninja import Field, NinjaAPI, Router, Schema, Status
from ninja.errors import ValidationError
from ninja.openapi.docs import Swagger
from ninja.security import HttpBearer

from digest import withdrawal
from digest.api import tokens
from digest.api.tokens import ApiToken, Scope
from digest.briefings import Briefing
from digest.intake import store
from digest.intake.limits import SOURCE, megabytes
from digest.intake.reading import read_stream
from digest.models import Topic

MOST = 2 * SOURCE
"""Bytes of a request; more go in several."""

_DESCRIPTION = (
    "Briefings and subscribers in, by machine. Make a token with `digest token add NAME --scope "
    "briefings:write` (or `subscribers:write`) and send it as `Authorization: Bearer …`."
)
api = NinjaAPI(
    title="Digest",
    version="1",
    description=_DESCRIPTION,
    docs=Swagger(),
    docs_url="/docs",
    docs_decorator=require_safe,
)


class Told(Schema):
    """What went wrong, in words."""

    detail: str


class RejectedBriefing(Schema):
    """One that can't be used: where it stood in the request, and why."""

    source: str
    line: int | None
    why: str


class Report(Schema):
    """What became of what was sent; ``read`` is the sum of the others."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: list[RejectedBriefing]
    warnings: list[str]


class TopicOut(Schema):
    """A topic."""

    slug: str
    name: str
    language: str
    zone: str
    ended_at: dt.datetime | None = Field(description="Since when nothing new comes of it.")


class Bearer(HttpBearer):
    """A token that has the scope."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    def authenticate(self, _request: HttpRequest, token: str) -> ApiToken | None:
        """Raises PermissionDenied where the token is good and its scope is not."""
        found = tokens.holder(token)
        if found is not None and self._scope not in found.scopes:
            raise PermissionDenied(f"This token lacks the scope {self._scope}.")
        return found


READER, WRITER = Bearer(Scope.READ), Bearer(Scope.WRITE)

v1 = Router(tags=["briefings"])


@v1.get("/topics", auth=READER, response=list[TopicOut], summary="The topics")
def topics(request: HttpRequest) -> Any:  # noqa: ARG001
    """Every topic, by name."""
    return Topic.objects.all()


@v1.post(
    "/topics/{slug:topic}/briefings",
    auth=WRITER,
    response={200: Report, 404: Told, 413: Told, 422: Report},
    summary="Load briefings",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "Whatever `digest load` takes, told by its content: one briefing as "
            "JSON, a list of them, JSON lines, Markdown with front matter, a saved page, a feed.",
            "content": {"application/json": {"schema": {}}, "text/plain": {"schema": {}}},
        }
    },
)
def load(request: HttpRequest, topic: str, dry_run: bool = False) -> Any:
    """What can be used is kept, and sending it again changes nothing; what can't is named with
    its line and reason. 422 where nothing could be used."""
    found = _topic(topic)
    if int(request.headers.get("Content-Length") or 0) > MOST:
        said = f"More than {megabytes(MOST)}; nothing was loaded. Send it in several."
        return Status(413, {"detail": said})
    outcomes = read_stream(cast("Any", request), "request", found.slug)
    report = store.load_outcomes(outcomes, found.slug, dry_run=dry_run, by=who(request))
    return Status(422 if report.status == 2 else 200, report.plain())


@v1.get(
    "/topics/{slug:topic}/briefings/{slug:slug}",
    auth=READER,
    response={200: dict[str, Any], 404: Told},
    summary="One briefing",
)
def briefing(request: HttpRequest, topic: str, slug: str) -> Any:  # noqa: ARG001
    """As it stands now, in the form in which it is loaded."""
    return json.loads(_briefing(topic, slug).data.model_dump_json(exclude_none=True))


@v1.delete(
    "/topics/{slug:topic}/briefings/{slug:slug}",
    auth=WRITER,
    response={204: None, 404: Told},
    summary="Withdraw a briefing",
)
def withdraw(request: HttpRequest, topic: str, slug: str) -> Any:
    """It goes into nothing that is still to come; what was sent stays as it was. The desk can
    put it back."""
    withdrawal.withdraw(_briefing(topic, slug), by=who(request))
    return Status(204, None)


api.add_router("/v1", v1)


@api.exception_handler(PermissionDenied)
def _forbidden(_request: HttpRequest, problem: PermissionDenied) -> HttpResponse:
    return JsonResponse({"detail": str(problem)}, status=403)


@api.exception_handler(Http404)
def _missing(_request: HttpRequest, problem: Http404) -> HttpResponse:
    return JsonResponse({"detail": str(problem)}, status=404)


@api.exception_handler(ValidationError)
def _unfit(_request: HttpRequest, problem: ValidationError) -> HttpResponse:
    """A body that isn't as described: each key with what is wrong about it."""
    wrong = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in problem.errors)
    return JsonResponse({"detail": f"{wrong}; nothing was changed."}, status=422)


def _place(loc: Sequence[object]) -> str:
    """``("body", "person", "consent", "at")`` as consent.at."""
    return ".".join(str(part) for part in loc[2:]) or "the request"


def _topic(slug: str) -> Topic:
    found = Topic.objects.filter(slug=slug).first()
    if found is None:
        raise Http404(f"There is no topic {slug!r}; nothing was changed.")
    return found


def _briefing(topic: str, slug: str) -> Briefing:
    found = _topic(topic).briefings.select_related("topic").filter(slug=slug).first()
    if found is None:
        raise Http404(f"{topic} has no briefing {slug!r}; nothing was changed.")
    return found


def who(request: HttpRequest) -> str:
    """What the audit log calls whoever holds the request's token."""
    return f"token {cast('Any', request).auth.name}"
