"""digest render."""

import json
import time
from pathlib import Path

import click

from digest import editions, updates
from digest.depths import Depths
from digest.errors import Unreachable
from digest.rendering.tokens import Field, fill_html, fill_text
from workers import specimen
from workers.mailings import freeze_or_refuse


@click.command()
@click.argument("update")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the files; made where it is absent.",
)
@click.option("--segment", metavar="NAME", help="As this segment gets it.")
@click.option(
    "--depth",
    type=click.Choice(Depths.values),
    help="How its items are shown: as arranged, all in full, or all short.",
)
def render(update: str, out: Path, segment: str | None, depth: str | None) -> None:
    """Write an update's mail to DIR: update.mjml, .html, .txt, .eml and report.json."""
    found = updates.find(update)
    asked = [one["variant"] for one in freeze_or_refuse([segment] if segment else [])]
    variant = depth or next(iter(asked), Depths.ARRANGED.value)
    view = editions.view_of(found, variant=variant)
    editions.rendered(view)  # starts the renderer, which a warm system has already
    began = time.perf_counter()
    email = editions.rendered(view)
    report = editions.checked(found, view, email)
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    edition = editions.frozen(found, variant) or editions.made(
        view, email, found.topic, found, variant
    )
    message = specimen.message(found, edition)
    files = {
        "update.mjml": email.mjml.encode(),
        "update.html": fill_html(edition.html, edition.nonce, _values()).encode(),
        "update.txt": fill_text(edition.text, edition.nonce, _values()).encode(),
        "update.eml": message,
        "report.json": json.dumps(
            {
                "update": found.ref,
                "subject": edition.subject,
                "bytes": {
                    "html": len(edition.html.encode()),
                    "text": len(edition.text.encode()),
                    "message": len(message),
                },
                "ms": milliseconds,
                **report.as_json(),
            },
            indent=2,
            ensure_ascii=False,
        ).encode(),
    }
    _write(out, files)
    click.echo(f"Wrote {', '.join(files)} to {out}.")


def _values() -> dict[Field, str]:
    return {
        Field.NAME: specimen.READER.name,
        Field.ADDRESS: specimen.READER.address,
        Field.UNSUBSCRIBE_URL: "#unsubscribe",
        Field.PREFERENCES_URL: "#preferences",
    }


def _write(out: Path, files: dict[str, bytes]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_bytes(content)
    except OSError as problem:
        raise Unreachable(
            f"{out} can't be written to ({problem.strerror}); name another folder with --out."
        ) from None
