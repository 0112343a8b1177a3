"""`digest init` as scripts call it: what is written, what is told, and what stays as it was."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from config.environment import SETTINGS
from tests.nameserver import serving
from tests.relays import sink
from workers.commands.init import init
from workers.setting_up import env_file

FROM, POSTAL = "news@harbour-press.co.uk", "Harbour Press, 1 Quay"
PAGES = "https://news.harbour-press.co.uk"
GIVEN = ("--name", "The Harbour", "--from", FROM, "--postal", POSTAL, "--base-url", PAGES)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to set up in, with a name server that knows nothing."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.chdir(tmp_path)
    with serving({}) as server:
        monkeypatch.setenv("DNS_SERVER", server)
        yield tmp_path


def run(*options: str, status: int = 0) -> Any:
    """The one object that it prints; without a secret in it."""
    done = CliRunner().invoke(init, ["--no-input", "--json", *options], obj=SETTINGS)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    assert "hunter2" not in done.output
    return json.loads(done.output)


def env(here: Path) -> dict[str, str]:
    return env_file.values((here / ".env").read_text())


def finding(said: Any, about: str) -> Any:
    return next(one for one in said["findings"] if one["about"].startswith(about))


def test_it_writes_what_is_given_with_a_key_and_again_changes_nothing(here: Path) -> None:
    with sink() as (relay, _):
        url = f"smtp://127.0.0.1:{relay.port}"
        first = run(*GIVEN, "--relay", url, "--bounce-domain", "bounces.harbour-press.co.uk")
        kept = (here / ".env").read_bytes(), (here / "var/dkim/digest.pem").read_bytes()
        again = run(*GIVEN, "--relay", url)
    assert env(here) == {
        "FROM_ADDRESS": f"The Harbour <{FROM}>",
        "POSTAL_ADDRESS": POSTAL,
        "BASE_URL": PAGES,
        "SMTP_URL": url,
        "BOUNCE_DOMAIN": "bounces.harbour-press.co.uk",
        "DKIM_DOMAIN": "harbour-press.co.uk",
        "DKIM_SELECTOR": "digest",
        "DKIM_KEY_FILE": "var/dkim/digest.pem",
    }
    assert first["env"] == str(here / ".env")
    assert first["changed"] == list(env(here))
    assert finding(first, "Relay")["grade"] == "well"
    assert [(one["type"], one["name"]) for one in first["records"]] == [
        ("TXT", "bounces.harbour-press.co.uk"),
        ("TXT", "digest._domainkey.harbour-press.co.uk"),
        ("TXT", "_dmarc.harbour-press.co.uk"),
        ("MX", "bounces.harbour-press.co.uk"),
    ]
    assert all(one["value"] and one["why"] for one in first["records"])
    assert again["changed"] == []
    assert kept == ((here / ".env").read_bytes(), (here / "var/dkim/digest.pem").read_bytes())
    for secret in (here / ".env", here / "var/dkim/digest.pem"):
        assert secret.stat().st_mode & 0o777 == 0o600
