"""Programs push briefings in at the API, each with a token of its own."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.test import Client

from digest.api import tokens
from digest.api.tokens import ApiToken, Scope
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.commands.token import token as command
from digest.errors import NotFound, Refused
from digest.models import Topic

pytestmark = pytest.mark.django_db

BRIEFINGS = "/api/v1/topics/medias-ai-pivot/briefings"
FERRY = {
    "slug": "ferry-firm-buys-post",
    "headline": "Ferry firm buys the Harbour Post",
    "published_at": "2026-05-15T09:00:00Z",
    "summary": "A ferry firm bought the town's newspaper on Monday.",
}


def holding(*scopes: Scope) -> Client:
    """A program that holds a token with these scopes."""
    token = tokens.make(f"the site {len(scopes)}", scopes, by="ada@example.org")
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def site(pivot: Topic) -> Client:
    return holding(Scope.READ, Scope.WRITE)


def push(who: Client, what: Any, query: str = "") -> Any:
    text = what if isinstance(what, str) else json.dumps(what)
    return who.post(BRIEFINGS + query, text, content_type="application/json")


def test_a_briefing_that_is_pushed_is_kept_and_pushing_it_again_changes_nothing(
    site: Client,
) -> None:
    assert push(site, FERRY).json() == {
        "read": 1, "created": 1, "updated": 0, "unchanged": 0, "rejected": [], "warnings": []
    }  # fmt: skip
    again = push(site, FERRY).json()
    assert (again["created"], again["unchanged"]) == (0, 1)


def test_what_is_pushed_comes_back_in_the_same_form(site: Client) -> None:
    push(site, FERRY)
    answer = site.get(f"{BRIEFINGS}/ferry-firm-buys-post").json()
    assert answer.items() >= FERRY.items()
    assert push(site, answer).json()["unchanged"] == 1


def test_one_bad_briefing_is_named_and_costs_the_others_nothing(site: Client) -> None:
    answer = push(site, [FERRY, {"headline": "No date", "summary": "…"}])
    assert answer.status_code == 200
    report = answer.json()
    assert report["created"] == 1
    assert "no published_at" in report["rejected"][0]["why"]


def test_a_request_without_anything_usable_is_422_with_the_reasons(site: Client) -> None:
    answer = push(site, '{"headline": ')
    assert answer.status_code == 422
    assert "JSON" in answer.json()["rejected"][0]["why"]
    assert push(site, "").status_code == 422


def test_content_tells_the_format_here_too(site: Client) -> None:
    page = "---\nheadline: Night desk goes\npublished_at: 2026-05-16T07:30:00Z\n---\nIt goes.\n"
    assert push(site, page).json()["created"] == 1
    lines = "\n".join(json.dumps({**FERRY, "slug": f"story-{n}"}) for n in range(3))
    assert push(site, lines).json()["created"] == 3


def test_a_dry_run_says_what_would_happen(site: Client) -> None:
    assert push(site, FERRY, "?dry_run=true").json()["created"] == 1
    assert not Briefing.objects.exists()


def test_the_address_decides_the_topic_whatever_the_briefing_says(site: Client) -> None:
    push(site, {**FERRY, "topic": "harbour-wire"})
    assert Briefing.objects.get().topic.slug == "medias-ai-pivot"


def test_no_key_of_a_request_reaches_a_column_that_is_not_the_sources_to_set(
    site: Client,
) -> None:
    push(site, {**FERRY, "withdrawn_at": "2026-05-15T09:00:00Z", "id": 7, "moved_on": True})
    kept = Briefing.objects.get()
    assert (kept.withdrawn_at, kept.moved_on) == (None, False)
    assert kept.extra["id"] == 7


def test_a_withdrawn_briefing_stays_out_and_who_withdrew_it_is_kept(site: Client) -> None:
    push(site, FERRY)
    assert site.delete(f"{BRIEFINGS}/ferry-firm-buys-post").status_code == 204
    assert Briefing.objects.get().withdrawn_at is not None
    last = AuditEntry.objects.order_by("-id")[0]
    assert (last.what, last.who) == ("withdrew briefing", "token the site 2")


@pytest.mark.parametrize("place", ["/api/v1/topics/no-such/briefings", f"{BRIEFINGS}/no-such"])
def test_what_does_not_exist_is_named_in_words(site: Client, place: str) -> None:
    answer = site.delete(place) if place.startswith(BRIEFINGS) else site.post(place, FERRY)
    assert answer.status_code == 404
    assert "no-such" in answer.json()["detail"]


def test_a_request_that_is_too_large_is_refused_before_it_is_read(site: Client) -> None:
    answer = site.generic("POST", BRIEFINGS, b"{}", CONTENT_LENGTH="99000000")
    assert answer.status_code == 413
    assert "64 MB" in answer.json()["detail"]


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer digest_forged", "Basic YTpi"])
def test_without_a_good_token_nothing_is_told_and_nothing_done(pivot: Topic, header: str) -> None:
    stranger = Client(headers={"Authorization": header} if header else {})
    assert push(stranger, FERRY).status_code == 401
    assert stranger.get("/api/v1/topics").status_code == 401
    assert not Briefing.objects.exists()


def test_being_signed_in_at_the_desk_opens_nothing_here(
    pivot: Topic, ada: User, signed_in: type[Client]
) -> None:
    assert push(signed_in(ada), FERRY).status_code == 401


def test_a_token_does_only_what_its_scope_says(pivot: Topic) -> None:
    reader = holding(Scope.READ)
    answer = push(reader, FERRY)
    assert answer.status_code == 403
    assert "briefings:write" in answer.json()["detail"]
    assert reader.get("/api/v1/topics").json()[0]["slug"] == "medias-ai-pivot"


def test_a_revoked_token_lets_nobody_in(site: Client) -> None:
    tokens.revoke("the site 2", by="ada@example.org")
    assert push(site, FERRY).status_code == 401
    with pytest.raises(NotFound):
        tokens.revoke("the site 2", by="ada@example.org")


def test_a_token_is_shown_once_and_kept_only_as_its_hash(db: None) -> None:
    run = CliRunner()
    made = run.invoke(command, ["add", "site", "--scope", "briefings:write"]).stdout.strip()
    assert made.startswith("digest_")
    row = ApiToken.objects.get()
    assert made not in json.dumps([row.hash, row.name, row.scopes])
    assert tokens.holder(made) == row
    listed = run.invoke(command, ["list"]).output
    assert "site" in listed
    assert made not in listed


def test_a_name_is_given_to_one_token_only(db: None) -> None:
    tokens.make("site", [Scope.READ], by="ada@example.org")
    with pytest.raises(Refused, match="already"):
        tokens.make("site", [Scope.READ], by="ada@example.org")


def test_the_api_describes_every_call_that_it_takes(client: Client) -> None:
    described = client.get("/api/openapi.json").json()
    calls = {(path, method) for path, known in described["paths"].items() for method in known}
    assert calls == {
        ("/api/v1/subscribers", "post"),
        ("/api/v1/subscribers/{address}", "get"),
        ("/api/v1/subscribers/{address}", "delete"),
        ("/api/v1/topics", "get"),
        ("/api/v1/topics/{topic}/briefings", "post"),
        ("/api/v1/topics/{topic}/briefings/{slug}", "get"),
        ("/api/v1/topics/{topic}/briefings/{slug}", "delete"),
    }
    page = client.get("/api/docs").content.decode()
    assert "://" not in page.replace("http://www.w3.org", ""), "it loads from nowhere else"
