"""Real servers for the journeys: started once, a database and a key space of its own for each."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.servers import postgres
from workers.embedded import broker


@pytest.fixture
def postgres_url(tmp_path: Path) -> str:
    """An empty database on a PostgreSQL of this test run."""
    server = postgres()
    name = f"t{abs(hash(tmp_path)):x}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A Redis or Valkey of the test's own."""
    server = broker.make()
    process = subprocess.Popen(server.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        assert broker.silence(server.url) == ""
        yield server.url
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(server.directory, ignore_errors=True)
