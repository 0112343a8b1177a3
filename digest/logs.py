"""Logs: one line per event, for people or as JSON; set up alike for web, workers and commands.

Readers' addresses are hidden, whoever writes the line: all that passes here is cleaned, the words
of Django and Celery and tracebacks too.
"""

import logging
import re
import sys
from collections.abc import Mapping

import structlog
from django.conf import settings

_KEY = re.compile(r"(?<=/)(?:[\w-]{40}|\w{5,8}-[0-9a-f]{32,64})(?=/)", re.ASCII)
"""What makes a reader's or a staff link one's own, in a path."""

_HOOK = re.compile(r"(?<=/hooks/)([\w-]+)/[^\s/]+")
"""A provider's hook with the secret that stands for a signature."""

_LOGIN = re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)")
"""User and password in the address of a relay, a broker or a database."""

_LETTER = r"[\w.!#$%&*+/=?^{|}~-]"
_ADDRESS = re.compile(rf"(?<!{_LETTER})({_LETTER}){_LETTER}*@(?=[\w-])")
"""An address up to its domain; its first letter stays. It begins where no letter of one stands
before, so that a long word is read once."""


def masked(text: str) -> str:
    """With readers' addresses as ``a…@example.org``, unless LOG_ADDRESSES says otherwise."""
    return text if settings.LOG_ADDRESSES else _ADDRESS.sub(r"\1…@", text)


def set_up() -> None:
    """Configure structlog and the standard library's logging by LOG_LEVEL and LOG_FORMAT."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Not Rich's: it shows each frame's variables, among them passwords, addresses and tokens.
        structlog.processors.format_exc_info,
        _cleaned,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=_renderer(), foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.LOG_LEVEL.upper())
    # One line for each tick and each task would drown what matters.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def for_a_command() -> None:
    """A command says itself what it did; of the logs its person needs what went wrong alone."""
    root = logging.getLogger()
    root.setLevel(max(logging.WARNING, root.level))


def _renderer() -> structlog.typing.Processor:
    if settings.LOG_FORMAT == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _cleaned(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """No link that opens a page, no password and no reader's address may stand in a log."""
    for name, value in event.items():
        if not name.startswith("_"):  # structlog's own
            event[name] = _clean(value)
    return event


def _clean(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(one) for one in value]
    plain = _HOOK.sub(r"\1/…", _KEY.sub("…", str(value)))
    return masked(_LOGIN.sub("…", plain))
