"""Stands for a provider's HTTP API as the sink stands for a relay: for drills, benches and tests.

It takes calls as the provider does, in its shape and with its key, and writes each recipient down
*before* it answers that it has the message.
"""

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from workers.feedback.providers import Provider
from workers.sink import Manners, Sink

KEY = "drill"
"""The key that it asks for; Mailjet's second one is the same."""

HANG_UP: "Reply" = (0, {}, b"")
"""An answer that is none."""

SILENCE: "Reply" = (-1, {}, b"")
"""One that never comes."""

Reply = tuple[int, Mapping[str, str], bytes]
Override = Callable[["Asked"], Reply | None]


class Asked(NamedTuple):
    """A request, read whole."""

    method: str
    path: str
    headers: Mapping[str, str]  # by names in lower case
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


class Shape(NamedTuple):
    """What a provider's calls look like, and its answers."""

    path: str
    shown: Callable[[Asked], str]  # the key that a call shows
    recipient: Callable[[Asked], str]  # raises where the call is not as it should be
    taken: Callable[[str, str], Reply]  # (an id, the recipient) → its yes


def _yes(said: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(said).encode()


def _header(name: str, before: str = "") -> Callable[[Asked], str]:
    return lambda asked: asked.headers.get(name, "").removeprefix(before)


def _basic(asked: Asked) -> str:
    user, _, password = base64.b64decode(_header("authorization", "Basic ")(asked)).partition(b":")
    return password.decode() if user in {b"api", KEY.encode()} else ""


def _form(asked: Asked) -> str:
    """The one recipient of a multipart form that holds a message."""
    parts = dict(_PART.findall(asked.body[:2000]))
    assert parts[b"o:tracking"] == b"no"
    assert b'name="message"; filename=' in asked.body[:2000]
    return bytes(parts[b"to"]).decode()


_PART = re.compile(rb'name="([^"]+)"\r\n\r\n([^\r]*)\r\n')


def _bare(mailbox: str) -> str:
    return mailbox.rpartition("<")[2].rstrip(">")


SHAPES = {
    Provider.BREVO: Shape(
        "/v3/smtp/email", _header("api-key"), lambda asked: asked.said["to"][0]["email"],
        lambda name, _: _yes({"messageId": f"<{name}@smtp-relay.example.net>"}, 201),
    ),
    Provider.MAILERSEND: Shape(
        "/v1/email", _header("authorization", "Bearer "),
        lambda asked: asked.said["to"][0]["email"],
        lambda name, _: (202, {"X-Message-Id": name, "Content-Type": "text/html"}, b""),
    ),
    Provider.MAILGUN: Shape(
        "/v3/example.com/messages.mime", _basic, _form,
        lambda name, _: _yes({"id": f"<{name}@example.com>", "message": "Queued. Thank you."}),
    ),
    Provider.MAILJET: Shape(
        "/v3.1/send", _basic, lambda asked: asked.said["Messages"][0]["To"][0]["Email"],
        lambda name, to: _yes(
            {"Messages": [{"Status": "success", "To": [{"Email": to, "MessageID": name}]}]}
        ),
    ),
    Provider.MAILTRAP: Shape(
        "/api/send", _header("api-token"), lambda asked: asked.said["to"][0]["email"],
        lambda name, _: _yes({"success": True, "message_ids": [name]}),
    ),
    Provider.MANDRILL: Shape(
        "/api/1.0/messages/send-raw.json", lambda asked: asked.said["key"],
        lambda asked: asked.said["to"][0],
        lambda name, to: _yes([{"email": to, "status": "sent", "_id": name}]),
    ),
    Provider.POSTAL: Shape(
        "/api/v1/send/raw", _header("x-server-api-key"), lambda asked: asked.said["rcpt_to"][0],
        lambda name, to: _yes({"status": "success", "data": {"messages": {to: {"id": name}}}}),
    ),
    Provider.POSTMARK: Shape(
        "/email", _header("x-postmark-server-token"), lambda asked: _bare(asked.said["To"]),
        lambda name, to: _yes({"ErrorCode": 0, "Message": "OK", "MessageID": name, "To": to}),
    ),
    Provider.RESEND: Shape(
        "/emails", _header("authorization", "Bearer "), lambda asked: _bare(asked.said["to"][0]),
        lambda name, _: _yes({"id": name}),
    ),
    Provider.SENDGRID: Shape(
        "/v3/mail/send", _header("authorization", "Bearer "),
        lambda asked: asked.said["personalizations"][0]["to"][0]["email"],
        lambda name, _: (202, {"X-Message-Id": name}, b""),
    ),
    Provider.SPARKPOST: Shape(
        "/api/v1/transmissions/", _header("authorization"),
        lambda asked: asked.said["recipients"][0]["address"]["email"],
        lambda name, _: _yes({"results": {
            "id": name, "total_accepted_recipients": 1, "total_rejected_recipients": 0,
        }}),
    ),
}  # fmt: skip


NAMES = sorted(one.value for one in SHAPES)
"""For whom it can stand."""


class Api:
    """What its connections share."""

    def __init__(
        self,
        provider: Provider,
        sink: Sink,
        override: Override | None = None,
        keep: Callable[[Asked], None] | None = None,
    ) -> None:
        self._shape, self._sink = SHAPES[provider], sink
        self._override, self._keep = override, keep
        self.connections = 0

    @property
    def manners(self) -> Manners:
        return self._sink.manners

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        """Listen; the port is in the server's sockets."""
        self._loop = asyncio.get_running_loop()
        return await self._loop.create_server(lambda: _Talk(self), host, port, backlog=512)

    def hang_up(self) -> None:
        """End every connection, from another thread; they are closed once this returns."""
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result()

    async def _ended(self) -> None:
        self._sink.hang_up()
        while self._sink.open:
            await asyncio.sleep(0)

    def opened(self, transport: asyncio.Transport) -> None:
        self.connections += 1
        self._sink.open.add(transport)

    def closed(self, transport: asyncio.Transport) -> None:
        self._sink.open.discard(transport)

    def answer(self, asked: Asked) -> Reply:
        """What to say to this; the recipient is written down by then, if that is a yes."""
        if self._override and (reply := self._override(asked)):
            return reply
        if self._shape.shown(asked) != KEY:
            return _yes({"message": "Invalid API key"}, 401)
        if asked.method != "POST" or asked.path != self._shape.path:
            return _yes({"message": "Nothing is here"}, 404)
        try:
            to = self._shape.recipient(asked)
        except (LookupError, ValueError, TypeError, AssertionError) as problem:
            return _yes({"message": f"This call is malformed: {problem!r}"}, 400)
        return self._take(asked, to)

    def _take(self, asked: Asked, to: str) -> Reply:
        people = [to.encode()]
        if self._sink.drops("before", self.manners.drop_before, people):
            return HANG_UP
        self._sink.accept(b"", people, asked.body)
        if self._keep:
            self._keep(asked)
        if self._sink.drops("after", self.manners.drop_after, people):
            return HANG_UP
        return self._shape.taken(f"id-{self._sink.accepted:08d}", to)


class _Talk(asyncio.Protocol):
    """One connection, kept open from call to call."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._come = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._api.opened(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self._api.closed(self._transport)

    def data_received(self, data: bytes) -> None:
        self._come += data
        while (asked := self._whole()) is not None:
            self._say(self._api.answer(asked))

    def _whole(self) -> Asked | None:
        """The first request, once all of it has come."""
        head, end, _ = bytes(self._come[:65536]).partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        size = len(head) + 4 + int(headers.get("content-length", "0"))
        if len(self._come) < size:
            return None
        body = bytes(self._come[len(head) + 4 : size])
        del self._come[:size]
        method, path, _ = first.split(" ")
        return Asked(method, path, headers, body)

    def _say(self, reply: Reply) -> None:
        if self._api.manners.latency:
            loop = asyncio.get_running_loop()
            loop.call_later(self._api.manners.latency, self._write, reply)
        else:
            self._write(reply)

    def _write(self, reply: Reply) -> None:
        status, headers, body = reply
        if reply is SILENCE:
            return
        if reply is HANG_UP:
            self._transport.close()
        elif not self._transport.is_closing():
            told = {"Content-Length": str(len(body)), **headers}
            lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
            self._drip(f"HTTP/1.1 {status} So\r\n{lines}\r\n".encode() + body)

    def _drip(self, octets: bytes) -> None:
        if drip := self._api.manners.drip:
            loop = asyncio.get_running_loop()
            for at in range(len(octets)):
                loop.call_later(at * drip, self._transport.write, octets[at : at + 1])
        else:
            self._transport.write(octets)


def url(provider: Provider, port: int, connections: int = 4) -> str:
    """The address of a route that leads there."""
    key = f"{KEY}:{KEY}" if provider is Provider.MAILJET else KEY
    host = "example.com" if provider in {Provider.MAILGUN, Provider.POSTAL} else ""
    base = f"http://127.0.0.1:{port}"
    return f"{provider}+https://{key}@{host}?base={base}&connections={connections}"
