"""A real Chromium for the tests that need to see."""

import os
import shutil
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.looks import ARGUMENTS, CHROMIUM
from tests.browser.windows import Seen, Window


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window; what fetches things in its background is off."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        why = "Chromium is missing; to run this: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def in_one_thread() -> Iterator[None]:
    """Playwright runs its loop in this thread; Django would take our queries for the loop's."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(params=[{}], ids=["usual"])
def window(
    request: pytest.FixtureRequest,
    in_one_thread: None,
    live_server: LiveServer,
    chromium: Browser,
    pia: User,
    signed_in: type[Client],
) -> Iterator[Window]:
    """Pia's window; a test may ask for one with other options."""
    client = signed_in(pia)  # type: ignore[call-arg]  # SignedIn of conftest
    context = chromium.new_context(**request.param)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    made = Window(context.new_page(), live_server.url, client, pia, Seen())
    made.page.route("**/*", made.shut_out)
    made.page.on("dialog", made.dismiss)
    made.page.on("pageerror", lambda error: made.seen.errors.append(str(error)))
    yield made
    context.close()
