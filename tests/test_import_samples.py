"""What each service exports comes in as a careful publisher would judge it (data/lists)."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from config.cli import main
from digest.models import Topic
from subscribers import importing
from subscribers.models import Subscriber, Subscription, Suppression, address_hash

pytestmark = pytest.mark.both_databases

LISTS = Path(__file__).parent / "data" / "lists"
SAMPLES = sorted(path.name.removesuffix(".expected.json") for path in LISTS.glob("*.expected.json"))
ELSEWHERE = {"hard_bounce", "imported"}  # differ in how much a service told, and in nothing else


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((LISTS / f"{name}.expected.json").read_text("utf-8"))
    return found


def load(name: str, **how: Any) -> importing.Report:
    with (LISTS / name).open("rb") as file:
        return importing.load(file, name, topics=["medias-ai-pivot"], **how)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_right_people_come_in_in_the_right_state(pivot: Topic, name: str) -> None:
    want = expected(name)
    report = load(name)
    assert report.format == want["format"]
    for person in want["people"]:
        assert_came(person)
    assert set(Subscriber.objects.values_list("email", flat=True)) == {
        person["email"] for person in want["people"]
    }
    rejected = {(one.file, one.line) for one in report.rejected}
    assert rejected == {(one.get("file", ""), one["line"]) for one in want["rejected"]}, (
        report.rejected
    )
    assert all(one.why for one in report.rejected)


def assert_came(person: dict[str, Any]) -> None:
    one = Subscriber.objects.get(email=person["email"])
    assert one.name == person["name"], one.email
    assert set(one.tags.values_list("tag", flat=True)) == set(person["tags"]), one.email
    if person["joined"]:
        assert one.joined_at.isoformat()[: len(person["joined"][:19])] == person["joined"][:19]
    for name in ("language", "zone", "country"):
        if name in person:
            assert getattr(one, name) == person[name]
    assert_stands(person, Subscription.objects.get(subscriber=one))


def assert_stands(person: dict[str, Any], stands: Subscription) -> None:
    barred = Suppression.objects.filter(email_hash=address_hash(person["email"])).first()
    if person["suppressed"]:
        assert barred is not None, person
        reasons = ELSEWHERE if person["suppressed"] in ELSEWHERE else {person["suppressed"]}
        assert barred.reason in reasons, person
        assert stands.state == "unsubscribed"
        return
    assert barred is None, person
    assert stands.state == (person["state"] or "pending"), person
    if person.get("left"):
        assert stands.left_at is not None
        assert stands.left_at.isoformat()[:19] == person["left"][:19]
    if person.get("left_why"):
        assert stands.left_why == person["left_why"]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_dry_run_says_what_each_column_is_taken_for_and_which_rows_cannot_be_used(
    pivot: Topic, name: str
) -> None:
    want = expected(name)
    words = ["subscribers", "import", str(LISTS / name), "--topic", pivot.slug, "--dry-run"]
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == (1 if want["rejected"] else 0), result.output
    told = json.loads(result.stdout)
    found = {one["name"]: one["field"] for one in told["columns"]}
    for column, what in want["mapping"].items():
        assert same(found[column], what), f"{column}: {found[column]}, not {what}"
    assert lines(told["rejected"]) == lines(want["rejected"])
    assert not Subscriber.objects.exists()


def lines(rejected: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """File within an archive, and line."""
    return [(one.get("file", ""), one["line"]) for one in rejected]


def same(found: str, wanted: str | None) -> bool:
    """Whether it is the same but for words; what nobody needs may be kept."""
    if wanted is None:
        return found in {"ignore", "attribute", "confirmed", "bounced"}
    if wanted == "status":
        return found in {"status", "subscribed", "disabled", "opted out"}
    if wanted == "attribute":
        return found in {"attribute", "attributes"}
    return found.replace(" ", "_") == wanted.replace(" ", "_")


@pytest.mark.parametrize("name", [name for name in SAMPLES if expected(name)["people"]])
def test_stated_consent_confirms_those_of_whom_the_list_says_nothing_and_nobody_else(
    pivot: Topic, name: str
) -> None:
    load(name, consent="ticked the box on our website")
    for person in expected(name)["people"]:
        stands = Subscription.objects.get(subscriber__email=person["email"])
        out = person["suppressed"] or person["state"] not in {None, "confirmed"}
        assert (stands.state == "confirmed") == (not out), person


def test_what_an_archive_holds_beside_its_lists_is_named_and_is_no_failure(pivot: Topic) -> None:
    report = load("mailchimp-account.zip")
    assert report.status == 0
    assert {one["file"].partition("/")[0] for one in report.passed_over} == {
        "campaigns.csv", "campaigns_content", "reports",
    }  # fmt: skip
    assert all(one["why"] for one in report.passed_over)


def test_a_list_in_an_archive_that_cannot_be_read_is_a_failure(
    pivot: Topic, tmp_path: Path
) -> None:
    """Who left may stand in it."""
    with zipfile.ZipFile(tmp_path / "lists.zip", "w") as archive:
        archive.writestr("in.csv", "email,name\nann@example.org,Ann\n")
        archive.writestr("out.csv", "email,status,note,note\nbo@example.org,unsubscribed,,\n")
    with (tmp_path / "lists.zip").open("rb") as file:
        report = importing.load(file, "lists.zip", topics=[pivot.slug])
    assert report.status == 1
    assert [(one.file, one.line) for one in report.rejected] == [("out.csv", 1)]
    assert report.passed_over == []
