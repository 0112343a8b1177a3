"""The mailbox's pages.  Its mails hold people's confirmation links, so few may see them."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from digest import visitors
from digest.staff import roles
from digest.visitors import is_loopback
from workers.mailbox.reading import decoded, for_frame, read
from workers.mailbox.store import KEPT, Mail, Mailbox

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

PAGE = 50  # mails on a page of the list
_LONG = 200_000  # characters of a part that a page shows; the file has the rest
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
# The frame's own rules: no script, no form, no origin; pictures and inline styles as in a mail
# program.  Links open in a new tab, which is outside the sandbox, so that Confirm works there.
_FRAME_POLICY = (
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; "
    f"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox {_SANDBOX}"
)


def _guarded(view: View[P]) -> View[P]:
    """Only while the mailbox is the relay; only people at this machine, and staff."""

    @require_safe
    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not settings.MAILBOX_IS_RELAY:
            raise Http404
        if not (is_at_this_machine(request) or roles(request.user)):
            raise PermissionDenied(
                "The mailbox is shown on the machine itself, and to staff who have signed in."
            )
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    return guarded


def is_at_this_machine(request: HttpRequest) -> bool:
    """True only for a browser on this machine that came to us directly; BASE_URL must say the
    same, for a proxy on the same machine connects from loopback too."""
    return visitors.came_straight(request) and is_loopback(
        urlsplit(settings.BASE_URL).hostname or ""
    )


@_guarded
def mails(request: HttpRequest) -> HttpResponse:
    """The list, newest first: ``?to=`` part of an address, ``?before=`` a number."""
    to = request.GET.get("to", "").strip()[:320]
    before = request.GET.get("before", "")
    mailbox = _mailbox()
    found = mailbox.newest(
        to,
        int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,
        PAGE + 1,
    )
    page = {
        "mails": [_line(mail) for mail in found[:PAGE]],
        "older": found[PAGE - 1].number if len(found) > PAGE else None,
        "to": to,
        "before": before,
        "count": mailbox.count(),
        "kept": KEPT,
    }
    return render(request, "mailbox/list.html", page)


@_guarded
def mail(request: HttpRequest, number: int) -> HttpResponse:
    """One mail: ``?show=`` html, text or source."""
    content, row = _content(number), _mailbox().find(number)
    if row is None:
        raise _gone(number)
    reading = read(content)
    parts = {
        "html": reading.html,
        "text": reading.text,
        "source": content.decode("utf-8", "replace"),
    }
    ways = [way for way, part in parts.items() if part]
    show = request.GET.get("show", "")
    show = show if show in ways else ways[0]
    page = {
        "mail": row,
        "reading": reading,
        "show": show,
        "ways": ways,
        "part": "" if show == "html" else parts[show][:_LONG],
        "cut": show != "html" and len(parts[show]) > _LONG,
        "sandbox": _SANDBOX,
    }
    return render(request, "mailbox/mail.html", page)


@_guarded
def frame(request: HttpRequest, number: int) -> HttpResponse:  # noqa: ARG001
    """The HTML part by itself, for the sandboxed frame."""
    response = HttpResponse(for_frame(read(_content(number)).html))
    response["Content-Security-Policy"] = _FRAME_POLICY
    # Browsers refuse a sandboxed page that asks to be isolated, should it be opened by itself.
    response["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


@_guarded
def eml(request: HttpRequest, number: int) -> HttpResponse:  # noqa: ARG001
    """The mail's bytes, to keep."""
    response = HttpResponse(_content(number), content_type="message/rfc822")
    response["Content-Disposition"] = f'attachment; filename="{number}.eml"'
    return response


def _mailbox() -> Mailbox:
    return Mailbox(settings.DATA_DIR / "mailbox")


def _content(number: int) -> bytes:
    content = _mailbox().content(number) if number < 2**63 else None
    if content is None:
        raise _gone(number)
    return content


def _gone(number: int) -> Http404:
    return Http404(f"There is no mail {number}; the last {KEPT:,} are kept.")


def _line(mail: Mail) -> dict[str, object]:
    return {
        "number": mail.number,
        "at": mail.at,
        "to": ", ".join(mail.recipients),
        "subject": decoded(mail.subject) or "(no subject)",
        "size": mail.size,
    }
