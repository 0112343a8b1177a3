"""Logs: one line per event, for people or as JSON; set up alike for web, workers and commands."""

import logging
import re
import sys

import structlog
from django.conf import settings

_KEY = re.compile(r"(?<=/)(?:[\w-]{40}|\w{5,8}-[0-9a-f]{32,64})(?=/)", re.ASCII)
"""What makes a reader's or a staff link one's own, in a path."""


_ADDRESS = re.compile(r"([\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]*@(?=[\w-])")
"""An address up to its domain, whose first letter stays."""


def masked(text: str) -> str:
    """With readers' addresses as ``a…@example.org``, unless LOG_ADDRESSES says otherwise."""
    return text if settings.LOG_ADDRESSES else _ADDRESS.sub(r"\1…@", text)


def set_up() -> None:
    """Configure structlog and the standard library's logging by LOG_LEVEL and LOG_FORMAT."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_keys,
    ]
    if settings.LOG_FORMAT == "json":
        render: structlog.typing.Processor = structlog.processors.JSONRenderer()
        shared.append(structlog.processors.format_exc_info)
    else:
        # Not Rich's: it shows each frame's variables, among them passwords, addresses and tokens.
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,
        )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=render, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.LOG_LEVEL.upper())
    # One line for each tick and each task would drown what matters.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _without_keys(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Django names the path of what it answers with an error; in a log no link may stand that
    opens a page."""
    event["event"] = _KEY.sub("…", str(event["event"]))
    return event
