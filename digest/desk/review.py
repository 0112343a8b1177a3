"""Reviewing a draft before it goes out: what is approved, and asking somebody else to do so."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from digest import asking, happened
from digest.audit import AuditEntry
from digest.desk import mending, proof, together
from digest.desk.look import Look
from digest.desk.posts import draft_or_404, typed
from digest.errors import DigestError
from digest.happened import Happened
from digest.models import Topic, Update
from digest.staff import APPROVERS, WRITERS, has_role, role_required
from digest.teamwork import Answer


@require_safe
@role_required(*WRITERS)
def review(request: HttpRequest, topic: str) -> HttpResponse:
    """What becomes of the draft when it is approved, on one page: to whom, when, how fast."""
    found, update = draft_or_404(topic)
    seen = proof.of_draft(update)
    items = list(update.items.select_related("briefing"))
    page = together.shown(request, update, "reviewing it")
    page |= {
        "topic": found,
        "update": update,
        "proof": seen,
        "size": len(items),
        "mendings": mending.of(
            update, items, [*seen.blocking, *seen.warnings], f"/desk/{topic}/draft/"
        ),
        "look": Look(request, update, "review/"),
    }
    return render(request, "desk/approve/review.html", page | standing(request, update, seen.seen))


def standing(request: HttpRequest, update: Update, seen: str) -> dict[str, object]:
    """For a page of the draft: who asks for its approval, what was answered, what was voided."""
    last = update.requests.first()
    asked = last if last and last.answer == Answer.OPEN else None
    by = request.user.get_username()
    may_approve = has_role(request.user, *APPROVERS)
    fits = asked is not None and asked.hash == seen
    return {
        "may_approve": may_approve,
        "asked": asked,
        "asked_fits": fits,
        "asked_by_me": asked is not None and asked.by == by,
        "answered": last if last and last.answer in {Answer.SENT_BACK, Answer.VOID} else None,
        "voided": _voided(update),
        "alone_will_do": may_approve
        and (not update.topic.two_people or (fits and asked is not None and asked.by != by)),
    }


def _voided(update: Update) -> Happened | None:
    """How an update that was approved came to be a draft again."""
    if update.number is None:
        return None
    how = {"unapproved update", "voided approval"}
    entry = AuditEntry.objects.filter(update=update, what__in=how).order_by("-pk").first()
    return Happened(entry, happened.sentence(entry)) if entry else None


@require_POST
@role_required(*WRITERS)
def ask(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Ask that what was seen be approved."""
    found, update = draft_or_404(topic)
    by, note = request.user.get_username(), typed(request, "note")
    try:
        asking.ask(update, by, typed(request, "seen"), note)
    except DigestError as problem:
        messages.error(request, str(problem))
    else:
        said = "Asked. A publisher finds it at the desk; an edit voids it."
        messages.success(request, said, extra_tags=f"asking {update.pk}")
    return to_review(found)


@require_POST
@role_required(*APPROVERS)
def send_back(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Answer that something is to be changed first."""
    found, update = draft_or_404(topic)
    try:
        sent = asking.send_back(update, request.user.get_username(), typed(request, "words"))
    except DigestError as problem:
        messages.error(request, str(problem))
        return to_review(found)
    said = f"Sent back to {sent.by}, who finds your words at the draft."
    messages.success(request, said, extra_tags=f"sending back {update.pk}")
    return redirect(f"/desk/{found.slug}/draft/")


def to_review(topic: Topic) -> HttpResponseBase:
    """Back to the review."""
    return redirect(f"/desk/{topic.slug}/draft/review/")
