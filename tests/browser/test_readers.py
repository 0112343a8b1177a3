"""A reader's own pages in a real browser that runs no script: everybody can use them."""

import json
import os
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from digest.models import Letter, Topic
from subscribers import erasing, moving
from subscribers.models import Subscriber, SubscriberState
from subscribers.requested import LetterRequest
from subscribers.tokens import Purpose, make, make_for_address
from workers import asked, ledger
from workers.letters import Letters
from workers.models import URGENT, Delivery

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", autouse=True)
def in_one_thread() -> Iterator[None]:
    """Playwright runs its loop in this thread; Django would take our queries for the loop's."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A phone's window, without scripts."""
    context = chromium.new_context(
        java_script_enabled=False,
        base_url=live_server.url,
        viewport={"width": 375, "height": 800},
    )
    yield context.new_page()
    context.close()


def link(purpose: Purpose, person: Subscriber, topic: Topic) -> str:
    return f"/{purpose.name.lower()}/{make(purpose, person.id, topic.id, person.token_version)}/"


def letter_link(letter: Letter, word: str) -> str:
    """The path behind the button of the one letter of this kind."""
    asked.take_letters()
    while ledger.claim(URGENT, "here", "one"):
        pass  # which dates the messages
    one = Delivery.objects.select_related("mailing__edition").latest("id")
    row = ledger.one(one.mailing, one.address)
    assert row is not None
    message = Letters(one.mailing).message(row).replace(b"=\r\n", b"").decode()
    found = message.partition(f"/{word}/")[2][:40]
    return f"/{word}/{found}/"


def test_a_reader_pauses_moves_takes_a_copy_and_is_forgotten_without_a_script(
    page: Page, pivot: Topic, ann: Subscriber
) -> None:
    page.goto(link(Purpose.PREFERENCES, ann, pivot))
    page.get_by_label("A month").check()
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_text("then it goes on by itself").first.wait_for()
    page.get_by_role("button", name="Resume now").click()
    page.get_by_label("Every story in short").check()
    page.get_by_role("button", name="Save").last.click()
    page.get_by_role("button", name="Send me the link").click()
    page.get_by_text("on its way to a•••@example.org").wait_for()

    page.goto(letter_link(Letter.LINKS, "account"))
    page.get_by_label("Your name").fill("Ann of the Trip")
    page.get_by_role("button", name="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it").click()
    told = json.loads(download.value.path().read_text())
    assert (told["address"], told["name"]) == ("ann@example.org", "Ann of the Trip")
    page.get_by_label("New e-mail address").fill("new@example.org")
    page.get_by_role("button", name="Ask at this address").click()

    page.goto(letter_link(Letter.MOVE, "move"))
    page.get_by_role("button", name="Yes, write to me here").click()
    page.get_by_role("link", name="Your preferences").click()
    page.get_by_role("button", name="Send me the link").click()
    # The news that it is done went to the old address; this is the letter that was just asked for.
    LetterRequest.objects.filter(letter=Letter.MOVED).delete()
    page.goto(letter_link(Letter.LINKS, "account"))
    page.get_by_text("new@example.org").wait_for()
    page.get_by_role("button", name="Erase everything about me").click()
    page.get_by_role("button", name="Erase everything about me").click()
    page.get_by_role("heading", name="Nothing is held about you").wait_for()

    ann.refresh_from_db()
    assert (ann.state, ann.email, ann.depth) == (SubscriberState.ERASED, None, "")


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_every_page_of_a_reader_fits_a_phone_and_has_no_finding_of_axe(
    chromium: Browser, live_server: LiveServer, pivot: Topic, ann: Subscriber, lang: str
) -> None:
    Subscriber.objects.filter(id=ann.id).update(language=lang)
    moving.ask(ann, pivot, "new@example.org")
    gone = Subscriber.objects.create(email="gone@example.org", email_hash="gone")
    erased = link(Purpose.UNSUBSCRIBE, gone, pivot)
    erasing.erase(gone, by="test")
    paths = [link(purpose, ann, pivot) for purpose in (1, 2, 4) for purpose in [Purpose(purpose)]]
    paths += [f"/move/{make_for_address(ann.id, pivot.id, 0, 'new@example.org')}/"]
    paths += [erased, "/links/", "/preferences/dead/"]
    for look in ("light", "dark"):
        context = chromium.new_context(base_url=live_server.url, color_scheme=look)  # type: ignore[arg-type]
        page = context.new_page()
        for path in paths:
            for width in (320, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(path)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            found = Axe().run(page).response["violations"]
            assert found == [], f"{path}: {[(one['id'], one['nodes'][0]['html']) for one in found]}"
        context.close()
