"""``digest drill``: believe us."""

import secrets

import click

from workers.trial import place


@click.command()
@click.option("--messages", default=5000, show_default=True, type=click.IntRange(100, 1_000_000))
@click.option(
    "--kills", default=8, show_default=True, type=click.IntRange(0, 1000),
    help="Sending processes to kill -9.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0), help="Repeats a plan; without it a new one.")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64),
    help="Processes that send.",
)  # fmt: skip
@click.option(
    "--restart-database", "restart", default="", metavar="COMMAND",
    help="A shell command that restarts PostgreSQL, to be run in mid-send.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def drill(ctx: click.Context, /, seed: int | None, restart: str, **asked: int | bool) -> None:
    """Kill the program's own workers in mid-send, and count who got what.

    Against a built-in sink, in a folder and database of its own beside yours, which are
    removed afterwards. Ends with status 0 only when nobody was lost and nobody mailed twice.
    """
    chosen = secrets.randbelow(10_000) if seed is None else seed
    ctx.exit(place.run("drill", "workers.drill", {**asked, "seed": chosen, "restart": restart}))
