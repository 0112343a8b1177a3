"""digest topic: what can be set, and what is refused in words."""

from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.conf import settings as set_up

from config.cli import main
from digest.audit import AuditEntry
from digest.models import Topic
from digest.rendering.story import imprint_of
from workers.headers import split_mailbox

pytestmark = pytest.mark.django_db


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["topic", *words])


@pytest.mark.parametrize("slug", ["Big", "a_b", "-a", "a-", "a--b", "a b", "é"])
def test_a_slug_is_small_letters_digits_and_single_hyphens(slug: str) -> None:
    result = run("add", "--name", "A", "--", slug)
    assert result.exit_code == 2
    assert "can't be a slug; nothing was added" in result.stderr
    assert not Topic.objects.exists()


def test_a_language_is_kept_as_the_standard_spells_it(pivot: Topic) -> None:
    assert run("set", pivot.slug, "--language", "pt_br").exit_code == 0
    pivot.refresh_from_db()
    assert pivot.language == "pt-BR"


@pytest.mark.parametrize(
    "wish",
    [
        ["--zone", "Mars/X"],
        ["--from", "nobody"],
        ["--from", "a\nBcc: b@example.com <a@example.org>"],
        ["--from", "a@example.org, b@example.org"],
        ["--from", '"a b"@example.org'],
        ["--language", "Deutsch!"],
        ["--language", "de\nBcc: b@example.com"],
        ["--name", " "],
        ["--name", "a\nb"],
    ],
)
def test_what_no_mail_could_say_is_refused_when_it_is_set(pivot: Topic, wish: list[str]) -> None:
    result = run("set", pivot.slug, *wish)
    assert result.exit_code == 2
    assert "nothing was changed" in result.stderr
    kept = Topic.objects.get()
    assert (kept.name, kept.zone, kept.from_address) == (pivot.name, "UTC", "")


@pytest.mark.parametrize(
    "sender",
    ["news@example.org", "Media Desk <news@example.org>", '"Desk, Media" <news@example.org>',
     "Rédaction <news@example.org>", set_up.FROM_ADDRESS],
)  # fmt: skip
def test_a_sender_that_may_be_set_can_stand_in_a_mail(pivot: Topic, sender: str) -> None:
    assert run("set", pivot.slug, "--from", sender).exit_code == 0
    kept = Topic.objects.get().from_address
    assert split_mailbox("From", kept)[1] in sender


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["set", "pivot", "--depth", "silly"], "'silly' is not one of"),
        (["add", "pivot"], "Missing option '--name'"),
        (["list", "--speed"], "No such option"),
        (["nonsense"], "No such command"),
    ],
)
def test_bad_usage_is_told_in_one_line(words: list[str], told: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "--help" in result.stderr


def test_a_topics_own_closing_statuses_are_set_and_taken_back(pivot: Topic) -> None:
    run("set", pivot.slug, "--closing", "Settled, Filed away")
    pivot.refresh_from_db()
    assert pivot.closing == ["Settled", "Filed away"]
    run("set", pivot.slug, "--closing", "none")
    pivot.refresh_from_db()
    assert pivot.closing == []


def test_a_topic_prints_its_own_postal_address_else_the_settings(
    pivot: Topic, settings: Any
) -> None:
    settings.POSTAL_ADDRESS = "Example Press, 1 Example Street, London"
    assert imprint_of(pivot).postal_address == "Example Press, 1 Example Street, London"
    run("set", pivot.slug, "--postal", "Pivot House\n2 Example Road\n Leeds ")
    pivot.refresh_from_db()
    assert imprint_of(pivot).postal_address == "Pivot House, 2 Example Road, Leeds"


def test_a_change_is_audited_by_what_differs(pivot: Topic) -> None:
    run("set", pivot.slug, "--name", pivot.name, "--items", "9")
    entry = AuditEntry.objects.get(what="changed topic")
    assert (entry.about, entry.detail) == (pivot.slug, {"items_budget": 9})
