"""Feeds and web pages read in a process that may die: in time, in bounds, and off the network."""

import base64
import sys
from typing import Any

from digest.disposable import Disposable, limit_memory, serve
from digest.intake.channel import Channel, channel_of
from digest.intake.feed_signs import looks_like_feed, looks_like_json_feed
from digest.intake.outcomes import Unfit

SECONDS = 5.0
"""For one feed; a thousand entries take less than one."""

MEGABYTES = 600
"""Of address space; the libraries alone take 150."""

USES = 200

_FORBIDDEN = {
    "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname",
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.Request",
}  # fmt: skip


class Reader(Disposable):
    """The process that reads."""

    program = ("-m", "digest.intake.reading_process")

    def __init__(
        self, seconds: float = SECONDS, megabytes: int = MEGABYTES, uses: int = USES
    ) -> None:
        super().__init__(seconds, megabytes, uses)

    def read(self, data: bytes, content_type: str = "", base: str = "") -> Channel:
        """What a feed or page says.  Raises Unfit, whatever it is that goes wrong."""
        request = {
            "data": base64.b64encode(data).decode("ascii"),
            "content_type": content_type,
            "base": base,
        }
        try:
            answer = self.ask(request)
        except (TimeoutError, EOFError) as problem:
            raise Unfit(f"a feed or page that can't be read: {problem}") from None
        if "channel" in answer:
            return channel_of(answer["channel"])
        raise Unfit(answer.get("unfit") or f"can't be read: {answer['failed']}")


def read_channel(data: bytes, content_type: str = "", base: str = "") -> Channel:
    """What a feed or page says, read in a process of its own.  Raises Unfit."""
    return _READER.read(data, content_type, base)


# ---- within the process ------------------------------------------------------------------------


def main(megabytes: int) -> None:
    """Read what comes until nothing does, in so much memory, and reach out to nobody."""
    limit_memory(megabytes)
    from digest.intake import article, feed_json, feed_xml  # noqa: F401 - once, before the guard

    sys.addaudithook(_stay_in)
    serve(_answer)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    data = base64.b64decode(request["data"])
    try:
        return {"channel": told(data, request["content_type"], request["base"]).plain()}
    except Unfit as problem:
        return {"unfit": problem.why}


def told(data: bytes, content_type: str, base: str) -> Channel:
    """What a feed or page says, read here and now.  Raises Unfit."""
    from digest.intake import article, feed_json, feed_xml

    if looks_like_json_feed(data):
        return feed_json.read_json_feed(data, base)
    if looks_like_feed(data):
        return feed_xml.read_feed(data, content_type, base)
    return article.read_article(data, base)


def _stay_in(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(f"{event}: what is read here reaches nobody")


_READER = Reader().lasting()

if __name__ == "__main__":
    main(int(sys.argv[1]))
