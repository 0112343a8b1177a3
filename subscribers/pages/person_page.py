"""One person on the staff's pages: their story, and what staff may do when asked to."""

import json

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from digest.audit import audit
from digest.models import Topic
from digest.signing_in import wrong_password
from digest.staff import APPROVERS, has_role, role_required
from subscribers import erasing, fresh_links, rule_words, suppression, unsubscribe
from subscribers.dossier import dossier, selecting
from subscribers.models import Subscriber, SubscriberState
from subscribers.pages.people import ACTS_FOR_PEOPLE, SEES_PEOPLE
from subscribers.story import story


@require_safe
@role_required(*SEES_PEOPLE)
def person(request: HttpRequest, number: int) -> HttpResponse:
    """Who it is, how they stand to each topic, and all that happened."""
    one = get_object_or_404(Subscriber, id=number)
    now = timezone.now()
    theirs = one.subscriptions.select_related("topic").order_by("topic__name")
    barred = suppression.suppressed([one.email]) if one.email else {}
    shown = {
        "person": one,
        "subscriptions": [(about, about.stands(now)) for about in theirs],
        "tags": one.tags.order_by("tag"),
        "segments": [(found.name, rule_words.shown(found.rule)) for found in selecting(one)],
        "barred": next(iter(barred.values()), None),
        "story": story(one),
        "is_here": one.state == SubscriberState.ACTIVE,
        "may_act": has_role(request.user, *ACTS_FOR_PEOPLE),
        "may_erase": has_role(request.user, *APPROVERS),
    }
    return render(request, "people/person.html", shown)


@require_POST
@role_required(*ACTS_FOR_PEOPLE)
def act(request: HttpRequest, number: int) -> HttpResponseBase:
    """Do for a person what they asked of us: what ``do`` says."""
    one = get_object_or_404(Subscriber, id=number, state=SubscriberState.ACTIVE)
    by = request.user.get_username()
    match request.POST.get("do"):
        case "leave":
            _leave(request, one, by)
        case "suppress":
            suppression.add(one.email or "", by, request.POST.get("why", "").replace("\0", ""))
            messages.success(request, f"{one.email} is not mailed from now on.")
        case "links":
            _send_links(request, one, by)
        case "revoke":
            fresh_links.revoke(one)
            audit(by, "revoked links", one.ref)
            messages.success(request, "Links in mails sent so far only lead to leaving now.")
    return redirect(f"/people/{number}/")


@sensitive_post_parameters("password")
@require_POST
@role_required(*APPROVERS)
def held(request: HttpRequest, number: int) -> HttpResponseBase:
    """All that is held about the person, to send to them, once the password was given again."""
    one = get_object_or_404(Subscriber, id=number)
    if wrong := wrong_password(request):
        messages.error(request, wrong)
        return redirect(f"/people/{number}/")
    audit(request.user.get_username(), "took out the dossier", one.ref)
    told = json.dumps(dossier(one), ensure_ascii=False, indent=2)
    answer = HttpResponse(told, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="person-{number}.json"'
    return answer


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*APPROVERS)
def erase(request: HttpRequest, number: int) -> HttpResponseBase:
    """Forget the person, once their address was typed and the password again."""
    one = get_object_or_404(Subscriber, id=number, state=SubscriberState.ACTIVE)
    if request.method != "POST":
        return render(request, "people/erase.html", {"person": one})
    problems = {
        "typed": ""
        if request.POST.get("address", "").strip().lower() == one.email
        else f"Type {one.email} to say whom you mean; nothing was done.",
        "password": wrong_password(request),
    }
    if any(problems.values()):
        shown = {"person": one, "problems": problems, "address": request.POST.get("address", "")}
        return render(request, "people/erase.html", shown, status=422)
    erasing.erase(one, by=request.user.get_username())
    messages.success(request, "They are forgotten. A hash keeps lists from bringing them back.")
    return redirect("/people/")


@transaction.atomic
def _leave(request: HttpRequest, one: Subscriber, by: str) -> None:
    slug = request.POST.get("topic", "").replace("\0", "")
    topic = get_object_or_404(Topic, slug=slug) if slug else None
    if unsubscribe.leave(one.id, topic.id if topic else None):
        audit(by, "unsubscribed for them", one.ref, topic=topic.slug if topic else "all")
    what = f"{topic.name} any more" if topic else "any update any more"
    messages.success(request, f"{one.email} doesn't get {what}.")


def _send_links(request: HttpRequest, one: Subscriber, by: str) -> None:
    theirs = one.subscriptions.select_related("topic").order_by("state", "id").first()
    if theirs is None:
        messages.error(request, "They have no topic, so there is nothing to write in the name of.")
        return
    fresh_links.ask(one, theirs.topic, asker=fresh_links.Asker.STAFF)
    audit(by, "had new links sent", one.ref)
    messages.success(request, "They get new links by mail, unless some were sent a moment ago.")
