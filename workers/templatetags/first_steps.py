"""The first steps on the desk's front page, and the way back to them from where they lead."""

from typing import Any

from django import template

from workers.first_steps import standing
from workers.first_steps.standing import FirstSteps

register = template.Library()

WALKING = "first_steps"
"""In the session of who was shown the first steps: their other pages lead back to them. So nobody
else's page looks them up."""

OWN = ("/desk/", "/desk/first-steps/")
"""Pages that show the steps themselves."""


@register.simple_tag(takes_context=True)
def first_steps(context: dict[str, Any]) -> FirstSteps | None:
    """The first steps of who looks at the desk; None once they are over."""
    request = context["request"]
    found = standing.beginning(request.user)
    walks = found is not None and not found.is_away
    if walks != (WALKING in request.session):
        if walks:
            request.session[WALKING] = True
        else:
            del request.session[WALKING]
    return found


@register.inclusion_tag("desk/first_steps/strip.html", takes_context=True)
def first_steps_strip(context: dict[str, Any]) -> dict[str, Any]:
    """The way back, on every staff page but the two that show the steps themselves."""
    request = context.get("request")
    session = getattr(request, "session", {})
    if (
        request is None
        or WALKING not in session
        or request.path in {"/desk/", "/desk/first-steps/"}
    ):
        return {"first": None}
    found = standing.beginning(request.user)
    if found is None:
        del session[WALKING]
    return {"first": found}
