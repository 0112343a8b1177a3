"""What is said in SMTP before the first message, without a socket (RFC 5321, 3207, 4954).

``opening`` is the whole set-up as one generator: it yields what to write and is sent the reply.
"""

import base64
import hmac
import re
from collections.abc import Callable, Generator
from enum import Enum
from typing import NamedTuple

from workers.relay import Relay, Security
from workers.said import printable

_LINE = re.compile(rb"[2-5][0-9][0-9](?:[ -].*)?", re.DOTALL)
_LONGEST = 64 * 1024  # octets of one reply; RFC 5321 4.5.3.1.5 has 512 a line


class RelayTrouble(Exception):
    """The relay can't be used as things are.

    ``lasting`` when trying again at once is no use; ``code`` of the reply, where there was one.
    """

    def __init__(self, text: str, *, lasting: bool = False, code: int = 0) -> None:
        super().__init__(text)
        self.lasting = lasting
        self.code = code


class Insecure(RelayTrouble):
    """TLS, which was asked for, can't be had: not offered, no good certificate, another name."""


class NotLetIn(RelayTrouble):
    """It does not take the user and password, or no way of giving them."""


class Reply(NamedTuple):
    """One reply: its code, and its lines as they came, without their ends."""

    code: int
    lines: list[bytes]

    @property
    def text(self) -> str:
        """All of it on one line, the code once and first."""
        if len(self.lines) == 1:
            rest = self.lines[0][4:].strip()
        else:
            rest = b" ".join([line[4:].strip() for line in self.lines])
        return printable(f"{self.code} {rest[:1000].decode('utf-8', 'replace')}")


class ReplyReader:
    """Makes replies of octets, however these are split on the way."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._size = 0

    def feed(self, octets: bytes) -> list[Reply]:
        """The replies that these octets complete; RelayTrouble if they are no SMTP."""
        *lines, self._rest = (self._rest + octets).split(b"\n")
        replies = []
        for ended in lines:
            line = ended.removesuffix(b"\r")
            if not _LINE.fullmatch(line):
                raise RelayTrouble(f"the relay answered {line[:60]!r}, which is no SMTP reply")
            self._lines.append(line)
            self._size += len(line)
            if line[3:4] != b"-":
                replies.append(Reply(int(line[:3]), self._lines))
                self._lines, self._size = [], 0
        if self._size + len(self._rest) > _LONGEST:
            raise RelayTrouble("the relay's answer has no end")
        return replies

    @property
    def halfway(self) -> bool:
        """Whether octets wait that make no whole reply yet."""
        return bool(self._rest or self._lines)


class Features(NamedTuple):
    """What the relay offers in its answer to EHLO, as far as we use it."""

    pipelining: bool = False
    size: int = 0  # octets it takes at most; 0: it doesn't say (RFC 1870)
    states_size: bool = False
    smtputf8: bool = False
    starttls: bool = False
    auth: frozenset[str] = frozenset()

    @classmethod
    def offered(cls, reply: Reply) -> "Features":
        lines = [line[4:].decode("ascii", "replace").upper() for line in reply.lines[1:]]
        words = [line.replace("AUTH=", "AUTH ").split() for line in lines]  # an old habit
        offers = {word[0]: word[1:] for word in words if word}
        size = offers.get("SIZE", [])
        return cls(
            pipelining="PIPELINING" in offers,
            size=int(size[0]) if size and size[0].isdecimal() else 0,
            states_size="SIZE" in offers,
            smtputf8="SMTPUTF8" in offers,
            starttls="STARTTLS" in offers,
            auth=frozenset(offers.get("AUTH", [])),
        )


class Pause(Enum):
    """What the opening waits for beside replies."""

    TLS = 1  # make the connection a TLS one, then go on (with any reply)


Opening = Generator[bytes | Pause, Reply, Features]


def opening(relay: Relay, own_name: str) -> Opening:
    """From the greeting to being ready for MAIL. Yields b"" to wait for the greeting.

    RelayTrouble in words when the relay doesn't take us, or not in the way that was asked for:
    nothing is ever said in the clear that was to be said in TLS.
    """
    greeting = yield b""
    if greeting.code != 220:
        raise RelayTrouble(f"the relay does not greet: {greeting.text}")
    features = yield from _hello(own_name)
    if relay.security is Security.STARTTLS:
        if not features.starttls:
            raise Insecure("the relay offers no STARTTLS, which was asked for", lasting=True)
        answer = yield b"STARTTLS\r\n"
        if answer.code != 220:
            raise Insecure(f"the relay refuses STARTTLS: {answer.text}")
        yield Pause.TLS
        features = yield from _hello(own_name)
    if relay.user:
        yield from _signing_in(relay, features)
    return features


def _hello(own_name: str) -> Opening:
    answer = yield f"EHLO {own_name}\r\n".encode("ascii")
    if answer.code == 250:
        return Features.offered(answer)
    if answer.code >= 500:
        answer = yield f"HELO {own_name}\r\n".encode("ascii")
    if answer.code != 250:
        raise RelayTrouble(f"the relay does not say hello: {answer.text}")
    return Features()


def _signing_in(relay: Relay, features: Features) -> Opening:
    order = ["PLAIN", "LOGIN", "CRAM-MD5"]
    if relay.security is Security.NONE:
        order = ["CRAM-MD5", "PLAIN", "LOGIN"]
    offered = [name for name in order if name in features.auth]
    if not offered:
        raise NotLetIn("the relay offers no way to sign in that we know", lasting=True)
    for name in offered:
        answer = yield from _MECHANISMS[name](relay.user, relay.password)
        if answer.code == 235:
            return features
        if answer.code not in {500, 501, 502, 503, 504, 534}:
            break  # the password, not the way of giving it
    raise NotLetIn(
        f"the relay does not let {relay.user} in: {answer.text}", lasting=answer.code >= 500
    )


_Exchange = Generator[bytes | Pause, Reply, Reply]


def _plain(user: str, password: str) -> _Exchange:
    return (yield b"AUTH PLAIN " + _coded(f"\0{user}\0{password}".encode()))


def _login(user: str, password: str) -> _Exchange:
    answer = yield b"AUTH LOGIN\r\n"
    for word in (user, password):
        if answer.code != 334:
            return answer
        answer = yield _coded(word.encode())
    return answer


def _cram_md5(user: str, password: str) -> _Exchange:
    answer = yield b"AUTH CRAM-MD5\r\n"
    if answer.code != 334:
        return answer
    try:
        challenge = base64.b64decode(answer.lines[0][4:])
    except ValueError:
        return (yield b"*\r\n")
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    return (yield _coded(f"{user} {digest}".encode()))


def _coded(words: bytes) -> bytes:
    return base64.b64encode(words) + b"\r\n"


_MECHANISMS: dict[str, Callable[[str, str], _Exchange]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
}
