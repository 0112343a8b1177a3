"""Test mails of the draft, to oneself and to colleagues."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST

from digest import requesting
from digest.depths import Depths
from digest.desk.posts import doing, draft_or_404
from digest.errors import Refused
from digest.models import Update
from digest.requesting import RequestedTest
from digest.staff import WRITERS, role_required

OFFERED = 20
"""Colleagues that are offered at most; others are typed."""


@require_POST
@role_required(*WRITERS)
def test(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Ask for test mails of the draft: to oneself, or to those who are chosen and typed."""
    found, update = draft_or_404(topic)
    typed = request.POST.get("addresses", "").replace(",", " ").replace(";", " ")
    variant = request.POST.get("variant") or Depths.ARRANGED.value

    def ask(by: str) -> None:
        if variant not in Depths.values:
            raise Refused(f"There is no depth {variant[:20]!r}; nothing was sent.")
        if request.POST.get("do") == "me":
            requesting.request_test(update, [_own(request)], by, variant)
            return
        chosen = [*request.POST.getlist("to"), *typed.split()]
        requesting.request_test(update, chosen, by, variant)
        requesting.remember(found, chosen)

    return doing(request, found, ask, "", "test")


def shown(request: HttpRequest, update: Update) -> dict[str, object]:
    """What the form of tests shows: whom it offers, and the last test that was asked for."""
    own, topic = _own(request), update.topic
    ticked = topic.testers or topic.colleagues
    staff = User.objects.filter(is_active=True).exclude(email="").order_by("email")
    offered = [*topic.colleagues, *topic.testers, *staff.values_list("email", flat=True)[:OFFERED]]
    last = RequestedTest.objects.filter(update=update).order_by("-pk").values_list("pk", flat=True)
    return {
        "own_address": own,
        "colleagues": [
            (address, address in ticked) for address in dict.fromkeys(offered) if address != own
        ],
        "test_variants": Depths.choices,
        "last_test": last.first() or 0,
    }


def _own(request: HttpRequest) -> str:
    return getattr(request.user, "email", "") or request.user.get_username()
