"""What the system is made of, and how each part runs in its own process."""

import os
import socket
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from billiard.util import get_pdeathsig  # type: ignore[attr-defined]  # its types lack it
from celery import signals
from celery.exceptions import SecurityWarning
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from django.utils.module_loading import import_string
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it has no types

from digest import logs
from workers.celery import app
from workers.embedded.broker import Broker
from workers.embedded.supervisor import Part
from workers.inbound import door as inbound_door
from workers.mailbox import smtp
from workers.wakeups import wake

_SHARED = (
    "billiard.heap",
    "billiard.popen_fork",
    "billiard.sharedctypes",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.app.trace",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.prefork",
    "celery.contrib.django.task",
    "celery.worker.autoscale",
    "celery.worker.consumer",
    "celery.worker.consumer.delayed_delivery",
    "celery.worker.control",
    "celery.worker.strategy",
    "gunicorn.glogging",
    "gunicorn.workers.gthread",
    "kombu.transport.redis",
    "workers.clockwork",
    "workers.tasks",
)
IsUp = Callable[[str], None]
_DRAIN = 40.0  # seconds a worker has to hand back what it sends: 25 of its own, and some


def load() -> None:
    """Import, before the forks, what the parts would else each import: time and memory, once."""
    for module in _SHARED:
        import_module(module)
    app.loader.import_default_modules()
    app.finalize()
    with suppress(OSError):  # reads C, for which it makes a parser: 4 MB in each pool's child
        get_pdeathsig()
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns where it isn't
    get_wsgi_application()
    _ = get_resolver().url_patterns


def broker(ours: Broker) -> Part:
    """The embedded Redis or Valkey.  Ends last; whoever runs without it only waits."""

    def run() -> None:
        os.execv(ours.program, ours.argv)  # noqa: S606  (a fixed program and words)

    return Part(
        "broker",
        run,
        says=f"broker    {Path(ours.program).name} on a private socket",
        rank=3,
        orphaned=0,  # the workers still need it; the next start ends one that was left
    )


def mailbox(listening: socket.socket, is_up: IsUp, where: str) -> Part:
    """The built-in relay, which keeps what it is given and shows it."""

    def run() -> None:
        directory = settings.DATA_DIR / "mailbox"
        smtp.serve(listening, directory, when_up=lambda: is_up("mailbox"))

    return Part(
        "mailbox", run, says=f"mailbox   keeps the mails: {where}", rank=2, orphaned=smtp.LINGER
    )


def door(listening: socket.socket, is_up: IsUp) -> Part:
    """Where a mail server hands over bounces, complaints, and mails that unsubscribe."""

    def run() -> None:
        inbound_door.serve(listening, when_up=lambda: is_up("door"))

    host, port = listening.getsockname()[:2]
    return Part("door", run, says=f"door      takes mails at {host} port {port}", rank=1)


def web(listening: socket.socket, is_up: IsUp) -> Part:
    """The pages, by gunicorn with eight threads."""

    def run() -> None:
        _Web(listening, lambda: is_up("web")).run()

    host, port = listening.getsockname()[:2]
    return Part("web", run, says=f"web       {host} port {port}", rank=1, grace=10)


def worker(name: str, queues: str, processes: int, is_up: IsUp) -> Part:
    """Celery with ``processes`` children that take from ``queues``."""

    def run() -> None:
        _no_word_about_root()
        signals.worker_ready.connect(lambda **_: is_up(name), weak=False)
        one = app.Worker(
            queues=queues,
            concurrency=processes,
            hostname=f"{name}-{os.getpid()}@{socket.gethostname()}",
            loglevel=settings.LOG_LEVEL,
            quiet=True,
            # Workers find each other through the database; these only cost time and memory.
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        one.start()
        sys.exit(one.exitcode)

    says = f"{name:<10}{processes} worker processes for {queues.replace(',', ' and ')}"
    return Part(name, run, says=says, grace=_DRAIN, crash_grace=10)


def schedule(is_up: IsUp) -> Part:
    """Celery beat.  It keeps nothing: what is due stands in the database."""

    def run() -> None:
        def begun(**_: object) -> None:
            wake("tick")  # beat's own first comes a second later: somebody may wait for it
            is_up("schedule")

        signals.beat_init.connect(begun, weak=False)
        app.Beat(loglevel=settings.LOG_LEVEL, quiet=True).run()

    return Part("schedule", run, says="schedule  looks for due work every second")


def story(named: str, *, stays: bool) -> Part:
    """Something that is done while all the rest runs: a demo."""

    def run() -> None:
        logs.for_a_command()
        sys.exit(import_string(named)())

    return Part("story", run, once=True, stays=stays)


class _Web(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, listening: socket.socket, when_up: Callable[[], None]) -> None:
        self._listening = listening
        self._when_up = when_up
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            # The socket is the supervisor's, so that a port taken is told before anything
            # starts, and nobody is refused while this part is started again.
            "bind": [f"fd://{self._listening.fileno()}"],
            "worker_class": "gthread",
            "workers": 1,
            "threads": 8,
            "graceful_timeout": 5,
            "timeout": 60,
            "control_socket_disable": True,
            "loglevel": settings.LOG_LEVEL,
            "logger_class": "digest.weblog.Logger",
            "post_worker_init": lambda _: self._when_up(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> object:
        return get_wsgi_application()


def _no_word_about_root() -> None:
    """Celery warns on standard error whenever it runs as root; only JSON is accepted here."""
    warnings.simplefilter("ignore", SecurityWarning)
