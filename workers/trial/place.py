"""Where a trial runs: a new folder and, on PostgreSQL, a new database, both removed after it.

The trial itself is another process, for the settings of this one are the user's.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from psycopg import sql

from digest.errors import Refused, Unreachable
from workers.demo.place import SETTINGS
from workers.trial.orphans import GRACE, guarded


def run(kind: str, module: str, asked: Mapping[str, Any]) -> int:
    """Run ``python -m module`` with what was asked for, as JSON; its exit status.

    The folder stays when that is not 0: its logs say why.
    """
    name = f"{kind}_{os.getpid()}"
    directory: Path = settings.DATA_DIR / name
    directory.mkdir(parents=True)
    with _database(name) as url:
        # The program's own settings must not be read from the user's .env: all are given.
        env = {**os.environ, **SETTINGS, "LOG_LEVEL": "warning", "DEBUG": "off"}
        env |= {"DATABASE_URL": url, "DATA_DIR": str(directory.absolute())}
        if settings.JOURNAL_FSYNC:
            env["JOURNAL_FSYNC"] = "on"
        status = _ended([sys.executable, "-P", "-m", module, json.dumps(dict(asked))], env)
    if status == 0:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        sys.stderr.write(f"digest: What it did and logged is kept in {directory}\n")
    return status


def _ended(command: list[str], env: Mapping[str, str]) -> int:
    """Its exit status; signals are its to act on, so that it can put everything away."""
    with guarded() as guard, subprocess.Popen(command, env=env) as process:
        guard.watch(process, rank=0, grace=GRACE)  # SIGTERM lets it put everything away
        before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells it too
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            return process.wait()
        finally:
            guard.ended(process)
            for one, handler in before.items():
                signal.signal(one, handler)


@contextmanager
def _database(name: str) -> Iterator[str]:
    """The URL of a database of this name on the user's server; "" where they use SQLite."""
    server = urlsplit(settings.DATABASE_URL)
    if not server.scheme.startswith("postgres"):
        yield ""
        return
    own = f"{server.path.strip('/') or 'digest'}_{name}"
    _execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(own)))
    try:
        yield urlunsplit(server._replace(path=f"/{own}"))
    finally:
        _execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(own)))


def _execute(statement: sql.Composed) -> None:
    try:
        with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as problem:
        raise Refused(
            "A trial needs a database of its own on that server, and this user may not make "
            "one; nothing was changed. ALTER ROLE … CREATEDB, or unset DATABASE_URL to try it "
            "on SQLite."
        ) from problem
    except psycopg.Error as problem:
        raise Unreachable(f"The database server said: {str(problem).strip()}") from problem
