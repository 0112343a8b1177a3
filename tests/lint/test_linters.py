"""Programs of others find nothing wrong with our mails: as spam, as HTML, as MJML, as pages."""

import json
import mailbox
import re
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from playwright.sync_api import Browser

from digest import editions
from digest.checks.spam import GOOD, score
from tests.lint.conftest import CHOSEN, NodeTool, Sent
from tests.samples import SAMPLES, written

pytestmark = [pytest.mark.long, pytest.mark.django_db]

ROOT = Path(__file__).parents[2]
SERIOUS = {"serious", "critical"}


def test_there_are_ten_of_them(sent: dict[str, Sent]) -> None:
    assert len(sent) == len(CHOSEN) == 10


def test_spamassassin_gives_each_half_a_point_at_most(
    sent: dict[str, Sent], spamassassin: str, tmp_path: Path
) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for one in sent.values():
        box.add(one.message)
    box.close()
    told = subprocess.run(
        [spamassassin, "-L", "-t", "-x", "--mbox"],
        input=(tmp_path / "box").read_bytes(),
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    ).stdout
    points = re.findall(rb"^X-Spam-Status: \w+, score=(-?[\d.]+)", told, re.MULTILINE)
    assert max(map(float, points)) <= GOOD


def test_the_score_of_one_is_the_same_as_a_check_tells_it(
    sent: dict[str, Sent], spamassassin: str
) -> None:
    points, rules = score(sent["the usual"].message, spamassassin)
    assert (points <= GOOD, rules) == (True, [])


def test_the_reference_mjml_takes_every_tag_and_attribute(
    sent: dict[str, Sent], node_tool: NodeTool, tmp_path: Path
) -> None:
    files = [_written(tmp_path, f"{at}.mjml", one.mjml) for at, one in enumerate(sent.values())]
    program = node_tool("mjml")
    ran = subprocess.run(
        [program, "--validate", *files], check=False, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")
    wrong = _written(
        tmp_path, "wrong.mjml", sent["a note"].mjml.replace("<mj-text ", '<mj-text x="" ')
    )
    ran = subprocess.run(
        [program, "--validate", wrong], check=False, capture_output=True, text=True
    )
    assert "Attribute x is illegal" in ran.stdout + ran.stderr


def test_html_validate_is_content_but_for_what_mail_programs_need(
    sent: dict[str, Sent], node_tool: NodeTool, tmp_path: Path
) -> None:
    files = [_written(tmp_path, f"{at}.html", one.html) for at, one in enumerate(sent.values())]
    wrong = _written(tmp_path, "wrong.html", sent["a note"].html.replace("<h1", "<h7", 1))
    ran = subprocess.run(
        [
            node_tool("html-validate"),
            "--config",
            str(ROOT / ".htmlvalidate.json"),
            "--formatter",
            "json",
            *files,
            wrong,
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    found = {Path(one["filePath"]).name: one["messages"] for one in json.loads(ran.stdout)}
    assert found.pop("wrong.html")
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize("look", ["light", "dark"])
def test_axe_finds_nothing_serious(sent: dict[str, Sent], chromium: Browser, look: str) -> None:
    context = chromium.new_context(color_scheme=look)  # type: ignore[arg-type]
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())
    for name, one in sent.items():
        page.set_content(one.html)
        violations = Axe().run(page).response["violations"]
        assert [rule["id"] for rule in violations if rule["impact"] in SERIOUS] == [], name
    context.close()


def test_no_sample_is_wider_than_a_small_phone(chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 800})
    page.route("**/*", lambda route: route.abort())
    for name, sample in SAMPLES.items():
        if sample.refused:
            continue
        with transaction.atomic():
            page.set_content(editions.rendered(editions.view_of(written(sample))).html)
            transaction.set_rollback(True)
        assert page.evaluate("document.documentElement.scrollWidth") == 320, name
    page.close()


def _written(place: Path, name: str, content: str) -> str:
    (place / name).write_text(content, "utf-8")
    return str(place / name)
