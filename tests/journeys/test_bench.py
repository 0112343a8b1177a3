"""``digest bench`` sends for real, and says how fast."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.journeys.system import System
from workers.sink import Sink


def test_a_small_bench_measures_every_step(tmp_path_factory: pytest.TempPathFactory) -> None:
    system = System(tmp_path_factory.mktemp("var"))
    told = system.json("bench", "--messages", "300", "--workers", "1")
    assert told["correct"]
    assert told["octets"] > 40_000
    for figure in ("per_second", "cpu_ms", "ledger_us", "fill_per_second", "memory_mb"):
        assert told[figure] > 0, figure
    assert list(system.data_dir.glob("bench_*")) == [], "its folder is still there"


def test_a_bench_signs_and_uses_another_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    system, got = System(tmp_path_factory.mktemp("var")), list[bytes]()
    with relay(got) as port:
        told = system.json(
            "bench", "--messages", "200", "--workers", "1", "--connections", "3",
            "--relay", str(port), "--dkim",
        )  # fmt: skip
    assert told["correct"]
    assert told["connections"] == 3
    assert told["per_second"] > 0
    assert len(got) == 200
    assert all(message.startswith(b"DKIM-Signature: ") for message in got)


@contextmanager
def relay(got: list[bytes]) -> Iterator[int]:
    """The port of a server that keeps what it is given, and no record."""
    loop = asyncio.new_event_loop()
    sink = Sink(keep=lambda _sender, _recipients, message: got.append(message))
    server = loop.run_until_complete(sink.serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(sink.hang_up)
    loop.call_soon_threadsafe(lambda: loop.call_later(0.1, loop.stop))
    thread.join()
    loop.close()
