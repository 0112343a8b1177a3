"""``python -m workers.sink --port 0 --record FILE``: prints its port, serves until SIGTERM.

With ``--api postmark`` it stands for that provider's HTTP API instead of a relay.
"""

import asyncio
import re
import signal
import sys
from pathlib import Path

import click

from workers.feedback.providers import Provider
from workers.sink import Manners, Sink
from workers.sink.api import NAMES, Api


async def _serve(sink: Sink | Api, port: int) -> None:
    server = await sink.serve(port=port)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await stop.wait()


@click.command()
@click.option("--port", default=0, help="0: any free one.")
@click.option("--record", type=click.Path(path_type=Path), help="Each accepted recipient, a line.")
@click.option("--api", default="", type=click.Choice(["", *NAMES]), help="Whose API.")
@click.option("--no-pipelining", is_flag=True)
@click.option("--defer", default="(?!)", help="450 for recipients that match.")
@click.option("--refuse", default="(?!)", help="550 for recipients that match.")
@click.option("--drop-before", default="(?!)", help="Hang up before the body, once each.")
@click.option("--drop-after", default="(?!)", help="Hang up instead of 250, once each.")
@click.option("--per-connection", default=0, help="Messages before 421.")
@click.option("--latency", default=0.0, help="Seconds by which replies come late.")
@click.option("--drip", default=0.0, help="Seconds between the octets of a reply.")
def main(
    port: int, record: Path | None, api: str, no_pipelining: bool, per_connection: int,
    latency: float, drip: float, **patterns: str,
) -> None:  # fmt: skip
    """Take mail on loopback and throw it away."""
    compiled = {name: re.compile(pattern.encode()) for name, pattern in patterns.items()}
    manners = Manners(
        pipelining=not no_pipelining,
        per_connection=per_connection,
        latency=latency,
        drip=drip,
        **compiled,
    )
    sink = Sink(manners, record)
    asyncio.run(_serve(Api(Provider(api), sink) if api else sink, port))


if __name__ == "__main__":
    main()
