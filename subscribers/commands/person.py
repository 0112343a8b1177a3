"""digest subscribers dossier, revoke and erase: one person, and what is held of them."""

import json
from typing import Any

import click

from digest.audit import audit
from subscribers import erasing, fresh_links
from subscribers.dossier import dossier as held
from subscribers.dossier import named


@click.command()
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def dossier(address: str, as_json: bool) -> None:
    """Everything that is held about the person with this address."""
    found = held(named(address))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for key, value in found.items():
        _say(key, value)


@click.command()
@click.argument("address")
def revoke(address: str) -> None:
    """Let the links that this person was sent so far lead nowhere, but for those to leave.

    For somebody whose links another has. The next update brings them new ones.
    """
    person = named(address)
    fresh_links.revoke(person)
    audit("command line", "revoked the links of", person.ref)
    click.echo(
        f"Links sent to {person.email} so far lead nowhere now, but for those to leave. New ones "
        "come with the next update, or by the page /links/."
    )


@click.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
def erase(address: str, yes: bool) -> None:
    """Forget the person with this address; only a hash is kept, so that no list brings them back.

    It can't be undone.
    """
    person = named(address)
    if not yes:
        click.confirm(f"Forget {person.email} for good?", abort=True)
    erasing.erase(person, by="command line")
    click.echo(f"Forgot {person.email}. Of the address a hash is kept, so that no list brings "
               "it back.")  # fmt: skip


def _say(key: str, value: Any) -> None:
    if not isinstance(value, list):
        if value not in ("", None, {}):
            click.echo(f"{key}: {_line(value)}")
        return
    click.echo(f"{key}: {len(value)}")
    for one in value:
        click.echo(f"  {_line(one)}")


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_line(one)}" for key, one in value.items() if one)
    return str(value)
