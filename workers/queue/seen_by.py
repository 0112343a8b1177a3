"""Who may look at the queue and who may act, and how its pages are kept fresh."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from digest.staff import Role, has_role, role_required

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

MAY_LOOK = (Role.OPS, Role.PUBLISHER, Role.EDITOR)
MAY_ACT = (Role.OPS,)
"""Admins may do all."""


def looks(view: View[P]) -> View[P]:
    """A page or fragment that shows; nothing keeps a copy, since its numbers move."""
    guarded = role_required(*MAY_LOOK)(view)

    @require_safe
    @functools.wraps(view)
    def looked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if is_polled(request) and not request.user.is_authenticated:
            # Else the sign-in page would end up inside the page that polls.
            return HttpResponseClientRefresh()
        response = guarded(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    return looked


def acts(view: View[P]) -> View[P]:
    """Something done: by POST alone, by ops and admins alone."""
    return require_POST(role_required(*MAY_ACT)(view))


def may_act(request: HttpRequest) -> bool:
    """Whether this person is shown the buttons."""
    return has_role(request.user, *MAY_ACT)


def is_polled(request: HttpRequest) -> bool:
    """Whether a script of ours asks, not a person."""
    return request.headers.get("HX-Request") == "true"
