"""A list's columns, and those of an archive's lists, on the import's pages."""

import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from digest.models import Topic
from subscribers.imports import Import
from subscribers.models import Subscriber, SubscriberTag, Subscription
from tests.test_import_page import browser, do, own_folder, page, upload, work

__all__ = ["browser", "own_folder"]  # fixtures

pytestmark = pytest.mark.both_databases


def test_a_column_that_several_lists_of_an_archive_have_is_asked_about_once(
    browser: Client, pivot: Topic
) -> None:
    raw = io.BytesIO()
    head = "Email Address,First Name,OPTIN_TIME,MEMBER_RATING,Notes"
    with zipfile.ZipFile(raw, "w") as packed:
        packed.writestr("subscribed_x.csv", f"{head}\ns@example.org,Sam,2024-01-01,2,vip\n")
        packed.writestr(
            "cleaned_x.csv", f"{head},CLEAN_TIME\nc@example.org,Cy,2024-01-01,2,b,2024-02-02\n"
        )
    upload(browser, raw.getvalue(), "list.zip")
    job = Import.objects.get()
    shown = page(browser, job)
    assert "As Mailchimp names them" in shown
    assert "<details>" in shown
    assert (shown.count('name="column-'), shown.count("cleaned_x.csv")) == (6, 1)
    assert 'value="medias-ai-pivot" checked' in shown, "the only topic is ticked"
    do(browser, job, "check", topics="medias-ai-pivot", **{"column-4": "tags"})
    work()
    assert "<details open>" in page(browser, job)
    do(browser, job, "start")
    work()
    assert set(SubscriberTag.objects.values_list("tag", flat=True)) == {"vip", "b"}


def test_the_examples_of_an_archive_are_of_each_list_and_each_cell_says_what_it_is(
    browser: Client, pivot: Topic
) -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as packed:
        for name in ("one", "two", "three"):
            rows = "".join(f"{name}{at}@example.org,N,t\n" for at in range(9))
            packed.writestr(f"{name}.csv", f"email,name,tags\n{rows}")
    upload(browser, raw.getvalue(), "lists.zip")
    job = Import.objects.get()
    do(browser, job, "check", topics="medias-ai-pivot")
    work()
    job.refresh_from_db()
    assert [one["email"].partition("@")[0] for one in job.found["first"]] == [
        "one0", "one1", "two0", "two1", "three0", "three1",
    ]  # fmt: skip
    shown = page(browser, job)
    assert "The first of each list" in shown
    assert '<div class="small soft">three.csv</div>' in shown
    for label in ("name", "list says", "topics", "tags", "would be"):
        assert shown.count(f'data-label="{label}"') == 6


def test_a_column_that_may_say_who_left_is_unsure_until_somebody_explains_it(
    browser: Client, pivot: Topic
) -> None:
    upload(browser, "email,Blacklisted\nann@example.org,1\nbob@example.org,0\n")
    job = Import.objects.get()
    assert "selected>Not sure: may say who left<" in page(browser, job)
    agreed: dict[str, Any] = {"topics": "medias-ai-pivot", "consent": "at the fair, May 2026"}
    do(browser, job, "check", **agreed)
    work()
    shown = page(browser, job)
    assert "Import 1 person" in shown
    assert "line 2: its &#x27;Blacklisted&#x27; is &#x27;1&#x27;" in shown
    assert "Say what that column holds: “Left (time)”" in shown
    assert "--map" not in shown
    do(browser, job, "check", **agreed, **{"column-1": "left"})
    work()
    do(browser, job, "start")
    work()
    standing = Subscription.objects.values_list("subscriber__email", "state")
    assert set(standing) == {
        ("ann@example.org", "unsubscribed"),
        ("bob@example.org", "confirmed"),
    }


def test_an_unsure_column_may_be_said_to_be_an_attribute(browser: Client, pivot: Topic) -> None:
    upload(browser, "email,Spam score\nann@example.org,3\n")
    job = Import.objects.get()
    do(browser, job, "check", topics="medias-ai-pivot", **{"column-1": "attribute"})
    work()
    do(browser, job, "start")
    work()
    assert Subscriber.objects.get().attributes == {"Spam score": "3"}
