"""Lists of services that nobody thought of: whoever left there doesn't come in as confirmed."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.cli import main
from digest.models import Topic
from subscribers import importing
from subscribers.importing.table import Rejected
from subscribers.models import Subscriber, Subscription, SubscriptionState

pytestmark = pytest.mark.django_db

OUT = "out@example.com"
IN = "in@example.com"


def load(text: str, **columns: str) -> list[Rejected]:
    """Import a list of which somebody says that all agreed; the rows that were refused."""
    file = io.BytesIO(text.encode())
    report = importing.load(
        file, "list.csv", topics=["medias-ai-pivot"], consent="all of them agreed", columns=columns
    )
    return report.rejected


def confirmed() -> set[str | None]:
    standing = Subscription.objects.filter(state=SubscriptionState.CONFIRMED)
    return set(standing.values_list("subscriber__email", flat=True))


@pytest.mark.parametrize(
    ("column", "of_who_left", "of_who_did_not"),
    [
        ("Unsubscribed from all email", "true", ""),
        ("Email hard bounce reason", "UNKNOWN_USER", ""),
        ("Email Opt Out", "1", "0"),
        ("Opt-out date", "2026-01-31", ""),
        ("Confirmed Opt-Out Date", "2026-01-31", ""),
        ("do_not_email", "yes", "no"),
        ("bounced", "true", "false"),
        ("deleted_at", "2026-01-31", ""),
        ("Email status", "Unsubscribed", "Active"),
        ("Abgemeldet", "ja", "nein"),
        ("Désabonné", "oui", "non"),
        ("الحالة", "غير مشترك", "مشترك"),
        ("Stato", "Disiscritto", "Iscritto"),
    ],
)
def test_a_column_that_says_who_left_is_understood(
    pivot: Topic, column: str, of_who_left: str, of_who_did_not: str
) -> None:
    assert not load(f"email,{column}\n{OUT},{of_who_left}\n{IN},{of_who_did_not}\n")
    assert confirmed() == {IN}
    assert Subscriber.objects.count() == 2


@pytest.mark.parametrize(
    ("column", "of_who_left", "of_who_did_not", "hint"),
    [
        ("Blacklisted", "1", "0", "Left (time)"),
        ("Complained at", "2026-01-31", "", "Left (time)"),
        ("Global suppression", "x", "", "Left (time)"),
        ("opt_in", "0", "1", "Is subscribed (yes or no)"),
        ("Accepts marketing", "no", "yes", "Is subscribed (yes or no)"),
        ("Newsletter", "nein", "ja", "Is subscribed (yes or no)"),
        ("State", "Unsubscribed", "Active", "Status"),
        ("Kind", "hard bounce", "reader", "Status"),
    ],
)
def test_a_row_is_refused_where_a_column_may_say_that_they_left_and_nobody_explained_it(
    pivot: Topic, column: str, of_who_left: str, of_who_did_not: str, hint: str
) -> None:
    (refused,) = load(f"email,{column}\n{OUT},{of_who_left}\n{IN},{of_who_did_not}\n")
    assert refused.line == 2
    assert f"Say what that column holds: “{hint}”, or “An attribute”" in refused.why
    assert confirmed() == {IN}
    assert not Subscriber.objects.filter(email=OUT).exists()


def test_what_somebody_explained_is_not_doubted(pivot: Topic) -> None:
    assert not load(f"email,Blacklisted\n{OUT},1\n{IN},0\n", Blacklisted="left")
    assert confirmed() == {IN}


def test_what_is_said_to_be_an_attribute_is_kept_as_one(pivot: Topic) -> None:
    assert not load(f"email,Spam score\n{IN},3\n", **{"Spam score": "attribute"})
    assert Subscriber.objects.get().attributes == {"Spam score": "3"}


def test_a_column_that_may_say_who_left_keeps_what_is_no_such_word(pivot: Topic) -> None:
    assert not load(f"email,Newsletter\n{IN},weekly\n")
    assert Subscriber.objects.get().attributes == {"Newsletter": "weekly"}


def test_a_dry_run_says_of_which_column_it_is_not_sure(pivot: Topic, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"email,Blacklisted,City\n{IN},0,Leeds\n")
    words = ["subscribers", "import", str(file), "--topic", pivot.slug, "--dry-run"]
    told = CliRunner().invoke(main, words).stdout
    assert "Blacklisted = unsure" in told
    assert "City = attribute" in told


def test_the_command_says_by_which_of_its_words_one_explains_a_column(
    pivot: Topic, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"email,Blacklisted\n{OUT},1\n")
    said = CliRunner().invoke(main, ["subscribers", "import", str(file), "--topic", pivot.slug])
    assert "with --map 'COLUMN=FIELD'; FIELD is one of email, name" in said.stderr
    said = CliRunner().invoke(main, ["subscribers", "import", str(file)])
    assert "Name it with --topic SLUG." in said.stderr


def test_a_day_in_place_of_a_yes_is_when_they_subscribed(pivot: Topic) -> None:
    assert not load(f"email,Status,Subscribed\n{IN},active,2024-01-31\n{OUT},unsubscribed,\n")
    assert confirmed() == {IN}
    assert Subscriber.objects.get(email=IN).joined_at.date().isoformat() == "2024-01-31"
