"""A name server of the tests' own: real DNS over UDP on loopback, from a table."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Zone = Mapping[tuple[str, str], list[str]]
"""(name, "TXT") → its records as a zone file writes them."""


@contextmanager
def serving(
    zone: Zone, *, silent: bool = False, host: str = "127.0.0.1", port: int = 0
) -> Iterator[str]:
    """host:port of a server that knows this, and that of nothing else there is any; a silent one
    hears and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((host, port))
        thread = threading.Thread(target=_serve, args=(listening, zone, silent), daemon=True)
        thread.start()
        try:
            yield f"{host}:{listening.getsockname()[1]}"
        finally:
            # Wakes the thread, which finds no question in it.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", listening.getsockname())
            thread.join(5)


def _serve(listening: socket.socket, zone: Zone, silent: bool) -> None:
    while True:
        octets, whence = listening.recvfrom(4096)
        if not octets:
            return
        if not silent:
            listening.sendto(_answer(octets, zone), whence)


def _answer(octets: bytes, zone: Zone) -> bytes:
    asked = dns.message.from_wire(octets)
    question = asked.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    answer = dns.message.make_response(asked)
    answer.flags |= dns.flags.AA | dns.flags.RA
    if (records := zone.get((name, "CNAME"))) and kind != "CNAME":
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "CNAME", *records))
    elif records := zone.get((name, kind)):
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
    elif not any(known == name for known, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer.to_wire()
