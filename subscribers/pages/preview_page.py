"""An update as one reader gets it, and who gets which variant: for the desk, which knows nobody.

Nothing of a reader's that works is in it: the links to leave and to choose are examples. Whoever
looks as a reader sees a mail as one person gets it, so that choosing them is written down.
"""

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from digest import requesting, updates
from digest.audit import audit
from digest.depths import Depths
from digest.desk import look, preview
from digest.errors import DigestError, Refused
from digest.models import Topic, Update
from digest.rendering.language import locale
from digest.rendering.tokens import Field
from digest.staff import WRITERS, role_required
from subscribers import addresses, segments
from subscribers.dossier import selecting
from subscribers.models import Segment, Subscriber, SubscriberState, SubscriptionState, standing
from subscribers.pages.people import matching

OFFERED = 8
"""Readers that a search shows: whoever means another one types more."""


@require_safe
@role_required(*WRITERS)
def choose(request: HttpRequest) -> HttpResponse:
    """Readers to look at the update as; or who the chosen one is. A fragment to a script."""
    update = _update(request)
    shown: dict[str, object] = {"update": update, "topic": update.topic}
    if request.GET.get("reader"):
        person = _person(request, request.GET["reader"])
        variant = variant_of(person, update, look.wanted(request)[1])
        shown |= {
            "person": person,
            "variant": variant,
            "speaks": locale(person.language).english_name if person.language else "",
            "in_segments": selecting(person),
        }
        return render(request, "people/as_reader.html", shown)
    query = request.GET.get("q", "").replace("\0", "").strip()[: addresses.LONGEST]
    readers = Subscriber.objects.filter(_reads(update.topic), state=SubscriberState.ACTIVE)
    found = readers.filter(matching(query)) if query else readers
    shown |= {"q": query, "people": found.order_by("-id")[:OFFERED]}
    part = "HX-Request" in request.headers
    return render(request, f"people/{'readers' if part else 'choose_reader'}.html", shown)


@require_POST
@role_required(*WRITERS)
def look_as(request: HttpRequest, number: int) -> HttpResponseBase:
    """Look at updates as this reader from now on, which the audit log keeps; back to this one."""
    update = _update(request)
    person = get_object_or_404(Subscriber, id=number, state=SubscriberState.ACTIVE)
    audit(request.user.get_username(), "looked as", person.ref, update=update.ref)
    look.Look.look_as(request, person.id)
    return redirect(f"/desk/{update.ref}/")


@require_safe
@role_required(*WRITERS)
@xframe_options_sameorigin
def framed(request: HttpRequest, number: int) -> HttpResponse:
    """The update, as this reader gets it, for a frame."""
    update, person = _update(request), _person(request, str(number))
    way, variant = look.wanted(request)
    reader = {Field.NAME: person.name, Field.ADDRESS: person.email or ""}
    return preview.as_reader(update, (way, variant_of(person, update, variant)), reader, request)


@require_POST
@role_required(*WRITERS)
def test(request: HttpRequest, number: int) -> HttpResponseBase:
    """Ask for a test of the update as this reader gets it, to whoever is signed in."""
    update, person = _update(request), _person(request, str(number))
    variant = variant_of(person, update, look.wanted(request)[1])
    by = request.user.get_username()
    try:
        requesting.request_test(update, [by], by, variant)
    except DigestError as problem:
        messages.error(request, str(problem))
    return redirect(f"/desk/{update.ref}/#test")


@require_safe
@role_required(*WRITERS)
def variants(request: HttpRequest) -> HttpResponse:
    """Who gets an update in this variant: a fragment beside the preview."""
    topic = get_object_or_404(Topic, slug=request.GET.get("topic", "").replace("\0", ""))
    variant = look.wanted(request)[1]
    chose = Subscriber.objects.filter(_reads(topic), state=SubscriberState.ACTIVE, depth=variant)
    shown = {
        "variant": variant,
        "is_usual": variant == Depths.ARRANGED,
        "segments": Segment.objects.filter(variant=variant),
        "chose": chose.count(),
    }
    return render(request, "people/who_gets.html", shown)


def variant_of(person: Subscriber, update: Update, otherwise: Depths) -> Depths:
    """How they get it: as they chose, else as the first of its segments says that selects them.

    ``otherwise``: where it has no segments yet.
    """
    if person.depth:
        return Depths(person.depth)
    for name in update.segments:
        segment = Segment.objects.filter(name=name).first()
        if segment and _selects(segment, person, update.topic):
            return Depths(segment.variant)
    return Depths.ARRANGED if update.segments else otherwise


def _selects(segment: Segment, person: Subscriber, topic: Topic) -> bool:
    try:
        return segments.people(segment.rule, topic).filter(pk=person.pk).exists()
    except Refused:  # a rule that can't be read selects nobody
        return False


def _reads(topic: Topic) -> Q:
    confirmed = standing(SubscriptionState.CONFIRMED, timezone.now(), "subscriptions__")
    return Q(subscriptions__topic=topic) & confirmed


def _update(request: HttpRequest) -> Update:
    try:
        return updates.find(request.GET.get("update", "") or request.POST.get("update", ""))
    except DigestError:
        raise Http404 from None


def _person(request: HttpRequest, number: str) -> Subscriber:
    """The reader whom this session has chosen to look as; Http404 for any other."""
    if not look.Look.is_as(request, number):
        raise Http404
    return get_object_or_404(Subscriber, id=number, state=SubscriberState.ACTIVE)
