"""Programs sign people up, look them up and unsubscribe them, each with a token of its own."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest.api.tokens import Scope
from digest.audit import AuditEntry
from digest.models import Topic
from subscribers import signup, signup_requests, suppression
from subscribers.models import Consent, Subscriber
from subscribers.requested import ConfirmationRequest, WelcomeRequest
from tests.signing_up import everything
from tests.test_api import holding

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PEOPLE = "/api/v1/subscribers"
BEA = {"address": " Bea@Example.org", "topics": ["medias-ai-pivot"]}
AGREED = {"wording": "Yes, mail me the pivot.", "at": "2026-05-01T10:00:00+02:00"}


@pytest.fixture
def shop(pivot: Topic) -> Client:
    """A program that signs people up and sees them; its token is called "the site 2"."""
    return holding(Scope.SIGN_UP, Scope.SEE_PEOPLE)


@pytest.fixture
def till(pivot: Topic) -> Client:
    """One that may vouch for them as well."""
    return holding(Scope.SIGN_UP, Scope.SEE_PEOPLE, Scope.VOUCH)


def post(who: Client, **person: Any) -> Any:
    """Sign somebody up; and the tick looks at it."""
    answer = who.post(PEOPLE, json.dumps(BEA | person), content_type="application/json")
    signup_requests.take()
    return answer


def test_a_program_signs_somebody_up_and_their_owner_is_asked(shop: Client, pivot: Topic) -> None:
    answer = post(shop, name="Bea Lind", language="de", source="till 4")
    assert answer.status_code == 202
    assert answer.json() == {
        "address": "bea@example.org", "asked": ["medias-ai-pivot"], "confirmed": []
    }  # fmt: skip
    person = Subscriber.objects.get()
    assert (person.name, person.language) == ("Bea Lind", "de")
    assert person.subscriptions.get().state == "pending"
    agreed = Consent.objects.get()
    assert (agreed.way, agreed.source) == ("api", "the site 2, till 4")
    assert agreed.wording == signup.wording("de")
    assert ConfirmationRequest.objects.count() == 1


def test_doing_it_again_changes_nothing(shop: Client, till: Client) -> None:
    for who, consent in ((shop, None), (till, AGREED)):
        first = post(who, consent=consent)
        before = everything()
        assert post(who, consent=consent).content == first.content
        assert everything() == before


@pytest.mark.parametrize("known", ["new", "confirmed", "suppressed"])
def test_signing_up_tells_a_program_nothing_of_who_is_known(
    shop: Client, ann: Subscriber, known: str
) -> None:
    stranger = post(shop, address="ann@example.net")
    if known == "suppressed":
        suppression.add("ann@example.org", by="otto")
    address = "new@example.org" if known == "new" else "ann@example.org"
    answer = post(shop, address=address)
    assert answer.status_code == stranger.status_code == 202
    assert answer.json() == stranger.json() | {"address": address}


def test_signing_up_by_a_program_writes_one_row_and_looks_at_nobody(
    shop: Client, ann: Subscriber
) -> None:
    asked = [dict(BEA, address=address) for address in ("ann@example.org", "new@example.org")]
    said = []
    for one in asked:
        with CaptureQueriesContext(connection) as queries:
            shop.post(PEOPLE, json.dumps(one), content_type="application/json")
        said.append([re.sub(r"'[^']*'|\d+", "", query["sql"]) for query in queries])
    # The first call of a minute also notes when its token was used.
    known, new = ([sql for sql in one if "apitoken" not in sql] for one in said)
    assert known == new
    assert not any('"subscribers_subscriber"' in sql for sql in known)


def test_leaving_by_a_program_tells_nothing_of_who_is_known(ann: Subscriber) -> None:
    signs_up = holding(Scope.SIGN_UP)
    answers = [signs_up.delete(f"{PEOPLE}/{who}@example.org") for who in ("ann", "nobody")]
    assert [(one.status_code, one.content) for one in answers] == [(204, b"")] * 2
    assert ann.subscriptions.get().state == "unsubscribed"


@pytest.mark.parametrize("key", ["status", "state", "role", "id", "email_hash", "confirmed_at"])
def test_a_key_that_is_nobody_s_to_set_is_refused_by_name(shop: Client, key: str) -> None:
    answer = post(shop, **{key: "confirmed"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        f"{key}: Extra inputs are not permitted; nothing was changed."
    )
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ({"address": "x <q@r.example.org>@example.com"}, "no address that can be mailed"),
        ({"address": "a@example.org\nBcc: b@example.org"}, "control"),
        ({"topics": []}, "topics"),
        ({"topics": ["no-such"]}, "There is no topic 'no-such'; nothing was changed."),
        ({"topics": "medias-ai-pivot"}, "topics"),
        ({"topics": ["\ud800"]}, "topics.0: "),
        ({"name": "Bea\0"}, "name: Value error, holds a control"),
        ({"name": "B" * 201}, "name"),
        ({"language": "no tag"}, "language"),
        ({"consent": {"wording": "Yes."}}, "consent.at: Field required"),
        ({"consent": {"wording": "", "at": AGREED["at"]}}, "consent.wording"),
        ({"consent": AGREED | {"at": "2026-05-01T10:00:00"}}, "consent.at"),
        ({"consent": AGREED | {"at": "2999-05-01T10:00:00Z"}}, "consent.at"),
        ({"consent": AGREED | {"by": "Bea"}}, "consent.by: Extra inputs"),
        ({"consent": AGREED | {"wording": "Yes\0"}}, "consent.wording: Value error, holds a"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place_and_nothing_is_kept(
    till: Client, person: dict[str, Any], words: str
) -> None:
    answer = post(till, **person)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert not Subscriber.objects.exists()


def test_no_json_is_refused_in_words(shop: Client) -> None:
    answer = shop.post(PEOPLE, "{", content_type="application/json")
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"]


def test_a_token_that_may_vouch_subscribes_at_once_and_it_is_written_down(
    till: Client, pivot: Topic
) -> None:
    answer = post(till, consent=AGREED, name="Bea Lind")
    assert (answer.status_code, answer.json()["confirmed"]) == (200, ["medias-ai-pivot"])
    person = Subscriber.objects.get()
    one = person.subscriptions.get()
    assert (one.state, person.name) == ("confirmed", "Bea Lind")
    agreed = one.consents.get()
    assert (agreed.way, agreed.wording) == ("api", "Yes, mail me the pivot.")
    assert agreed.at == dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC)
    assert WelcomeRequest.objects.count() == 1
    assert not ConfirmationRequest.objects.exists()
    audited = AuditEntry.objects.get(what="subscribed on their word")
    assert (audited.who, audited.about) == ("token the site 3", person.ref)
    assert "bea@" not in f"{audited.about} {audited.detail}"


def test_a_token_that_may_not_vouch_is_told_so_and_nothing_is_kept(shop: Client) -> None:
    answer = post(shop, consent=AGREED)
    assert answer.status_code == 403
    assert "subscribers:vouch" in answer.json()["detail"]
    assert not Subscriber.objects.exists()


def test_nobody_is_vouched_back_in_who_left_since_or_is_suppressed(
    till: Client, ann: Subscriber
) -> None:
    ann.subscriptions.update(state="unsubscribed", left_at=timezone.now())
    before = everything()
    answer = post(till, address="ann@example.org", consent=AGREED)
    assert answer.status_code == 409
    assert "They left medias-ai-pivot on" in answer.json()["detail"]
    suppression.add("bea@example.org", by="otto")
    assert "suppressed (manual)" in post(till, consent=AGREED).json()["detail"]
    assert everything() | {"Suppression": []} == before


def test_whoever_agreed_after_they_had_left_is_back(till: Client, ann: Subscriber) -> None:
    left = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    ann.subscriptions.update(state="unsubscribed", left_at=left, left_code="too_often")
    assert post(till, address="ann@example.org", consent=AGREED).status_code == 200
    one = ann.subscriptions.get()
    assert (one.state, one.left_at, one.left_code) == ("confirmed", None, "")


def test_a_person_is_looked_up_by_address(shop: Client, ann: Subscriber) -> None:
    ann.tags.create(tag="trial")
    answer = shop.get(f"{PEOPLE}/Ann%40example.org").json()
    assert answer["address"] == "ann@example.org"
    assert (answer["name"], answer["tags"], answer["suppressed"]) == ("Ann Lee", ["trial"], None)
    (one,) = answer["subscriptions"]
    assert (one["topic"], one["state"]) == ("medias-ai-pivot", "confirmed")
    for nobody in ("bo@example.org", "no address", "\0"):
        assert shop.get(f"{PEOPLE}/{nobody}").status_code == 404


def test_a_program_unsubscribes_somebody_from_one_topic_or_all(
    shop: Client, ann: Subscriber
) -> None:
    retail = Topic.objects.create(slug="retail", name="Retail")
    ann.subscriptions.create(topic=retail, state="confirmed")
    for _ in range(2):
        assert shop.delete(f"{PEOPLE}/ann@example.org?topic=retail").status_code == 204
    states = dict(ann.subscriptions.values_list("topic__slug", "state"))
    assert states == {"medias-ai-pivot": "confirmed", "retail": "unsubscribed"}
    assert AuditEntry.objects.filter(what="unsubscribed subscriber").count() == 1
    assert shop.delete(f"{PEOPLE}/ann@example.org?topic=none").status_code == 404
    assert shop.delete(f"{PEOPLE}/ann@example.org").status_code == 204
    assert not ann.subscriptions.filter(state="confirmed").exists()


def test_each_act_wants_its_own_scope(ann: Subscriber) -> None:
    briefings, sees = holding(Scope.READ, Scope.WRITE), holding(Scope.SEE_PEOPLE)
    signs_up = holding(Scope.SIGN_UP, Scope.VOUCH, Scope.READ)
    one = f"{PEOPLE}/ann@example.org"
    assert [who.get(one).status_code for who in (briefings, sees, signs_up)] == [403, 200, 403]
    assert [who.delete(one).status_code for who in (briefings, sees)] == [403, 403]
    assert [post(who).status_code for who in (briefings, sees)] == [403, 403]
    assert post(Client()).status_code == 401
