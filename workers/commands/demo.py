"""``digest demo``: the main job on sample briefings, in a data directory of its own."""

import os
from functools import partial

import click
from django.conf import settings

from workers.demo import place
from workers.embedded.up import Wish, become_supervisor


@click.command()
@click.option("--once", is_flag=True, help="End after the balance sheets; serve no pages.")
def demo(once: bool) -> None:
    """Run the main job on sample briefings, then serve the pages until Ctrl-C.

    Three updates are assembled, rendered, approved and sent to 200 made-up readers, into the
    built-in mailbox. It has a data directory of its own, made anew each time. Ends with
    status 0 only when every delivery is accounted for.
    """
    directory = settings.DATA_DIR / "demo"
    place.claim(directory)
    os.environ.update(place.SETTINGS, DATA_DIR=str(directory))
    click.echo(f"Starting a demo in {directory}; nothing else is touched.\n")
    become_supervisor(
        Wish(
            data_dir=directory,
            port=None if once else 8000,
            ports=20,
            story=f"workers.demo.run.{'once' if once else 'and_serve'}",
            stays=not once,
        ),
        when_locked=partial(place.clear, directory),
    )
