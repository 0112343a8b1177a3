"""The staff's page of who must not be mailed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from digest.errors import DigestError, Refused
from digest.staff import has_role, role_required
from subscribers import addresses, suppression
from subscribers.models import SuppressedDomain, Suppression, SuppressionReason, address_hash
from subscribers.pages.people import ACTS_FOR_PEOPLE, page_of

DOMAINS = 500
"""Shown at most: whoever has more keeps them in a list of their own."""


@require_safe
@role_required(*ACTS_FOR_PEOPLE)
def page(request: HttpRequest) -> HttpResponse:
    """Why addresses are not mailed. Only their hashes are kept, so one asks for an address."""
    return _page(request)


def _page(request: HttpRequest, refused: str = "") -> HttpResponse:
    """``refused``: why what was just typed was not put on the list; it stands there still."""
    asked = request.GET.get("q", "").replace("\0", "").strip()[: addresses.LONGEST]
    rows, more = page_of(request, Suppression.objects.all())
    shown: dict[str, object] = {
        "q": asked,
        "rows": rows,
        "more": more,
        "domains": SuppressedDomain.objects.order_by("domain")[:DOMAINS],
        "counts": _counts(),
        "may_act": has_role(request.user, *ACTS_FOR_PEOPLE),
    }
    shown |= {"refused": refused, "typed": request.POST} if refused else {}
    shown |= _answer(asked) if asked else {}
    return render(request, "people/suppression.html", shown, status=422 if refused else 200)


@require_POST
@role_required(*ACTS_FOR_PEOPLE)
def change(request: HttpRequest) -> HttpResponseBase:
    """Put an address or a domain on the list, or take one off."""
    what, why = request.POST.get("what", ""), request.POST.get("why", "").replace("\0", "")
    by = request.user.get_username()
    try:
        if request.POST.get("do") == "remove":
            suppression.remove(what, by, why)
            messages.success(request, f"{what.strip()} may be mailed again.")
        elif suppression.add(what, by, why):
            messages.success(request, f"{what.strip()} is not mailed from now on.")
        else:
            messages.info(request, f"{what.strip()} was suppressed already; nothing was changed.")
    except DigestError as problem:
        if request.POST.get("do") != "remove":
            return _page(request, str(problem))
        messages.error(request, str(problem))
    return redirect("/people/suppression/")


def _counts() -> list[tuple[str, int]]:
    of_addresses = [one for one in SuppressionReason if one != SuppressionReason.DOMAIN]
    counted = [
        (reason.label, Suppression.objects.filter(reason=reason).count()) for reason in of_addresses
    ]
    return [*counted, ("Whole domains", SuppressedDomain.objects.count())]


def _answer(asked: str) -> dict[str, object]:
    """What the list says of an address or a domain."""
    try:
        domain, email = suppression.named(asked)
    except Refused as refused:
        return {"problem": str(refused)}
    somebody = email or f"anybody@{domain}"
    stopping = sorted(one for one in suppression.domains() if suppression.bars([one], somebody))
    exactly = Suppression.objects.filter(email_hash=address_hash(email)).first() if email else None
    return {
        "answer": exactly,
        "by_domain": next(iter(stopping), ""),
        "domain": domain,
        "people": suppression.stopped_by(domain) if domain else None,
    }
