"""The wire: never blocks, and knows how much has gone out."""

import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.test_smtp_tls import HERE, certificate, server_side
from workers.smtp_wire import Wire

LARGE = b"x" * 8_000_000


@contextmanager
def connected() -> Iterator[tuple[Wire, socket.socket]]:
    """Our end and the relay's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wire = Wire(socket.AF_INET, listening.getsockname())
        theirs, _ = listening.accept()
    with theirs:
        select.select([], [wire], [], 5)
        wire.finish_connecting()
        try:
            yield wire, theirs
        finally:
            wire.close()


def wait_for(wire: Wire) -> None:
    assert select.select([wire], [], [], 5)[0]


def test_what_the_kernel_does_not_take_is_kept_and_counted() -> None:
    with connected() as (wire, theirs):
        wire.write(b"first ", LARGE, b" middle")
        wire.write(b" last")
        assert 0 < wire.sent < wire.queued == len(LARGE) + 18
        assert wire.wants_to_write
        got = b""
        while len(got) < wire.queued:
            got += theirs.recv(1 << 22)
            wire.flush()
        assert got == b"first " + LARGE + b" middle last"
        assert wire.sent == wire.queued
        assert not wire.wants_to_write


def test_what_the_relay_said_before_it_hung_up_is_still_read() -> None:
    with connected() as (wire, theirs):
        wire.write(b"something it will not read")
        theirs.sendall(b"421 bye\r\n")
        theirs.close()
        wait_for(wire)
        for _ in range(3):
            wire.write(b"more")
        assert not wire.wants_to_write
        assert wire.read() == b"421 bye\r\n"


def test_a_connection_is_quiet_until_something_comes_or_it_ends() -> None:
    with connected() as (wire, theirs):
        assert wire.quiet
        theirs.sendall(b"421 bye\r\n")
        wait_for(wire)
        assert not wire.quiet
    with connected() as (wire, theirs):
        theirs.close()
        wait_for(wire)
        assert not wire.quiet


def test_a_refused_connection_is_told_once_it_is_known() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
    wire = Wire(socket.AF_INET, address)
    select.select([], [wire], [], 5)
    with pytest.raises(ConnectionRefusedError):
        wire.finish_connecting()
    wire.close()


def test_in_tls_no_more_has_come_in_than_is_counted_as_sent(tmp_path: Path) -> None:
    pem = certificate(tmp_path, HERE)
    with connected() as (wire, theirs):
        theirs.setblocking(False)
        relay = server_side(pem).wrap_socket(
            theirs, server_side=True, do_handshake_on_connect=False
        )
        wire.start_tls(ssl.create_default_context(cafile=str(pem)), "127.0.0.1")
        done = False
        while not (wire.shake_hands() and done):
            try:
                relay.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
        wire.write(LARGE)
        assert 0 < wire.sent < wire.queued
        got = 0
        while True:
            try:
                got += len(relay.recv(1 << 20))
            except ssl.SSLWantReadError:
                if not select.select([relay], [], [], 0.05)[0]:
                    break
        assert 0 < got <= wire.sent
        relay.close()


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "[127.0.0.1]"), ("::1", "[IPv6:::1]")])
def test_our_own_address_is_written_as_smtp_writes_it(host: str, shown: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("this machine has no IPv6; enable it on the loopback interface")
    with listening:
        wire = Wire(family, listening.getsockname())
        assert wire.own_address == shown
        wire.close()
