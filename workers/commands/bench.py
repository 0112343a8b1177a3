"""``digest bench``: how fast this machine sends."""

import click

from workers.trial import place


@click.command()
@click.option("--messages", default=20_000, show_default=True, type=click.IntRange(100))
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64),
    help="Processes that send.",
)  # fmt: skip
@click.option(
    "--sink", default="", metavar="PROGRAM",
    help="Another sink than the built-in one, called like it.",
)  # fmt: skip
@click.option(
    "--relay", default=0, metavar="PORT", type=click.IntRange(0, 65535),
    help="Instead of a sink: a server that listens on this port here and throws mail away.",
)  # fmt: skip
@click.option(
    "--connections", default=8, show_default=True, type=click.IntRange(1, 200),
    help="Of each worker.",
)  # fmt: skip
@click.option(
    "--latency", default=0.0, metavar="SECONDS", type=click.FloatRange(0, 10),
    help="By which the built-in sink answers late.",
)  # fmt: skip
@click.option("--dkim", is_flag=True, help="Sign each message, with an RSA key of 2048 bits.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def bench(ctx: click.Context, /, **asked: int | float | str | bool) -> None:
    """Measure how fast this machine sends: through Celery, ledger and journal, into a sink.

    In a folder and database of its own beside yours, which are removed afterwards.
    """
    ctx.exit(place.run("bench", "workers.bench", asked))
