"""The partner block on the desk's draft."""

from collections.abc import Callable

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

_KEY = "partner"
_TEXTS = ("label", "name", "text", "url", "place", "alt")


@require_POST
@role_required(*WRITERS)
def partner(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Write the draft's partner block, remove it, or let go of words that were refused."""
    found, update = draft_or_404(topic)
    act, said = {
        "remove": (
            lambda by: partnering.remove_partner(update, by),
            "The partner block is removed.",
        ),
        "forget": (lambda _: None, ""),
    }.get(request.POST.get("do", ""), (_writing(request, update), "The partner block is saved."))

    def done(by: str) -> None:
        act(by)
        request.session.pop(_KEY, None)

    return doing(request, found, done, said, "partner")


def _writing(request: HttpRequest, update: Update) -> Callable[[str], object]:
    """What writes it; words that are refused are kept for its form, in the session."""

    def write(by: str) -> None:
        words = {name: typed(request, name) for name in _TEXTS}
        over = typed(request, "was") if "was" in request.POST else None
        request.session[_KEY] = {"update": update.pk, "words": words}
        said = Partner(**words, picture=_picture(request, update))
        partnering.set_partner(update, said, by, over=over)

    return write


def shown(request: HttpRequest, update: Update) -> dict[str, object]:
    """What the form of the draft's partner block shows."""
    block = PartnerBlock.objects.filter(update=update).select_related("picture").first()
    kept = request.session.get(_KEY, {})
    refused = kept["words"] if kept.get("update") == update.pk else None
    return {
        "partner": block,
        "partner_refused": refused is not None,
        "partner_words": refused or block,
        "partner_was": partnering.mark(update),
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
