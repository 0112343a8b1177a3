"""The relay's addresses, looked up in a thread of its own so that no message waits for DNS."""

import socket
import threading

Address = tuple[int, tuple[object, ...]]
"""Family and socket address."""

_LASTS = 60.0  # seconds for which an answer is used


class Names:
    """Looks up one host and port, and goes through its addresses in turn."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._found: list[Address] = []
        self._expires = 0.0
        self._at = 0
        self._lookup: _Lookup | None = None

    @property
    def asking(self) -> bool:
        """Whether an answer is being waited for."""
        return self._lookup is not None

    def current(self, now: float) -> Address | None:
        """The address to try; None while it is being looked up; OSError if there is none."""
        if self._lookup is None and (now < self._expires or self._at):
            return self._found[self._at]
        if self._lookup is None:
            self._lookup = _Lookup(self._host, self._port)
            self._lookup.start()
            self._lookup.join(0.005)
        if self._lookup.is_alive():
            return None
        lookup, self._lookup = self._lookup, None
        if lookup.error:
            raise OSError(lookup.error.errno, f"{self._host} is not found: {lookup.error.strerror}")
        self._found, self._expires, self._at = lookup.found, now + _LASTS, 0
        return self._found[0]

    def go_on(self) -> bool:
        """Turn to the next address; False when all were tried and the first is due again."""
        self._at = (self._at + 1) % len(self._found)
        return self._at != 0


class _Lookup(threading.Thread):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(name=f"lookup of {host}", daemon=True)
        self._host, self._port = host, port
        self.found: list[Address] = []
        self.error: OSError | None = None

    def run(self) -> None:
        try:
            answers = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            self.error = error
        except UnicodeError as error:  # a host name that can't be one
            self.error = OSError(0, str(error))
        else:
            self.found = [(family, address) for family, _, _, _, address in answers]
