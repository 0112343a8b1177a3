"""A socket that never blocks, in the clear or in TLS, and knows how much has gone out."""

import os
import socket
import ssl
from collections import deque

_RECORD = 16384  # octets in one TLS record (RFC 8446 5.1)
_BUFFER = 256 * 1024  # so that a whole message goes to the kernel in one call


class Wire:
    """One connection. ``sent`` against ``queued`` tells whether the final dot has gone out."""

    def __init__(self, family: int, address: tuple[object, ...]) -> None:
        self.queued = 0  # octets given to ``write`` so far
        self.sent = 0  # octets that the kernel has taken
        self._unsent: deque[memoryview] = deque()
        self._lost = False
        self._handshake_writes = False
        self._socket: socket.socket | ssl.SSLSocket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            self._socket.connect(address)
        except BlockingIOError:
            pass
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def finish_connecting(self) -> None:
        """Once writable: OSError if the connection was refused."""
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))

    @property
    def secure(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def own_address(self) -> str:
        """Our end of the connection, as SMTP writes an address (RFC 5321 4.1.3)."""
        host = str(self._socket.getsockname()[0]).partition("%")[0]
        return f"[IPv6:{host}]" if ":" in host else f"[{host}]"

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """From here on TLS; go on with ``shake_hands``."""
        self._socket = context.wrap_socket(
            self._socket, server_hostname=host, do_handshake_on_connect=False
        )

    def shake_hands(self) -> bool:
        """Whether TLS stands; else call again when there is news. OSError if it can't stand."""
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wait:
            self._handshake_writes = isinstance(wait, ssl.SSLWantWriteError)
            return False
        self._handshake_writes = False
        return True

    @property
    def wants_to_write(self) -> bool:
        return bool(self._unsent) or self._handshake_writes

    def write(self, *chunks: bytes) -> None:
        """Hand over what the kernel takes now, and keep the rest for ``flush``."""
        self.queued += sum(map(len, chunks))
        waiting = bool(self._unsent)
        taken = 0 if waiting or self.secure else self._send_at_once(chunks)
        for chunk in chunks if self.sent < self.queued else ():
            if taken < len(chunk):
                self._unsent.append(memoryview(chunk)[taken:])
            taken = max(0, taken - len(chunk))
        if not waiting and self._unsent:
            self.flush()

    def _send_at_once(self, chunks: tuple[bytes, ...]) -> int:
        try:
            taken = self._socket.sendmsg(chunks)  # type: ignore[arg-type]  # never the TLS one
        except BlockingIOError:
            return 0
        except OSError:
            # What the relay said before it hung up is still to be read; reading tells the end.
            self._lost = True
            return 0
        self.sent += taken
        return taken

    def flush(self) -> None:
        """Hand over more of what was kept."""
        try:
            while self._unsent and not self._lost:
                # One TLS record at a time: a record that isn't wholly out can't be read yet.
                chunk = self._unsent[0][:_RECORD] if self.secure else self._unsent[0]
                taken = self._socket.send(chunk)
                self.sent += taken
                if taken == len(self._unsent[0]):
                    self._unsent.popleft()
                else:
                    self._unsent[0] = self._unsent[0][taken:]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError:
            self._lost = True
        if self._lost:
            self._unsent.clear()

    def read(self) -> bytes | None:
        """What has come in; b"" at the end of the connection; None when nothing has."""
        try:
            return self._socket.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    @property
    def quiet(self) -> bool:
        """Whether it is open and nothing has come in."""
        try:
            return self.read() is None
        except OSError:
            return False

    @property
    def more_to_read(self) -> bool:
        """Whether TLS holds octets that no selector will tell of."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def close(self) -> None:
        self._socket.close()
