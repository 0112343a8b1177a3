"""Staff: their roles, what each may open, and links that let one in once."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, Literal, ParamSpec

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.cache import patch_cache_control
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from digest.audit import audit
from digest.errors import Refused

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
Purpose = Literal["password", "desk"]


class Role(models.TextChoices):
    """What a member of staff may do; each is a group of Django's."""

    EDITOR = "editor", "Editor"  # writes briefings, arranges drafts, sends tests
    PUBLISHER = "publisher", "Publisher"  # all that, and approves
    OPS = "ops", "Ops"  # watches and steers what is being sent
    ADMIN = "admin", "Admin"  # everything


WRITERS = (Role.EDITOR, Role.PUBLISHER)
APPROVERS = (Role.PUBLISHER,)

PLACES: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("Desk", "/desk/", WRITERS),
    ("Queue", "/queue/", (Role.OPS, Role.PUBLISHER, Role.EDITOR)),
    ("Subscribers", "/people/", (Role.OPS, Role.PUBLISHER, Role.EDITOR)),
    ("Mailbox", "/mailbox/", tuple(Role)),
)
"""The staff pages in the navigation, and who finds them there; admins find all."""


# ---- who may what --------------------------------------------------------------------------


def roles(user: AbstractBaseUser | AnonymousUser) -> frozenset[str]:
    """The user's roles; none for anybody who is not signed in."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    models.prefetch_related_objects([user], "groups")  # asked for once a request
    names = {group.name for group in user.groups.all()}
    return frozenset(names | ({Role.ADMIN} if user.is_superuser else set()))


def has_role(user: AbstractBaseUser | AnonymousUser, *wanted: Role) -> bool:
    """True when the user has one of these roles, or is an admin."""
    return bool(roles(user) & {*wanted, Role.ADMIN})


def role_required(*wanted: Role) -> Callable[[View[P]], View[P]]:
    """Let only these roles (and admins) open a view.

    Whoever is not signed in is led to the sign-in page and back (401 to a script, which
    says so and keeps the page); whoever has another role is told so (403).
    """

    def guard(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                if "HX-Request" in request.headers:  # a piece of a page can't show the form
                    return HttpResponse("Signed out.", status=401)
                return redirect_to_login(request.get_full_path())
            if not has_role(request.user, *wanted):
                names = " or ".join(role.label.lower() for role in wanted) or "admin"
                raise PermissionDenied(f"This needs the role {names}. An admin can give it to you.")
            answer = view(request, *args, **kwargs)
            # No shared cache may keep it, nor may the next person at this browser go back to it.
            patch_cache_control(answer, private=True, no_store=True)
            return answer

        return guarded

    return guard


def page_context(request: HttpRequest) -> dict[str, object]:
    """What every page's template may use; asked for only by the pages that show it."""
    return {
        "base": settings.BASE_URL,
        "places": lambda: _places(request),
        "role": lambda: ", ".join(sorted(roles(request.user))),
    }


def _places(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"name": name, "url": url, "current": request.path.startswith(url)}
        for name, url, wanted in PLACES
        if has_role(request.user, *wanted) and _exists(url, settings.ROOT_URLCONF)
    ]


@functools.cache
def _exists(url: str, pages: str) -> bool:
    try:
        resolve(url, pages)
    except Resolver404:
        return False
    return True


# ---- letting somebody in ---------------------------------------------------------------------


@transaction.atomic
def add_user(address: str, role: str, by: str = "command line") -> User:
    """The member of staff with this address, in exactly this role; made when new.

    Raises Refused for what is no e-mail address or no role.
    """
    name = address.strip().lower()
    try:
        validate_email(name)
    except ValidationError:
        raise Refused(f"{address!r} is no e-mail address; nothing was changed.") from None
    if len(name) > 150:
        raise Refused(f"{address!r} has more than 150 characters; nothing was changed.")
    if role not in Role.values:
        raise Refused(f"There is no role {role!r}; nothing was changed. Roles: {_names()}.")
    user, made = User.objects.get_or_create(username=name, defaults={"email": name})
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    user.groups.set([Group.objects.get_or_create(name=role)[0]])
    audit(by, "added user" if made else "changed role", name, role=role)
    return user


def _names() -> str:
    return ", ".join(Role.values)


class _OneTimeTokens(PasswordResetTokenGenerator):
    """Tokens for one purpose; dead once used, since signing in changes what they are made of."""

    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.key_salt = f"digest.staff.link.{purpose}"


_TOKENS: dict[Purpose, _OneTimeTokens] = {
    "password": _OneTimeTokens("password"),
    "desk": _OneTimeTokens("desk"),
}


def one_time_link(user: User, to: Purpose = "password") -> str:
    """An address that lets this user in once: to set a password, or straight to the desk."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return f"{settings.BASE_URL}/login/link/{uid}/{_TOKENS[to].make_token(user)}/"


def holder(uid: str, token: str, *, lock: bool = False) -> tuple[User, Purpose] | None:
    """Whom a one-time link lets in, and where to; None for any that is used, old or forged."""
    users = User.objects.select_for_update() if lock else User.objects.all()
    try:
        user = users.get(pk=int(urlsafe_base64_decode(uid)), is_active=True)
    except (User.DoesNotExist, ValueError, OverflowError):
        return None
    for purpose, tokens in _TOKENS.items():
        if tokens.check_token(user, token):
            return user, purpose
    return None
