"""What the documents say is so."""

import importlib
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from config.cli import WHERE
from config.environment import as_markdown

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_the_page_of_settings_is_the_table_in_the_code() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == as_markdown()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_is_there(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        link = target[0] or target[1]
        if link.startswith(("http://", "https://")):
            continue
        file, _, heading = link.partition("#")
        assert (document.parent / file).exists(), f"{document.name}: {link}"
        if heading:
            there = (document.parent / file if file else document).read_text("utf-8")
            assert heading in _headings(there), f"{document.name}: {link}"


def _headings(text: str) -> set[str]:
    return {
        re.sub(r"[^\w\- ]", "", line).strip().lower().replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


# ---- commands ------------------------------------------------------------------------------


def _commands() -> Iterator[tuple[str, str]]:
    """(document, a digest command line) for each that is shown as code."""
    for document in DOCUMENTS:
        text = re.sub(r"<<END\n.*?\nEND\n", "\n", document.read_text("utf-8"), flags=re.DOTALL)
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        for line in lines:
            if line.startswith("digest "):
                yield document.name, line
            elif "docker compose exec web digest " in line:
                yield document.name, line.partition("exec web ")[2]


@pytest.mark.parametrize(("document", "line"), list(_commands()))
def test_every_digest_command_in_a_document_can_be_typed(document: str, line: str) -> None:
    _, name, *rest = shlex.split(line, comments=True)
    if name.startswith("-"):
        return
    assert name in WHERE, f"{document}: {line}"
    module, _, attribute = WHERE[name][0].partition(":")
    command: click.Command = getattr(importlib.import_module(module), attribute)
    while isinstance(command, click.Group) and rest:
        found = command.commands.get(rest[0])
        assert found, f"{document}: {line}"
        command, rest = found, rest[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in rest:
        if word.startswith("--") and word != "--":
            assert word.partition("=")[0] in known, f"{document}: {line}"


def test_every_make_target_that_is_spoken_of_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    spoken = [*DOCUMENTS, ROOT / ".ci" / "run"]
    for path in spoken:
        for line in re.findall(
            r"(?:^|`)make (?:-C \S+ )?([a-z-]+)", path.read_text("utf-8"), re.MULTILINE
        ):
            assert line in targets, f"{path.name}: make {line}"


# ---- architecture --------------------------------------------------------------------------


def test_a_briefings_trip_is_at_most_ten_files_that_exist_with_what_is_named_in_them() -> None:
    trip = ARCHITECTURE.split("## A briefing's trip")[1].split("\n## ")[0]
    steps = re.findall(r"^\d+\. `([\w/.]+)` · ((?:`\w+`(?:, )?)+)", trip, re.MULTILINE)
    assert len(steps) == len(re.findall(r"^\d+\. ", trip, re.MULTILINE))
    assert 0 < len(steps) <= 10
    for file, names in steps:
        source = (ROOT / file).read_text("utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"^(?:def|class) {name}\b", source, re.MULTILINE), f"{file}: {name}"


def test_every_path_that_the_architecture_names_exists() -> None:
    for path in re.findall(
        r"`((?:config|digest|subscribers|workers|templates)/[\w/.]*)`", ARCHITECTURE
    ):
        assert (ROOT / path).exists(), path


def test_every_dependency_is_named_with_its_reason_and_none_that_is_gone() -> None:
    table = ARCHITECTURE.split("## What it is built of")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z][^|]*) \| ([^|]+) \|$", table, re.MULTILINE)
    named = {name.strip() for names, why in rows if why.strip() for name in names.split(",")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert named - {"dependency"} == {Requirement(one).name for one in wanted}
