"""``digest up``, in two steps.

``become_supervisor`` takes the lock, binds the ports, says in the environment where broker
and mailbox will be, and replaces its own process: so the settings are read anew with all
that in them.  ``main``, in the fresh one, brings the database up to date and runs the parts.
"""

import contextlib
import errno
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from digest.errors import DigestError, Unreachable
from workers.embedded import broker, lock, systemd

if TYPE_CHECKING:
    from workers.embedded.supervisor import Supervisor

_PLAN = "DIGEST_UP"  # the environment variable that carries the plan from step to step


@dataclass(frozen=True)
class Wish:
    """What is to be run."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int | None = 8000  # 0: any that is free; None: no pages
    ports: int = 1  # that many are tried, from ``port`` on
    workers: int = 2  # bulk worker processes
    with_broker: bool = True
    with_mailbox: bool = True
    door: tuple[str, int] | None = None  # where mails are handed over to us
    story: str = ""  # "module.function" to run once all is up, in place of our own lines
    stays: bool = False  # go on when the story ends well


@dataclass(frozen=True)
class Plan:
    """What the second step does; numbers are open files that it inherits."""

    locks: tuple[int, int]
    workers: int
    web: int | None
    mailbox: int | None
    door: int | None
    program: str  # the embedded broker's; its directory; the note that names that
    directory: str
    note: str
    story: str
    stays: bool


def say(line: str) -> None:
    """One line for the person at the console, should there still be one."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


# ---- first step ----------------------------------------------------------------------
def become_supervisor(wish: Wish, when_locked: Callable[[], None] = lambda: None) -> NoReturn:
    """Take the lock and the ports and run what is wished for in this process's place.

    Raises Unreachable (status 3) when one runs already in this DATA_DIR or the port is
    taken; nothing was started then.
    """
    locks = lock.take(wish.data_dir, say)
    note = wish.data_dir / "broker"
    broker.end_leftover(note)
    when_locked()
    web = None if wish.port is None else _bind_one_of(wish.host, wish.port, wish.ports)
    mailbox = _bind("127.0.0.1", 0) if wish.with_mailbox else None
    door = _bind(*wish.door) if wish.door else None
    if web:  # for this and for other commands, unless BASE_URL is set
        (wish.data_dir / "base-url").write_text(f"http://127.0.0.1:{_port(web)}\n")
    if mailbox:
        os.environ["DIGEST_MAILBOX_HOST"] = "127.0.0.1"
        os.environ["DIGEST_MAILBOX_PORT"] = str(_port(mailbox))
    ours = broker.make() if wish.with_broker else None
    if ours:
        note.write_text(f"{ours.directory}\n")
        os.environ["REDIS_URL"] = ours.url
    plan = Plan(
        locks=locks,
        workers=wish.workers,
        web=web.fileno() if web else None,
        mailbox=mailbox.fileno() if mailbox else None,
        door=door.fileno() if door else None,
        program=ours.program if ours else "",
        directory=str(ours.directory) if ours else "",
        note=str(note),
        story=wish.story,
        stays=wish.stays,
    )
    os.environ[_PLAN] = json.dumps(asdict(plan))
    _for_forks_and_celery()
    for file in (*locks, plan.web, plan.mailbox, plan.door):
        if file is not None:
            os.set_inheritable(file, True)
    # -P: a folder called "workers" where the command was typed must not be taken for ours.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "workers.embedded.up"])  # noqa: S606


def _bind_one_of(host: str, first: int, ports: int) -> socket.socket:
    for port in range(first, first + ports - 1):
        try:
            return _bind(host, port)
        except Unreachable:
            say(f"Port {port} is taken by another program; trying {port + 1}.")
    return _bind(host, first + ports - 1)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(512)
    except OSError as problem:
        listening.close()
        raise Unreachable(_why_not(host, port, problem)) from problem
    return listening


