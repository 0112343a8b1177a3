"""The page at the link in the question: was it you who signed up?"""

from django.http import HttpRequest, HttpResponse

from subscribers import signup
from subscribers.links import Link
from subscribers.pages import personal
from subscribers.pages.signup_page import LONGEST_NAME, one_line
from subscribers.tokens import Purpose


@personal.page(Purpose.CONFIRM)
def confirm(request: HttpRequest, link: Link) -> HttpResponse:
    """Say that it was oneself who asked. The link's own topic, and others where ticked."""
    person, topic = link.person, link.topic
    if request.method != "POST":
        asked = signup.asked_for(person)
        return personal.shown(
            request,
            "confirm",
            link,
            others=[one.topic for one in asked if one.topic_id != topic.id],
            wording=signup.words_agreed_to(next(one for one in asked if one.topic_id == topic.id)),
            is_new=not person.subscriptions.exclude(confirmed_at=None).exists(),
            called=person.name,
            longest_name=LONGEST_NAME,
        )
    name = request.POST.get("name")
    confirmed = signup.confirm(
        person,
        {topic.slug, *request.POST.getlist("topic")},
        None if name is None else one_line(name, LONGEST_NAME),
    )
    return personal.shown(request, "confirmed", link, topics=confirmed)
