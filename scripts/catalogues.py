"""Bring templates/locale/*.po up to what templates and code say.

    python scripts/catalogues.py        # every catalogue there is
    python scripts/catalogues.py fr     # and a new one

What is new gets an empty translation; what nobody says any more is dropped.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po
from django.template.base import Lexer, TokenType
from django.utils.text import unescape_string_literal
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "templates" / "locale"
PACKAGES = ("digest", "subscribers", "workers")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "message": None}
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def main(languages: list[str]) -> int:
    """Write the catalogues; 1 where something waits for its translation."""
    missing = 0
    for lang in sorted({path.stem for path in FOLDER.glob("*.po")} | set(languages)):
        catalogue = updated(lang)
        with (FOLDER / f"{lang}.po").open("wb") as file:
            write_po(file, catalogue, width=100, ignore_obsolete=True, include_lineno=False)
        empty = sum(not translated(entry.string) for entry in catalogue if entry.id)
        print(f"{lang}: {len(catalogue)} texts, {empty} to translate")  # noqa: T201
        missing += empty
    return bool(missing)


def updated(lang: str) -> Catalog:
    """The language's catalogue with exactly the texts that are said today."""
    path, locale = FOLDER / f"{lang}.po", lang.replace("-", "_")
    catalogue = Catalog(locale=locale, project="Digest", header_comment="#", fuzzy=False)
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale)
    catalogue.update(said(), no_fuzzy_matching=True, update_creation_date=False)
    return catalogue


def translated(string: Any) -> bool:
    """Whether nothing of it is empty: a text, or its plurals."""
    return all(string) if isinstance(string, tuple) else bool(string)


def said() -> Catalog:
    """Every text that templates and code say, with the files that say it."""
    found = Catalog(fuzzy=False)
    emails, pages = ROOT / "templates" / "emails", ROOT / "templates" / "pages"
    for path in sorted([*emails.rglob("*.mjml"), *emails.rglob("*.txt")]):
        _add(found, path, babel_extract, JINJA)
    for path in sorted(pages.rglob("*.html")):
        _add(found, path, extract_page, {})
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            _add(found, path, "python", {})
    return found


def extract_page(
    file: IO[bytes], _keywords: Any, _comment_tags: Any, **_options: Any
) -> Iterator[tuple[int, str, Any, list[str]]]:
    """Babel's extractor for Django's templates: the literals of ``say`` and ``say_n``."""
    for token in Lexer(file.read().decode()).tokenize():
        parts = token.split_contents() if token.token_type == TokenType.BLOCK else []
        if parts and parts[0] == "say":
            yield token.lineno or 0, "gettext", unescape_string_literal(parts[1]), []
        elif parts and parts[0] == "say_n":
            both = tuple(map(unescape_string_literal, parts[1:3]))
            yield token.lineno or 0, "ngettext", both, []


def _add(found: Catalog, path: Path, method: Any, options: dict[str, str]) -> None:
    where = str(path.relative_to(ROOT))
    for _, text, _, _ in extract_from_file(method, path, keywords=KEYWORDS, options=options):
        found.add(text, locations=[(where, None)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
