"""An empty folder to set up in, and `digest init` as a script calls it there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from config.environment import SETTINGS
from tests import signing
from tests.nameserver import Zone, serving
from workers.commands.init import init
from workers.setting_up import env_file, keys

DOMAIN = "harbour.example.org"
BOUNCES = f"bounces.{DOMAIN}"
FROM, POSTAL, PAGES = f"news@{DOMAIN}", "Harbour Press, 1 Quay", f"https://news.{DOMAIN}"
GIVEN = ("--name", "The Harbour", "--from", FROM, "--postal", POSTAL, "--base-url", PAGES)
PASSWORD = "hunter2"
"""Must never be seen."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """It, with a name server that knows nothing and nothing set."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keys, "_made", signing.key)  # to make one takes longer than all else
    with knowing({}, monkeypatch):
        yield tmp_path


class knowing:  # noqa: N801  reads as a context manager
    """While this, the name server knows these."""

    def __init__(
        self, zone: Zone, monkeypatch: pytest.MonkeyPatch, *, silent: bool = False
    ) -> None:
        self._serving, self._monkeypatch = serving(zone, silent=silent), monkeypatch

    def __enter__(self) -> None:
        self._monkeypatch.setenv("DNS_SERVER", self._serving.__enter__())

    def __exit__(self, *cause: Any) -> None:
        self._serving.__exit__(*cause)


def run(*options: str, status: int = 0) -> Any:
    """The one object that it prints."""
    done = called("--no-input", "--json", *options, status=status)
    return json.loads(done)


def called(*options: str, status: int, typed: str | None = None) -> str:
    """All that it says."""
    done = CliRunner().invoke(init, options, obj=SETTINGS, input=typed)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    assert PASSWORD not in done.output
    return done.output


def env() -> dict[str, str]:
    """What stands in the file."""
    return env_file.values(Path(".env").read_text())


def finding(said: Any, about: str) -> Any:
    """The first of what is said of this."""
    return next(one for one in said["findings"] if one["about"].startswith(about))


def record(said: Any, kind: str) -> Any:
    """The record whose why begins so."""
    return next(one for one in said["records"] if one["why"].startswith(kind))
