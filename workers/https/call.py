"""A request of a provider's API, and what came back: plain values."""

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Call(NamedTuple):
    """What is asked."""

    method: str
    path: str  # beneath the account's base; with a slash before it, the server's own
    headers: Mapping[str, str]
    body: bytes = b""


class Answer(NamedTuple):
    """What was said."""

    status: int
    reason: str
    headers: Mapping[str, str]  # by names in lower case
    body: bytes

    @property
    def said(self) -> Any:
        """The body as JSON; None where it is none, or nested without end."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Broken(NamedTuple):
    """No answer came."""

    why: str
    whole: bool  # whether all of the request had been written by then


def basic(user: str, password: str) -> dict[str, str]:
    """HTTP Basic."""
    coded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {coded}"}


def posted(path: str, said: object, headers: Mapping[str, str] | None = None) -> Call:
    """JSON to this path."""
    told = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
    return Call("POST", path, told, json.dumps(said).encode())
