"""A send watched and steered in a browser, while a worker is killed under it: real processes."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import chromium
from tests.faults.installation import approved, audited, holds, leasing, received
from tests.journeys.system import DIGEST, System, until
from tests.journeys.test_desk import person

__all__ = ["chromium"]  # a fixture

READERS, RATE, SLOWER = 20_000, 500, 100
CONNECTIONS = 4
QUEUES = "bulk,import"


@pytest.fixture
def system(tmp_path: Path, sink: tuple[str, Path]) -> Iterator[System]:
    """An installation as ``digest up`` makes one, of which an update is on its way."""
    made = System(
        tmp_path / "var", SMTP_URL=sink[0], POSTAL_ADDRESS="Harbour Press, 1 Quay Street, Harbour"
    )
    with made.process(str(DIGEST), "up", "--port", "0", "--workers", "1"):
        until(lambda: "Digest is at" in made.log(), 60, what=made.log)
        yield approved(made, READERS, RATE)


def pauses(page: Page, record: Path) -> None:
    """Presses Pause on the list, and sees that nothing more reaches the relay."""
    page.get_by_role("button", name="Pause").click()
    standing = page.locator(".mailing .standing")
    expect(standing).to_contain_text("Paused by olga@example.org.")
    # Once nobody holds a batch, nobody can send: from then on the relay hears nothing.
    expect(standing).not_to_contain_text("on the wire", timeout=30_000)
    silent = received(record)
    assert 0 < silent < READERS
    page.get_by_role("link", name="Rate…").click()
    page.fill("#rate", str(SLOWER))
    page.get_by_role("button", name="Set the rate").click()
    expect(page.locator(".notices")).to_contain_text(f"at {SLOWER} messages a second")
    assert received(record) == silent


def resumes(page: Page, record: Path) -> None:
    before = received(record)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".figures")).to_contain_text(f"of {SLOWER} asked")
    until(lambda: received(record) > before, 30)


def kills_a_worker(system: System, page: Page, record: Path) -> None:
    """Kills whoever sends, and the worker above it; sees it named, and its work taken up."""
    (worker,) = (w["pid"] for w in system.json("status")["workers"] if w["queues"] == QUEUES)
    sender = leasing(system)
    for process in (worker, sender):
        os.kill(process, signal.SIGKILL)
    before = received(record)
    page.goto("/queue/workers/")
    gone = page.get_by_role("listitem").filter(has_text=f"process {worker}: bulk, import; last")
    expect(gone).to_be_visible(timeout=60_000)
    until(lambda: received(record) > before + CONNECTIONS, 60, what=system.log)


def cancels_the_rest(page: Page) -> None:
    """Sees how many have not gone before it presses."""
    page.goto("/queue/")
    page.get_by_role("link", name="Cancel…").click()
    expect(page.locator("main")).to_contain_text(f"of {READERS:,} have not gone")
    page.get_by_role("button", name=re.compile("Cancel the remaining")).click()
    expect(page.locator(".notices")).to_contain_text("Cancelled:")


def test_a_send_is_watched_paused_slowed_survives_a_kill_and_is_cancelled_to_the_last_reader(
    system: System, sink: tuple[str, Path], chromium: Browser
) -> None:
    record = sink[1]
    with person(system, chromium, "olga@example.org", "ops") as page:
        until(lambda: received(record) > RATE, 60, what=system.log)
        page.goto("/queue/")
        expect(page.locator(".mailing")).to_contain_text(f"of {RATE} asked")
        pauses(page, record)
        resumes(page, record)
        kills_a_worker(system, page, record)
        cancels_the_rest(page)
    left = "SELECT queued + deferred FROM workers_mailing"
    until(lambda: system.asked(left) == [(0,)], 30)
    sheet = audited(system)
    assert sheet["balanced"]
    assert sheet["accepted"] + sheet["uncertain"] + sheet["excluded"]["cancelled"] == READERS
    assert sheet["uncertain"] <= CONNECTIONS
    holds(system, record, READERS, uncertain=CONNECTIONS)
