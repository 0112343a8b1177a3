"""Where a trial runs: a new folder and, on PostgreSQL, a new database, both removed after it.

The trial itself is another process, for the settings of this one are the user's.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
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

    The folder stays when that is not 0: its logs say why.  A database stays where the trial
    says that something is wrong, to be looked at.
    """
    return _run(kind, module, asked, None)[0]


def heard(kind: str, module: str, asked: Mapping[str, Any]) -> tuple[int, str]:
    """The same, and what it wrote to its standard output."""
    return _run(kind, module, asked, subprocess.PIPE)


def _run(kind: str, module: str, asked: Mapping[str, Any], out: int | None) -> tuple[int, str]:
    name = f"{kind}_{os.getpid()}"
    directory: Path = settings.DATA_DIR / name
    directory.mkdir(parents=True)
    kept = [str(directory)]
    status, url = _INTERRUPTED, _make_database(name)
    try:
        # The program's own settings must not be read from the user's .env: all are given.
        env = {**os.environ, **SETTINGS, **_UNSIGNED, "LOG_LEVEL": "warning", "DEBUG": "off"}
        env |= {"DATABASE_URL": url, "DATA_DIR": str(directory.absolute())}
        if settings.JOURNAL_FSYNC:
            env["JOURNAL_FSYNC"] = "on"
        status, said = _ended([sys.executable, "-P", "-m", module, json.dumps({**asked})], env, out)
    finally:
        if url and status == _WRONG:
            kept.append(f"the database {_own(name)}")
        elif url:
            _execute(_DROP.format(sql.Identifier(_own(name))))
    if status == 0:
        shutil.rmtree(directory, ignore_errors=True)
    else:
        sys.stderr.write(f"digest: What it did and logged is kept in {' and '.join(kept)}\n")
    return status, said


def _ended(command: list[str], env: Mapping[str, str], out: int | None) -> tuple[int, str]:
    """Its exit status and output; signals are its to act on, so that it can put all away."""
    with guarded() as guard, subprocess.Popen(command, env=env, stdout=out, text=True) as process:
        guard.watch(process.pid, rank=0, grace=GRACE)  # SIGTERM lets it put everything away
        before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells it too
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            said, _ = process.communicate()
            return process.returncode, said or ""
        finally:
            guard.ended(process.pid)
            for one, handler in before.items():
                signal.signal(one, handler)


_UNSIGNED = dict.fromkeys(("DKIM_DOMAIN", "DKIM_SELECTOR", "DKIM_KEY_FILE"), "")
_INTERRUPTED = 130
_WRONG = 1
"""A trial's exit status where what it tried does not hold."""

_DROP = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")


def _make_database(name: str) -> str:
    """The URL of a new one for this trial on the user's server; "" where they use SQLite."""
    server = urlsplit(settings.DATABASE_URL)
    if not server.scheme.startswith("postgres"):
        return ""
    _execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_own(name))))
    return urlunsplit(server._replace(path=f"/{_own(name)}"))


def _own(name: str) -> str:
    return f"{urlsplit(settings.DATABASE_URL).path.strip('/') or 'digest'}_{name}"


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
