"""Sentences on a terminal, as wide as it is and no wider than can be read."""

import shutil

import click

WIDEST = 100


def say(text: str, indent: int = 0) -> None:
    """One paragraph, wrapped."""
    width = min(WIDEST, shutil.get_terminal_size().columns)
    room = " " * indent
    click.echo(click.wrap_text(text, width, initial_indent=room, subsequent_indent=room))