def _why_not(host: str, port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program; nothing was started. "
            f"End that one, or choose another port: --port {port + 1}"
        )
    if problem.errno == errno.EACCES:
        return (
            f"Port {port} on {host} is not for ordinary users; nothing was started. "
            "Choose one above 1023: --port 8000"
        )
    return (
        f"Can't listen on {host} port {port} ({problem.strerror or problem}); nothing was "
        "started. Name an address of this machine: --host 127.0.0.1"
    )


def _port(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


def _for_forks_and_celery() -> None:
    # Django's checks of the models are the tests' to run, not each worker's at each start.
    os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
    if sys.platform == "darwin":
        # Else macOS ends forks of a process that once touched one of its frameworks.
        os.environ.setdefault("OBJC_DISABLE_INITIALIZE_FORK_SAFETY", "YES")
        os.environ.setdefault("PGGSSENCMODE", "disable")


# ---- second step ---------------------------------------------------------------------
def main() -> int:
    """Bring the database up to date and run the parts; the exit status."""
    plan = Plan(**json.loads(os.environ.pop(_PLAN)))
    for file in (*plan.locks, plan.web, plan.mailbox, plan.door):
        if file is not None:
            os.set_inheritable(file, False)
    try:
        return _prepared_and_run(plan)
    except DigestError as problem:
        sys.stderr.write(f"digest: {problem}\n")
        return problem.status
    except KeyboardInterrupt:
        return 130
    finally:
        if plan.directory:
            shutil.rmtree(plan.directory, ignore_errors=True)
            Path(plan.note).unlink(missing_ok=True)


def _prepared_and_run(plan: Plan) -> int:
    import django

    django.setup()
    from digest.database import bring_up_to_date, told

    with told():
        bring_up_to_date()
    return _run(plan)


def _start_broker(plan: Plan, watcher: "Supervisor") -> None:
    """Start ours, or see that the one asked for answers: nothing runs without."""
    from django.conf import settings

    from workers.embedded import parts

    if not plan.program:
        if why := broker.silence(settings.REDIS_URL, seconds=3):
            raise Unreachable(
                f"The broker that REDIS_URL names does not answer ({why}); nothing was started. "
                "Start it, or unset REDIS_URL to have one started beside the program."
            )
        return
    part = parts.broker(broker.Broker(plan.program, Path(plan.directory)))
    watcher.forget(Path(plan.directory))
    watcher.start(part)
    if why := broker.silence(settings.REDIS_URL):
        raise Unreachable(
            f"The broker {plan.program} does not start ({why}); nothing was sent. "
            f"{watcher.log_of('broker')} says more; or set REDIS_URL to one that runs."
        )
    watcher.up(part)


def _run(plan: Plan) -> int:
    from django.conf import settings
    from django.db import connections

    from workers.embedded import parts
    from workers.embedded.supervisor import Supervisor

    waiting = systemd.awaits()
    parts.load()
    connections.close_all()

    watcher = Supervisor(
        settings.DATA_DIR / "log", say, own=[plan.locks[1]], quiet=bool(plan.story)
    )
    _start_broker(plan, watcher)
    if plan.mailbox is not None:
        shown = f"{settings.BASE_URL}/mailbox/"
        watcher.start(parts.mailbox(socket.socket(fileno=plan.mailbox), watcher.is_up, shown))
    if plan.door is not None:
        watcher.start(parts.door(socket.socket(fileno=plan.door), watcher.is_up))
    if plan.web is not None:
        watcher.start(parts.web(socket.socket(fileno=plan.web), watcher.is_up))
    watcher.start(parts.worker("urgent", "tick,urgent", 2, watcher.is_up))
    watcher.start(parts.worker("bulk", "bulk,import", plan.workers, watcher.is_up))
    watcher.start(parts.schedule(watcher.is_up))

    def when_up() -> None:
        if plan.story:
            watcher.start(parts.story(plan.story, stays=plan.stays))
        else:
            say(f"Digest is at {settings.BASE_URL}/ · Ctrl-C ends")
        systemd.ready(waiting)

    return watcher.watch(when_up)


if __name__ == "__main__":
    sys.exit(main())
