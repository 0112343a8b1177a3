"""``digest bench`` sends for real, and says how fast."""

import pytest

from tests.journeys.system import System


def test_a_small_bench_measures_every_step(tmp_path_factory: pytest.TempPathFactory) -> None:
    system = System(tmp_path_factory.mktemp("var"))
    told = system.json("bench", "--messages", "300", "--workers", "1")
    assert told["correct"]
    assert told["octets"] > 40_000
    for figure in ("per_second", "cpu_ms", "ledger_us", "fill_per_second", "memory_mb"):
        assert told[figure] > 0, figure
    assert list(system.data_dir.glob("bench_*")) == [], "its folder is still there"
