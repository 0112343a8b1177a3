"""Ten of the samples as they go out, and the programs of others that judge them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from digest import editions
from digest.depths import Depths
from tests import letters
from tests.browser.conftest import chromium
from tests.samples import SAMPLES, written
from workers import specimen

__all__ = ["chromium"]  # a fixture

HERE = Path(__file__).parent
BASE = "https://news.harbour.example"
"""Our own pages, as after a deploy: links to an IP address look like spam, and rightly so."""

CHOSEN = {
    "the usual": Depths.ARRANGED,
    "a correction first": Depths.FULL,
    "a story carried on": Depths.SHORT,
    "a view that several share": Depths.FULL,
    "a note": Depths.ARRANGED,
    "twelve items": Depths.FULL,
    "Arabic": Depths.ARRANGED,
    "Japanese": Depths.FULL,
    "emoji": Depths.ARRANGED,
    "a table, headings and rules": Depths.FULL,
}


class Sent(NamedTuple):
    """A sample at three stations of its way."""

    mjml: str
    html: str
    message: bytes


@pytest.fixture(scope="package", autouse=True)
def _beside_playwright() -> Iterator[None]:
    """Playwright keeps a loop in this thread, in which Django would not be asked for its database;
    nothing of ours runs in that loop."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="package")
def sent(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Sent]]:
    """Each chosen sample by name; nothing of it stays in the database."""
    with django_db_blocker.unblock(), override_settings(BASE_URL=BASE):
        yield {name: _sent(name, variant) for name, variant in CHOSEN.items()}


def _sent(name: str, variant: str) -> Sent:
    with transaction.atomic():
        update = written(SAMPLES[name])
        update.topic.from_address = "Ports and Piers <desk@news.harbour.example>"
        view = editions.view_of(update, variant=variant)
        email = editions.rendered(view)
        message = specimen.message(update, editions.made(view, email, update.topic, update))
        transaction.set_rollback(True)
    return Sent(email.mjml, letters.taken_apart(message).html, message)


@pytest.fixture(scope="package")
def spamassassin() -> str:
    """SpamAssassin's program, which is asked once and never runs as a service."""
    return _found(shutil.which("spamassassin"), "SpamAssassin", "apt-get install spamassassin")


@pytest.fixture(scope="package")
def node_tool() -> "NodeTool":
    """``node_tool("mjml")`` is the path of a program that package.json names."""
    return NodeTool()


class NodeTool:
    """Finds what npm has installed beside this file."""

    def __call__(self, name: str) -> str:
        path = HERE / "node_modules" / ".bin" / name
        return _found(
            str(path) if path.exists() else None,
            name,
            "npm install --prefix tests/lint --no-package-lock --ignore-scripts",
        )


def _found(path: str | None, name: str, command: str) -> str:
    if path is None:
        why = f"{name} is missing; to run this: {command}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return path
