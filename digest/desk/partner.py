"""The partner block on the desk's draft."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST

from digest import partnering, photographs
from digest.desk.posts import doing, draft_or_404, typed
from digest.errors import DigestError
from digest.models import Update
from digest.partnering import Partner
from digest.partners import PartnerBlock, Place
from digest.pictures import Picture
from digest.staff import WRITERS, role_required


@require_POST
@role_required(*WRITERS)
def partner(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Write the draft's partner block, or remove it."""
    found, update = draft_or_404(topic)
    if request.POST.get("do") == "remove":
        return doing(
            request,
            found,
            lambda by: partnering.remove_partner(update, by),
            "The partner block is removed.",
            "partner",
        )
    said = Partner(
        **{name: typed(request, name) for name in ("label", "name", "text", "url", "place", "alt")},
        picture=_picture(request, update),
    )
    return doing(
        request,
        found,
        lambda by: partnering.set_partner(update, said, by),
        "The partner block is saved.",
        "partner",
    )


def shown(update: Update) -> dict[str, object]:
    """What the form of the draft's partner block shows."""
    return {
        "partner": PartnerBlock.objects.filter(update=update).select_related("picture").first(),
        "partner_labels": partnering.labels(update.topic.language),
        "partner_places": Place.choices,
    }


def _picture(request: HttpRequest, update: Update) -> Picture | None:
    """The one that was sent, else the one that stands there; none where it is to go."""
    before = PartnerBlock.objects.filter(update=update).select_related("picture").first()
    kept = before.picture if before and "without" not in request.POST else None
    sent = request.FILES.get("picture")
    if sent is None:
        return kept
    try:
        name = f"“{(sent.name or 'The file')[:60]}”"
        picture: Picture = photographs.kept(sent.read(photographs.WEIGHT + 1), name)
    except DigestError as problem:  # what was typed beside it is not lost with it
        messages.error(request, f"Without the picture: {problem}")
        return kept
    return picture
