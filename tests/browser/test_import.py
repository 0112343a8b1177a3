"""A publisher moves in: from a file on their disk to people who get mail, and the file back out."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from digest.models import Topic
from subscribers.importing import at_work, runs
from subscribers.models import Subscriber, Subscription

LISTS = Path(__file__).parents[1] / "data" / "lists"
PASSWORD = "a harbour of quiet teapots"


@pytest.fixture(scope="module", autouse=True)
def in_one_thread() -> Iterator[None]:
    """Playwright runs its loop in this thread; Django would take our queries for the loop's."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(
    live_server: LiveServer, chromium: Browser, pia: User, signed_in: type[Client],
    settings: Any, tmp_path: Path,
) -> Iterator[Page]:  # fmt: skip
    settings.DATA_DIR = tmp_path
    pia.set_password(PASSWORD)
    pia.save()
    session = signed_in(pia).cookies["sessionid"].value  # type: ignore[call-arg]  # of conftest
    context = chromium.new_context(base_url=live_server.url)
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def work() -> None:
    """What the worker does that the tick wakes."""
    for job_id in runs.waiting():
        at_work.go_on(job_id, seconds=60)


def is_sound(page: Page) -> None:
    """Nothing for axe to find, and nothing that a phone must scroll to."""
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_a_list_goes_in_by_the_page_that_moves_on_by_itself_and_comes_out_again(
    page: Page, pivot: Topic
) -> None:
    page.goto("/people/import/")
    is_sound(page)
    page.set_input_files("#list", LISTS / "kit-confirmed.csv")
    page.click("text=Look at it")
    page.wait_for_selector("text=What the columns hold")
    is_sound(page)
    page.check("label:has-text('AI Pivot')")
    page.locator("summary").click()
    page.locator("tr", has_text="Favourite topic").locator("select").select_option("tags")
    page.click("text=See what would happen")
    page.wait_for_selector("text=Being looked at")
    work()
    page.wait_for_selector("text=What would happen")  # the page asked by itself
    is_sound(page)
    page.click("button:has-text('Import ')")
    page.wait_for_selector("text=Being imported")
    is_sound(page)
    work()
    page.wait_for_selector("text=The uploaded file was deleted")
    is_sound(page)
    assert Subscription.objects.filter(state="confirmed").count() > 0
    kitty = Subscriber.objects.get(email="kitty.kit@example.com")
    assert "Maps" in set(kitty.tags.values_list("tag", flat=True))

    page.goto("/people/export/")
    is_sound(page)
    page.fill("#password", PASSWORD)
    with page.expect_download() as download:
        page.click("text=Download")
    assert "kitty.kit@example.com" in download.value.path().read_text("utf-8")
