"""The Celery application.  A message is a wake-up that carries ids; the database is the truth.

Start with ``celery -A workers.celery worker -Q bulk,import`` (or ``tick,urgent``), and one
``celery -A workers.celery beat``; a second beat does no harm.
"""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import (
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("C_FORCE_ROOT", "1")  # messages are JSON: nothing is unpickled

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import close_old_connections  # noqa: E402

TICK = 1.0
"""Seconds between two looks at what is due."""

app = Celery("digest", broker=settings.REDIS_URL or "redis://127.0.0.1:6379/0")
app.conf.update(
    accept_content=["json"],
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 3600,  # far above the longest task, so that none runs twice
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
    },
    enable_utc=True,
    imports=[  # they listen for Celery's signals
        "workers.presence",
        "workers.drain",
        "workers.watch.watching",
        *(["workers.bench.meter"] if "DIGEST_METER" in os.environ else []),
    ],
    # A message is a hint, and the next tick gives another: it is done with when it is taken. To
    # acknowledge it later could fail, the broker being away just then, and each such failure
    # costs the worker one of its places for good, until it takes nothing more.
    task_acks_late=False,
    task_create_missing_queues=True,
    task_default_queue="bulk",
    task_ignore_result=True,
    task_routes={
        "workers.tasks.tick": {"queue": "tick"},
        "workers.tasks.send_urgent": {"queue": "urgent"},
        "workers.tasks.read_feed": {"queue": "import"},
        "workers.tasks.import_list": {"queue": "import"},
        # Not urgent: a server that is slow to answer must not keep confirmations waiting.
        "workers.tasks.read_inbox": {"queue": "import"},
        "workers.tasks.look_at_route": {"queue": "import"},
        "workers.tasks.examine": {"queue": "import"},
        "workers.tasks.*": {"queue": "bulk"},
    },
    task_soft_time_limit=120,
    task_time_limit=180,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    beat_schedule={
        # A tick that waited longer than the next one is due says nothing new.
        "tick": {"task": "workers.tasks.tick", "schedule": TICK, "options": {"expires": 5}},
    },
    beat_max_loop_interval=1,
    beat_scheduler="workers.clockwork:Scheduler",
    # Celery would open the database anew for every task, which takes as long as a tick does;
    # ``_reuse`` closes what broke.
    CELERY_DB_REUSE_MAX=10_000,
)
app.autodiscover_tasks(["workers"])


@worker_init.connect
def _same_key(**_: object) -> None:
    from digest.database import refuse_another_key

    refuse_another_key()


@worker_process_init.connect
def _collect_seldom(**_: object) -> None:
    """What was imported stays for good, and a batch's rows die without the collector: looking
    through both again and again cost one tenth of the sending."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@task_prerun.connect
@task_postrun.connect
def _reuse(task: Any = None, **_: object) -> None:
    """As Django does around a request: close what broke or is old, and keep the rest."""
    if not task.request.is_eager:
        close_old_connections()


@setup_logging.connect
def _logs(**_: object) -> None:
    from digest.logs import set_up

    set_up()
