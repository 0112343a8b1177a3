"""gunicorn's own lines, by the rules of all others: ``--logger-class digest.weblog.Logger``."""

import logging
import os
from typing import Any

from gunicorn.glogging import Logger as Gunicorn  # type: ignore[import-untyped]  # it has no types

from digest.logs import set_up

# gunicorn asks for its logger before it loads config.wsgi, which says so too.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Logger(Gunicorn):  # type: ignore[misc]  # as above
    """Hands its lines on instead of writing them. Accesses, which show addresses, have no log."""

    def setup(self, cfg: Any) -> None:
        self.error_log.propagate = True
        self.error_log.setLevel(getattr(logging, cfg.loglevel.upper(), logging.INFO))
        set_up()
