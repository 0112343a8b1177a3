"""Two people at one moment: one is first, and the other is told what holds, in words."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client

from digest import approval, arranging, drafting, editions, ordering, versions
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.models import Stage, Topic, Update
from digest.rendering.view import content_hash
from tests.turns import in_turn
from workers import departures
from workers.models import Mailing

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.both_databases,  # so that it is run on PostgreSQL too, and on that alone
    pytest.mark.only_on("postgresql"),
]
T = "/desk/medias-ai-pivot"


@pytest.fixture
def stories(pivot: Topic, stories: list[Briefing]) -> list[Briefing]:
    """Approvals at the desk go out at once here."""
    Topic.objects.update(undo_seconds=0)
    return stories


def seen(update: Update) -> str:
    return content_hash(editions.view_of(Update.objects.select_related("topic").get(pk=update.pk)))


def post(who: Client, path: str, **said: str) -> Callable[[], HttpResponse]:
    return lambda: who.post(f"{T}/{path}", said)  # type: ignore[return-value]


def told(answer: HttpResponse) -> str:
    """What the person is told on the next page."""
    assert not isinstance(answer, Exception), answer
    assert answer.status_code < 500
    return " ".join(str(one) for one in get_messages(answer.wsgi_request))  # type: ignore[attr-defined]


def test_what_was_edited_in_that_moment_is_not_asked_for(
    draft: Update, edda: User, desk: Client
) -> None:
    was = seen(draft)
    _, asked = in_turn(
        lambda: ordering.move(draft, "third-story", -2, by="pia@example.org"),
        post(desk, "draft/ask/", seen=was),
    )
    assert "changed since you looked" in told(asked)
    assert not draft.requests.exists()


def test_of_two_who_restore_the_second_has_the_last_word_and_both_are_versions(
    draft: Update, desk: Client, press: Client
) -> None:
    first = versions.latest(draft)
    ordering.move(draft, "third-story", -2, by="edda@example.org")
    second = versions.latest(draft)
    arranging.drop(draft, "first-story", by="edda@example.org")
    one, other = in_turn(
        post(desk, f"draft/history/{first}/restore/"),
        post(press, f"draft/history/{second}/restore/"),
    )
    assert told(one).startswith("Restored")
    assert told(other).startswith("Restored")
    placed = list(draft.items.values_list("briefing__slug", "position"))
    assert placed == [("third-story", 1), ("first-story", 2), ("second-story", 3)]
    did = draft.versions.filter(did__startswith="restored").values_list("by", flat=True)
    assert set(did) == {"edda@example.org", "pia@example.org"}


def test_what_was_restored_in_that_moment_is_not_approved(
    draft: Update, desk: Client, press: Client
) -> None:
    first = versions.latest(draft)
    ordering.move(draft, "third-story", -2, by="edda@example.org")
    was = seen(draft)
    _, approved = in_turn(
        post(desk, f"draft/history/{first}/restore/"),
        post(press, "draft/approve/", seen=was, when="now", update=str(draft.pk)),
    )
    assert "changed since you looked" in told(approved)
    assert Update.objects.get().stage == Stage.DRAFT


def test_what_was_approved_in_that_moment_is_not_changed(
    draft: Update, desk: Client, press: Client
) -> None:
    first = versions.latest(draft)
    ordering.move(draft, "third-story", -2, by="edda@example.org")
    was = seen(draft)
    _, restored = in_turn(
        post(press, "draft/approve/", seen=was, when="now", update=str(draft.pk)),
        post(desk, f"draft/history/{first}/restore/"),
    )
    assert "is approved; unapprove it to change it" in told(restored)
    assert Update.objects.get().content_hash == was


def test_an_edit_and_a_restored_version_follow_each_other_and_neither_is_lost(
    draft: Update, desk: Client, press: Client
) -> None:
    first = versions.latest(draft)
    ordering.move(draft, "third-story", -2, by="edda@example.org")
    in_turn(
        post(desk, "draft/words/", title="Typed a moment ago", was_title=draft.title),
        post(press, f"draft/history/{first}/restore/"),
    )
    titles = [one.state["update"]["title"] for one in draft.versions.all()]
    assert titles.index("Typed a moment ago") == 1, "the version before the restored one"


def test_of_two_tabs_that_approve_one_does_and_the_other_says_who_did(
    draft: Update, press: Client, ada: User, signed_in: type[Client]
) -> None:
    was = {"seen": seen(draft), "when": "now", "update": str(draft.pk)}
    _, again = in_turn(
        post(press, "draft/approve/", **was),
        post(signed_in(ada), "draft/approve/", **was),  # type: ignore[call-arg]
    )
    assert "approved already" in told(again)
    assert list(Update.objects.values_list("number", "approved_by")) == [(1, "pia@example.org")]
    assert AuditEntry.objects.filter(what="approved update").count() == 1


def test_a_briefing_withdrawn_in_that_moment_stops_the_approval(
    draft: Update, desk: Client, press: Client
) -> None:
    was = seen(draft)
    _, approved = in_turn(
        post(desk, "briefings/second-story/withdraw/"),
        post(press, "draft/approve/", seen=was, when="now", update=str(draft.pk)),
    )
    assert "Withdrawn since: Second story" in told(approved)
    assert Update.objects.get().stage == Stage.DRAFT


def test_an_approval_given_in_that_moment_is_voided_by_the_withdrawal(
    draft: Update, desk: Client, press: Client
) -> None:
    was = seen(draft)
    _, withdrawn = in_turn(
        post(press, "draft/approve/", seen=was, when="now", update=str(draft.pk)),
        post(desk, "briefings/second-story/withdraw/"),
    )
    assert "it is a draft again" in told(withdrawn)
    assert Update.objects.get().stage == Stage.DRAFT


def test_two_who_withdraw_one_briefing_do_so_once(
    draft: Update, desk: Client, press: Client
) -> None:
    in_turn(
        post(press, "briefings/second-story/withdraw/"),
        post(desk, "briefings/second-story/withdraw/"),
    )
    did = AuditEntry.objects.filter(what="withdrew briefing").values_list("who", flat=True)
    assert list(did) == ["pia@example.org"]


def test_nothing_leaves_that_was_taken_back_in_the_moment_in_which_it_was_due(
    draft: Update, press: Client
) -> None:
    approval.approve(draft, by="pia@example.org")
    in_turn(post(press, "1/unapprove/"), departures.take_due_updates)
    assert Update.objects.get().stage == Stage.DRAFT
    assert not Mailing.objects.exists()


def test_of_two_topics_of_one_name_made_at_once_one_is_refused_in_words(
    press: Client, ada: User, signed_in: type[Client]
) -> None:
    said = {"name": "Harbour", "slug": "harbour", "language": "en", "zone": "UTC"}
    other = signed_in(ada)  # type: ignore[call-arg]
    _, again = in_turn(
        lambda: press.post("/desk/new/", said), lambda: other.post("/desk/new/", said)
    )
    assert not isinstance(again, Exception), again
    assert again.status_code == 422
    assert "There is a topic" in again.content.decode()
    assert Topic.objects.filter(slug="harbour").count() == 1


def test_a_draft_assembled_twice_at_once_is_one(
    pivot: Topic, stories: list[Briefing], desk: Client
) -> None:
    _, again = in_turn(
        lambda: drafting.draft(pivot, by="pia@example.org"), post(desk, "draft/assemble/")
    )
    told(again)
    assert Update.objects.get().items.count() == 3
