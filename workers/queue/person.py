"""What went to one person: a fragment for the staff's page about them, and each mail's bytes."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from digest.staff import APPROVERS, WRITERS, Role, has_role, role_required
from workers import ledger
from workers.feedback.models import Returned
from workers.letters import Letters
from workers.models import Delivery, DeliveryState, Outcome
from workers.routes.carriers import last_of

PAGE = 30
_TONES = {
    DeliveryState.ACCEPTED: "ok",
    DeliveryState.DEFERRED: "warn",
    DeliveryState.FAILED: "bad",
    DeliveryState.UNCERTAIN: "info",
}


@require_safe
@role_required(Role.OPS, *WRITERS)
def mails(request: HttpRequest, number: int) -> HttpResponse:
    """The mails to this person, newest first, with what became of each."""
    rows = Delivery.objects.filter(subscriber__id=number).select_related(
        "mailing__update__topic", "mailing__topic"
    )
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(id__lt=int(before))
    page = list(rows.order_by("-id")[: PAGE + 1])
    told = _told(number, page[:PAGE])
    shown = {
        "person": number,
        "rows": [(one, tone(one), told.get(one.id, [])) for one in page[:PAGE]],
        # Their links are in it, with which one may choose for them.
        "may_read": has_role(request.user, Role.OPS, *APPROVERS),
        "more": page[PAGE - 1].id if len(page) > PAGE else None,
    }
    return render(request, "queue/person.html", shown)


@require_safe
@role_required(Role.OPS, *APPROVERS)
def message(request: HttpRequest, number: int) -> HttpResponse:  # noqa: ARG001
    """The exact bytes that were or will be handed over for this delivery."""
    delivery = get_object_or_404(
        Delivery.objects.select_related("mailing__edition", "mailing__topic", "mailing__update"),
        ~Q(address=""),
        id=number,
    )
    row = ledger.one(delivery.mailing, delivery.address)
    assert row is not None, "the delivery is there"
    letters = Letters(delivery.mailing, last_of(delivery))
    answer = HttpResponse(letters.message(row), content_type="message/rfc822")
    answer["Content-Disposition"] = f'attachment; filename="delivery-{number}.eml"'
    return answer


def tone(delivery: Delivery) -> str:
    """The class of the house style for what became of it."""
    if delivery.outcome in {Outcome.BOUNCED, Outcome.COMPLAINED}:
        return "bad"
    return _TONES.get(DeliveryState(delivery.state), "quiet")


def _told(person: int, mails: list[Delivery]) -> dict[int, list[Returned]]:
    """What came back of each of these mails, in the order in which it happened."""
    found: dict[int, list[Returned]] = {}
    for one in Returned.objects.filter(subscriber=person, delivery__in=mails).order_by("at"):
        found.setdefault(one.delivery_id or 0, []).append(one)
    return found
