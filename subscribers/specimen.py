"""A link to leave that is nobody's. Whoever made it sees by the answer that readers' links lead
here, and that both ways of leaving get through; it changes nothing."""

from django.http import HttpRequest, HttpResponse

from digest import visitors
from subscribers import tokens
from subscribers.tokens import Purpose

_NOBODY = 0  # no row has this id
SAYS = "This link is nobody's; a reader's would have been heard."
BEHIND = "It came by a web server that TRUSTED_PROXIES does not name."
STRAIGHT = "It came from a program on this machine, by no web server."


def path() -> str:
    """Where it leads; only who has our SECRET_KEY can make it."""
    token = tokens.make(Purpose.UNSUBSCRIBE, _NOBODY, _NOBODY, 0)
    return tokens.path(Purpose.UNSUBSCRIBE, token)


def is_one(token: str) -> bool:
    """Whether this is such a link."""
    claim = tokens.verify(Purpose.UNSUBSCRIBE, token)
    return claim is not None and claim.subscriber_id == _NOBODY


def answer(request: HttpRequest) -> HttpResponse:
    """What it says, to GET and to a mail program's own POST alike."""
    behind = [BEHIND] if visitors.came_by_a_stranger(request) else []
    straight = [STRAIGHT] if visitors.came_straight(request) else []
    lines = [f"{request.method} {SAYS}", *behind, *straight]
    return HttpResponse("".join(f"{line}\n" for line in lines), "text/plain; charset=utf-8")
