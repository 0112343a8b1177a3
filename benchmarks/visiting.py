"""A small steady crowd at the pages: one request after another, so many a second, each timed."""

import http.client
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Visit:
    """A page and how it is asked for: ``path`` and ``form`` of the number of the round."""

    name: str
    path: Callable[[int], str]
    form: Callable[[int], dict[str, str]] | None = None  # None: GET
    staff: bool = False


class Visitors:
    """Whoever asks for the pages, and what came of it."""

    def __init__(self, port: int, session: str, visits: list[Visit]) -> None:
        self._port, self._session, self._visits = port, session, visits
        self._rounds = itertools.count()
        self.taken: dict[str, list[float]] = defaultdict(list)  # milliseconds, by page
        self.amiss: list[str] = []  # what was not answered as it should be

    def once(self) -> None:
        """Ask for each page once; nothing is timed."""
        number = next(self._rounds)
        for visit in self._visits:
            self._asked(visit, number)

    @contextmanager
    def coming(self, per_second: float) -> Iterator[None]:
        """They come while the block runs, by turns at each page."""
        over = threading.Event()
        crowd = threading.Thread(target=self._come, args=(over, 1 / per_second))
        crowd.start()
        try:
            yield
        finally:
            over.set()
            crowd.join()

    def _come(self, over: threading.Event, pause: float) -> None:
        due = time.monotonic()
        for number in self._rounds:
            for visit in self._visits:
                due = max(due + pause, time.monotonic())  # nobody comes twice for one that was late
                if over.wait(due - time.monotonic()):
                    return
                begun = time.perf_counter()
                self._asked(visit, number)
                self.taken[visit.name].append((time.perf_counter() - begun) * 1000)

    def _asked(self, visit: Visit, number: int) -> None:
        path, status = visit.path(number), 0
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with suppress(OSError, http.client.HTTPException):
            body = urlencode(visit.form(number)) if visit.form else None
            connection.request("POST" if visit.form else "GET", path, body, self._headers(visit))
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        connection.close()
        if status != 200:
            self.amiss.append(f"{status} {visit.name} {path}")

    def _headers(self, visit: Visit) -> dict[str, str]:
        if visit.staff:
            return {"Cookie": f"sessionid={self._session}"}
        number = next(_CLIENTS)
        headers = {"X-Forwarded-For": f"198.18.{number // 250 % 250}.{number % 250 + 1}"}
        if visit.form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return headers


_CLIENTS = itertools.count()
"""Each reader comes from an address of their own: a limit is for one who comes a hundred times."""
