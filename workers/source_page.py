"""The whole message on the desk, as it would leave: made by the very code that sends.

Served from here, since the desk's own room knows no headers. What differs by reader is an
example, and so are the tokens in its links: no reader's works.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest import editions
from digest.depths import Depths
from digest.desk import preview
from digest.desk.look import Look, wanted
from digest.errors import DigestError
from digest.models import Edition, Stage, Update
from digest.staff import WRITERS, role_required
from subscribers.models import Subscriber, SubscriberState
from workers import specimen
from workers.ledger import Row

SHOWN = 400_000
"""Characters of it on the page; the file has all."""


@require_safe
@role_required(*WRITERS)
def of_draft(request: HttpRequest, topic: str) -> HttpResponse:
    """The message that the draft would be now."""
    return _source(request, preview.draft_of(topic))


@require_safe
@role_required(*WRITERS)
def of_update(request: HttpRequest, topic: str, number: int) -> HttpResponse:
    """The message that an approved or sent update is."""
    return _source(request, preview.approved_of(topic, number))


def _source(request: HttpRequest, update: Update) -> HttpResponse:
    variant = wanted(request)[1]
    reader = _reader(request)
    try:
        message = specimen.message(update, _edition(update, variant), reader)
    except (DigestError, ValueError) as problem:
        return _page(request, update, {"problem": str(problem)})
    if "file" in request.GET:
        answer = HttpResponse(message, content_type="message/rfc822")
        name = f"{update.ref.replace('/', '-')}.eml"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
    text = message.decode("utf-8", "replace").replace("\r\n", "\n")
    head, _, body = text.partition("\n\n")
    size = f"{len(message) / 1024:.0f} KB"
    return _page(request, update, {"head": head, "body": body[:SHOWN], "size": size})


def _page(request: HttpRequest, update: Update, said: dict[str, str]) -> HttpResponse:
    query = request.GET.copy()
    query["file"] = "eml"
    page = {"topic": update.topic, "update": update, "file": query.urlencode(), **said}
    return render(request, "queue/source.html", page)


def _edition(update: Update, variant: Depths) -> Edition:
    if update.stage != Stage.DRAFT:
        found = editions.frozen(update, variant) or editions.frozen(update)
        if found is None:
            raise Http404
        return found
    view = editions.view_of(update, variant)
    return editions.made(view, editions.rendered(view), update.topic, update, variant)


def _reader(request: HttpRequest) -> Row:
    """The example, or a given reader's name and address; never a reader's tokens."""
    number = request.GET.get("reader", "")
    now = timezone.now()
    if not number:
        return specimen.READER._replace(dated_at=now)
    if not Look.is_as(request, number):
        raise Http404
    one = get_object_or_404(Subscriber, id=number, state=SubscriberState.ACTIVE)
    return specimen.READER._replace(address=one.email or "", name=one.name, dated_at=now)
