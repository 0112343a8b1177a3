"""The desk: who may open it, and what editors do there."""

import html as entities
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from digest import drafting, staff
from digest.briefings import Briefing
from digest.feeds import Feed
from digest.models import Stage, Topic, Update
from tests import newsroom
from tests.ledgering import mailing
from workers.models import MailingState


def text(answer: HttpResponse) -> str:
    return entities.unescape(answer.content.decode())


# ---- who may open what ------------------------------------------------------------------------

T = "/desk/medias-ai-pivot"
PUBLIC = [
    ("GET", "/"),
    ("GET", "/t/medias-ai-pivot/"),
    ("GET", "/t/medias-ai-pivot/1/"),
    ("GET", "/t/medias-ai-pivot/1/sent-story/"),
    ("GET", "/t/medias-ai-pivot/2/since/1/"),
    ("GET", "/t/medias-ai-pivot/parties/guild/"),
    ("GET", "/t/medias-ai-pivot/feed.xml"),
    ("GET", "/t/medias-ai-pivot/feed.json"),
    ("GET", f"/pictures/{'0' * 64}.png"),
    ("GET", "/l/AbCdEfGhIj"),
    ("GET", "/login/"),
]
FOR_WRITERS = [
    ("GET", "/desk/"),
    ("GET", "/desk/first-steps/"),
    ("POST", "/desk/first-steps/"),
    ("GET", f"{T}/"),
    ("GET", f"{T}/briefings/"),
    ("GET", f"{T}/write/"),
    ("POST", f"{T}/write/"),
    ("POST", f"{T}/write/typed/"),
    ("GET", f"{T}/write/1/preview/"),
    ("GET", f"{T}/unsaved/1/"),
    ("POST", f"{T}/unsaved/1/forget/"),
    ("POST", f"{T}/pictures/"),
    ("GET", f"{T}/briefings/sent-story/"),
    ("POST", f"{T}/briefings/sent-story/"),
    ("POST", f"{T}/briefings/sent-story/typed/"),
    ("GET", f"{T}/briefings/sent-story/preview/"),
    ("GET", f"{T}/briefings/sent-story/versions/"),
    ("POST", f"{T}/briefings/sent-story/restore/"),
    ("POST", f"{T}/briefings/sent-story/withdraw/"),
    ("POST", f"{T}/briefings/sent-story/put-back/"),
    ("POST", f"{T}/briefings/sent-story/release/"),
    ("GET", f"{T}/updates/"),
    ("GET", f"{T}/settings/"),
    ("GET", f"{T}/settings/look/"),
    ("GET", f"{T}/settings/mail/"),
    ("GET", f"{T}/sources/"),
    ("POST", f"{T}/sources/"),
    ("POST", f"{T}/sources/1/"),
    ("GET", f"{T}/draft/"),
    ("GET", f"{T}/draft/standing/"),
    ("POST", f"{T}/draft/assemble/"),
    ("POST", f"{T}/draft/discard/"),
    ("POST", f"{T}/draft/words/"),
    ("POST", f"{T}/draft/items/sent-story/"),
    ("POST", f"{T}/draft/sections/"),
    ("POST", f"{T}/draft/undo/"),
    ("GET", f"{T}/draft/came-in/"),
    ("GET", f"{T}/draft/preview/"),
    ("GET", f"{T}/draft/compare/"),
    ("POST", f"{T}/draft/test/"),
    ("POST", f"{T}/draft/partner/"),
    ("GET", f"{T}/1/"),
    ("GET", f"{T}/1/preview/"),
    ("GET", f"{T}/draft/history/"),
    ("POST", f"{T}/draft/presence/"),
    ("GET", f"{T}/draft/review/"),
    ("POST", f"{T}/draft/ask/"),
    ("POST", f"{T}/1/words/"),
    ("POST", f"{T}/draft/history/1/restore/"),
    ("GET", f"{T}/1/history/"),
    ("GET", f"{T}/1/compare/"),
]
FOR_PUBLISHERS = [
    ("POST", f"{T}/draft/approve/"),
    ("POST", f"{T}/draft/send-back/"),
    ("POST", f"{T}/1/unapprove/"),
    ("POST", "/desk/new/"),
    ("POST", f"{T}/settings/logo/"),
    ("POST", f"{T}/settings/save/"),
    ("POST", f"{T}/settings/end/"),
]
MATRIX = {
    **dict.fromkeys(PUBLIC, frozenset({"", "editor", "publisher", "ops", "admin"})),
    **dict.fromkeys(FOR_WRITERS, frozenset({"editor", "publisher", "admin"})),
    **dict.fromkeys(FOR_PUBLISHERS, frozenset({"publisher", "admin"})),
}


