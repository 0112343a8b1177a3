"""``digest drill``: believe us."""

import secrets

import click

from workers.drill import series
from workers.sink.api import NAMES
from workers.trial import place


def _seeds(_ctx: click.Context, _param: click.Parameter, text: str) -> list[int]:
    try:
        return series.seeds(text) if text else []
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


@click.command()
@click.option("--messages", default=5000, show_default=True, type=click.IntRange(100, 1_000_000))
@click.option(
    "--kills", default=8, show_default=True, type=click.IntRange(0, 1000),
    help="Sending processes to kill -9.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Repeats a plan; without it a new one.")
@click.option(
    "--seeds", default="", metavar="1-10", callback=_seeds,
    help="One drill for each of these, a line for each.",
)  # fmt: skip
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64),
    help="Processes that send.",
)  # fmt: skip
@click.option(
    "--restart-database", "restart", default="", metavar="COMMAND",
    help="A shell command that restarts PostgreSQL, to be run in mid-send.",
)  # fmt: skip
@click.option(
    "--api", default="", type=click.Choice(["", *NAMES]), metavar="PROVIDER",
    help="Send as by this provider's HTTP API, to a stand-in for it.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def drill(
    ctx: click.Context, /, seed: int | None, seeds: list[int], restart: str, api: str,
    as_json: bool, **asked: int,
) -> None:  # fmt: skip
    """Kill the program's own workers in mid-send, and count who got what.

    Against a built-in sink, in a folder and database of its own beside yours, which are
    removed afterwards. Ends with status 0 only when nobody was lost and nobody mailed twice.
    """
    words = {**asked, "restart": restart, "api": api}
    if seeds:
        if seed is not None:
            raise click.UsageError("--seed and --seeds exclude each other.")
        ctx.exit(series.run(seeds, words, as_json=as_json))
    chosen = secrets.randbelow(10_000) if seed is None else seed
    ctx.exit(place.run("drill", "workers.drill", {**words, "seed": chosen, "as_json": as_json}))
