"""The reader's own page: what they get, and how."""

from django.http import HttpRequest, HttpResponse

from subscribers import personal, preferences, unsubscribe
from subscribers.links import Link
from subscribers.tokens import Purpose


@personal.page(Purpose.PREFERENCES)
def choose(request: HttpRequest, link: Link) -> HttpResponse:
    """Topics, and leaving them all."""
    person = link.person
    if "all" in request.POST:
        unsubscribe.leave(person.id)
    elif request.method == "POST":
        preferences.choose(person, request.POST.getlist("topic"))
    return personal.shown(
        request,
        "preferences",
        link,
        choices=preferences.choices(person),
        done=request.method == "POST",
    )