@pytest.mark.parametrize("role", ["", "editor", "publisher", "ops", "admin"])
def test_every_route_opens_for_its_roles_and_no_other(pivot: Topic, role: str) -> None:
    newsroom.update(pivot, 1, newsroom.briefing(pivot, "Sent story"))
    client = Client()
    if role:
        client.force_login(staff.add_user(f"{role}@example.org", role))
    for (method, path), allowed in MATRIX.items():
        answer = client.generic(method, path)
        if role in allowed:
            assert answer.status_code != 403, (method, path)
            assert "/login/" not in answer.get("Location", ""), (method, path)
        elif role:
            assert answer.status_code == 403, (method, path)
        else:
            assert answer.status_code == 302, (method, path)
            assert answer["Location"].startswith("/login/?next="), (method, path)


def test_the_matrix_has_every_route_of_the_room() -> None:
    from django.urls import URLPattern, resolve

    known = {resolve(path).route for _, path in MATRIX}  # first: it loads the rooms in their order

    from digest.urls import urlpatterns

    routes = {str(one.pattern) for one in urlpatterns if isinstance(one, URLPattern)}
    assert routes - known == {"logout/", "login/link/<str:uid>/<str:token>/"}


def test_what_changes_things_takes_a_post_with_its_token(
    pivot: Topic, pia: User, draft: Update
) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(pia)
    for method, path in MATRIX:
        if method == "POST":
            assert careful.post(path).status_code == 403, path
    reading = Client()
    reading.force_login(pia)
    for path in ("assemble", "discard", "words", "test", "approve", "items/first-story"):
        assert reading.get(f"{T}/draft/{path}/").status_code == 405, path
    assert Update.objects.get(pk=draft.pk).stage == Stage.DRAFT


def test_a_script_of_somebody_signed_out_is_told_so(pivot: Topic) -> None:
    answer = Client(headers={"hx-request": "true"}).get(f"{T}/draft/")
    assert answer.status_code == 401


def test_an_account_that_was_put_out_is_out_at_once(pivot: Topic, edda: User) -> None:
    client = Client()
    client.force_login(edda)
    assert client.get("/desk/").status_code == 200
    User.objects.update(is_active=False)
    assert client.get("/desk/").status_code == 302


# ---- the front page ---------------------------------------------------------------------------


def test_an_empty_desk_says_how_to_begin(desk: Client) -> None:
    assert "digest topic add" in text(desk.get("/desk/"))


def test_the_front_page_says_where_each_topic_stands(
    desk: Client, pivot: Topic, stories: list[Briefing]
) -> None:
    newsroom.update(pivot, 1, newsroom.briefing(pivot, "Sent story"), title="What went out")
    waiting = text(desk.get("/desk/"))
    assert "3 briefings wait" in waiting
    assert "What went out" in waiting
    drafting.draft(pivot)
    assert "Open the draft" in text(desk.get("/desk/"))


def test_briefings_that_moved_on_wait_and_withdrawn_ones_do_not(
    desk: Client, pivot: Topic, stories: list[Briefing]
) -> None:
    newsroom.update(pivot, 1, stories[0])
    Briefing.objects.filter(pk=stories[0].pk).update(moved_on=True)
    Briefing.objects.filter(pk=stories[1].pk).update(withdrawn_at=timezone.now())
    assert "2 briefings wait" in text(desk.get("/desk/"))


def test_the_front_page_takes_the_same_queries_however_many_topics(
    desk: Client, pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    for n in range(8):
        topic = Topic.objects.create(slug=f"topic-{n}", name=f"Topic {n}")
        newsroom.update(topic, 1, newsroom.briefing(topic))
        newsroom.update(topic, None, stage=Stage.DRAFT)
    mailing(pivot, state=MailingState.DONE, accepted=1)
    with django_assert_max_num_queries(12):
        desk.get("/desk/")


def test_the_front_page_says_what_is_held_and_which_sources_fail(
    desk: Client, pivot: Topic, stories: list[Briefing]
) -> None:
    assert "failing" not in text(desk.get("/desk/"))
    Briefing.objects.filter(pk=stories[0].pk).update(held_at=timezone.now())
    for n, said in enumerate(({"failures": 2}, {"trouble": "Cut off."}, {})):
        Feed.objects.create(topic=pivot, url=f"https://feeds.example.com/{n}", **said)
    page = text(desk.get("/desk/"))
    assert "a briefing waits until an editor has looked" in page
    assert "2 sources bring nothing new, or not all of it" in page
