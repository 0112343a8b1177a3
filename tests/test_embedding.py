"""Forms that stand on other sites: what staff paste there, and what they post here."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from digest.models import Topic
from subscribers import signup
from subscribers.requested import SignupRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def retail(db: None) -> Topic:
    return Topic.objects.create(slug="retail", name='Retail "now" <b>')


def code(who: Client, query: str = "") -> str:
    """What the page gives to paste."""
    page = who.get(f"/people/form/{query}").content.decode()
    found = re.search(r'<textarea id="code"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    return html.unescape(found[1]).strip()


def fields(form: str) -> dict[str, str]:
    """What a browser would send of the form, its address filled in."""
    inputs = re.findall(r"<input [^>]*>", form)
    sent = {}
    for one in inputs:
        if 'type="checkbox"' in one and " checked" not in one:
            continue
        name, value = re.search(r'name="(\w+)"', one), re.search(r'value="([^"]*)"', one)
        assert name
        sent[name[1]] = html.unescape(value[1]) if value else ""
    return sent | {"address": "bea@example.org"}


def test_the_form_that_is_pasted_signs_people_up_from_another_site(
    press: Client, pivot: Topic, settings: Any
) -> None:
    form = code(press, "?source=Spring+fair")
    action = re.search(r'action="([^"]*)"', form)
    assert action
    assert action[1] == f"{settings.BASE_URL}/subscribe/"
    visitor = Client(enforce_csrf_checks=True)
    there = {"Referer": "https://shop.example.com/", "Origin": "https://shop.example.com"}
    answer = visitor.post("/subscribe/", fields(form), headers=there)
    assert answer.status_code == 200
    assert not visitor.cookies
    asked = SignupRequest.objects.get()
    assert (asked.email, asked.topics) == ("bea@example.org", ["medias-ai-pivot"])
    assert asked.source == "shop.example.com, Spring fair"


def test_the_answer_leads_to_our_own_pages_alone(client: Client, pivot: Topic) -> None:
    post = {"address": "bea@example.org", "next": "//evil.example.com", "topic": pivot.slug}
    there = {"Referer": "https://evil.example.com/\\evil"}
    for path in ("/subscribe/?next=//evil.example.com", "/subscribe/"):
        answer = client.post(path, post, headers=there)
        assert answer.status_code == 200
        assert "evil" not in answer.content.decode()


def test_the_form_speaks_for_itself_and_runs_nothing(
    press: Client, pivot: Topic, retail: Topic
) -> None:
    form = code(press, "?ask_name=1&source=%22%3E%3Cscript%3E")
    assert "<script" not in form
    assert "Retail &quot;now&quot; &lt;b&gt;" in form
    assert signup.WORDING in form
    assert form.count("<label>") == len(re.findall(r'<input (?!type="hidden")', form))
    assert 'name="name"' in form
    assert 'name="name"' not in code(press)


def test_topics_may_be_chosen_for_it_and_set_its_language(
    press: Client, pivot: Topic, retail: Topic
) -> None:
    Topic.objects.create(slug="handel", name="Handel", language="de")
    assert 'type="checkbox"' in code(press)
    form = code(press, "?topic=handel")
    assert 'type="checkbox"' not in form
    assert fields(form)["topic"] == "handel"
    assert signup.wording("de") in form
    assert fields(form)["lang"] == "de"


def test_other_sites_may_frame_the_form_and_nothing_else(client: Client, pivot: Topic) -> None:
    framed = client.get("/subscribe/form/")
    assert "X-Frame-Options" not in framed.headers
    assert "frame-ancestors *" in framed.headers["Content-Security-Policy"]
    assert 'target="_top"' in framed.content.decode()
    for path in ("/subscribe/", "/"):
        other = client.get(path)
        assert other.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in other.headers["Content-Security-Policy"]


def test_without_a_topic_there_is_no_form_to_paste(ada: User, press: Client) -> None:
    page = press.get("/people/form/").content.decode()
    assert "digest topic add" in page
    assert "<textarea" not in page
