"""Every benchmark can be started: they lean on each other, and nobody runs them each day."""

import importlib
from pathlib import Path

import pytest

import benchmarks

MODULES = sorted(path.stem for path in Path(benchmarks.__file__).parent.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_finds_all_that_it_is_made_of(name: str) -> None:
    importlib.import_module(f"benchmarks.{name}")
