"""Pieces of the desk's pages that only the queue knows, a page's worth in one answer.

Each piece names the place it belongs to (htmx's out-of-band swap); until it comes, and without
script, a link stands there.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from digest.models import Topic
from workers.models import Mailing, MailingKind
from workers.queue.cards import Card, settled
from workers.queue.seen_by import looks

MOST = 100
"""Updates in one answer; a page of the desk has half as many."""


@looks
def of_topic(request: HttpRequest, topic: str) -> HttpResponse:
    """What became of the main mailings of a topic's updates, numbered ``from`` … ``to``."""
    found = get_object_or_404(Topic, slug=topic)
    rows = Mailing.objects.filter(
        update__topic=found,
        kind=MailingKind.SCHEDULED,
        update__number__range=(_number(request, "from"), _number(request, "to")),
    )
    mailings = rows.select_related("update__topic", "topic").order_by("-update__number")
    cards: list[Card] = settled(list(mailings[:MOST]))
    return render(request, "queue/for_topic.html", {"topic": found, "cards": cards})


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
