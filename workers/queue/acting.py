"""What ops do to a mailing.  Each is a POST, works without script, and is audited by name."""

import math
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from digest.errors import DigestError, Refused
from digest.staff import role_required
from workers import balance, mailings, resending
from workers.feedback import returns
from workers.models import Delivery, DeliveryState, Mailing, MailingState
from workers.queue import cards
from workers.queue.crew import crew
from workers.queue.pages import find
from workers.queue.seen_by import MAY_ACT, acts

FASTEST = 1_000_000
"""Messages a second; more is a slip of the finger."""

HOWS = {"accept": DeliveryState.ACCEPTED, "resend": DeliveryState.QUEUED}


@acts
def pause(request: HttpRequest, number: int) -> HttpResponseBase:
    """No new message within 2 seconds."""

    def do(mailing: Mailing, by: str) -> str:
        mailings.pause(mailing, by)
        return "Paused. No new message begins; what is on the wire ends within seconds."

    return _done(request, number, do)


@acts
def resume(request: HttpRequest, number: int) -> HttpResponseBase:
    """Go on where it stopped."""

    def do(mailing: Mailing, by: str) -> str:
        mailings.resume(mailing, by)
        return "It goes on where it stopped."

    return _done(request, number, do)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAY_ACT)
def cancel(request: HttpRequest, number: int) -> HttpResponseBase:
    """GET shows the exact remainder, POST cancels it."""
    if request.method != "POST":
        mailing = find(number)
        sheet = balance.sheet(mailing)
        page = {
            "card": cards.card(mailing, crew()),
            "sheet": sheet,
            "remainder": sheet.queued + sheet.deferred,
        }
        return render(request, "queue/cancel.html", page)

    def do(mailing: Mailing, by: str) -> str:
        back = mailings.cancel(mailing, by)
        mailing.refresh_from_db()
        left = mailing.queued + mailing.deferred
        still = f" {left:,} more are being taken back by the worker that has them." if left else ""
        return f"Cancelled: {mailing.accepted:,} had gone, {back:,} will not go.{still}"

    return _done(request, number, do)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAY_ACT)
def rate(request: HttpRequest, number: int) -> HttpResponseBase:
    """GET asks for the messages a second, POST sets them; nothing given: no limit."""
    mailing = find(number)
    if request.method != "POST":
        said = f"{mailing.rate:g}" if mailing.rate else ""
        return _rate_form(request, mailing, said)
    said = request.POST.get("rate", "").strip()
    try:
        wanted = read_rate(said)
    except Refused as problem:
        return _rate_form(request, mailing, said, str(problem))

    def do(mailing: Mailing, by: str) -> str:
        if mailing.state in cards.ENDED:
            raise Refused(f"Mailing {mailing.id} is {mailing.state}; its rate was not changed.")
        mailings.set_rate(mailing, wanted, by)
        at = f"at {wanted:g} messages a second" if wanted else "as fast as the relay takes it"
        return f"It goes {at} from now on."

    return _done(request, number, do)


@acts
def retry(request: HttpRequest, number: int) -> HttpResponseBase:
    """Queue the failed and the deferred again at once."""

    def do(mailing: Mailing, by: str) -> str:
        n = mailings.retry(mailing, by)
        return f"{n:,} {'delivery is' if n == 1 else 'deliveries are'} queued again."

    return _done(request, number, do)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*MAY_ACT)
def resend(request: HttpRequest, number: int) -> HttpResponseBase:
    """GET shows to how many, POST sends it again to those who did not get it."""
    mailing = find(number)
    if request.method != "POST":
        refusal = resending.refusal(mailing)
        page = {
            "card": cards.card(mailing, crew()),
            "refusal": refusal,
            "readers": 0 if refusal else resending.readers(mailing),
        }
        return render(request, "queue/resend.html", page)
    try:
        made = resending.resend(mailing, request.user.get_username())
    except DigestError as problem:
        messages.error(request, str(problem))
        return redirect(f"/queue/{mailing.id}/")
    messages.success(request, f"Mailing {made.id} goes to those who did not get mailing {number}.")
    return redirect(f"/queue/{made.id}/")


@acts
def settle(request: HttpRequest, number: int) -> HttpResponseBase:
    """Settle all uncertain deliveries: taken as sent, or sent again as they were."""
    how = HOWS.get(request.POST.get("how", ""))

    def do(mailing: Mailing, by: str) -> str:
        if how is None:
            raise Refused("Say whether to take them as sent or to send them again.")
        if how == DeliveryState.QUEUED and mailing.state == MailingState.CANCELLED:
            raise Refused("It was cancelled: nothing of it is sent again. Take them as sent.")
        n = mailings.settle(mailing, how, by)
        many = f"{n:,} uncertain {'delivery is' if n == 1 else 'deliveries are'}"
        if how == DeliveryState.ACCEPTED:
            return f"{many} taken as sent."
        return f"{many} queued again, with the same Message-ID."

    return _done(request, number, do)


@acts
def settle_one(request: HttpRequest, number: int) -> HttpResponseBase:
    """Settle one uncertain delivery, in the same two ways; leads back to where its button was."""
    rows = Delivery.objects.select_related("mailing__update__topic", "mailing__topic")
    one = get_object_or_404(rows, id=number) if number < 2**63 else None
    if one is None:
        raise Http404
    how = HOWS.get(request.POST.get("how", ""))
    try:
        if how is None:
            raise Refused("Say whether to take it as sent or to send it again.")
        mailings.settle_one(one, how, request.user.get_username())
        done = "taken as sent" if how == DeliveryState.ACCEPTED else "queued again, unchanged"
        messages.success(request, f"{one.address or 'It'} is {done}.")
    except DigestError as problem:
        messages.error(request, str(problem))
    if request.POST.get("back") == "deliveries":
        return redirect("/queue/deliveries/?state=uncertain")
    return redirect(f"/queue/{one.mailing_id}/?state=uncertain#people")


@acts
def unsuppress(request: HttpRequest, number: int) -> HttpResponseBase:
    """Take back what its bounces did to the suppression list."""

    def do(mailing: Mailing, by: str) -> str:
        n = returns.unsuppress(mailing, by)
        return f"{n:,} {'address' if n == 1 else 'addresses'} may be mailed again."

    return _done(request, number, do)


def read_rate(said: str) -> float | None:
    """Messages a second as typed; None where nothing was; Refused for what is no rate."""
    if not said:
        return None
    try:
        wanted = float(said.replace(",", ""))
    except ValueError:
        wanted = math.nan
    if not 0.01 <= wanted <= FASTEST:
        raise Refused(
            f"{said[:20]!r} is no rate; nothing was changed. Write messages a second, "
            "for example 70, or nothing for no limit."
        )
    return wanted


def _rate_form(request: HttpRequest, mailing: Mailing, said: str, error: str = "") -> HttpResponse:
    page = {"card": cards.card(mailing, crew()), "said": said, "error": error}
    return render(request, "queue/rate.html", page, status=422 if error else 200)


def _done(request: HttpRequest, number: int, do: Callable[[Mailing, str], str]) -> HttpResponseBase:
    """Do it, say what became of it, and lead back to where the button was."""
    mailing = find(number)
    try:
        said = do(mailing, request.user.get_username())
        messages.success(request, f"{cards.title(mailing)}: {said}")
    except DigestError as problem:
        messages.error(request, str(problem))
    whole = request.POST.get("back") == "queue"
    return redirect("/queue/" if whole else f"/queue/{mailing.id}/")
