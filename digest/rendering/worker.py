"""The disposable process in which emails are rendered; ``bounded.py`` starts it and asks it.

Each request and each answer is JSON after its length in four bytes.  The process ends with
its standard input, hence with whoever started it, however that ends.
"""

import contextlib
import json
import resource
import struct
import sys
from typing import IO, Any

LENGTH = struct.Struct(">I")


def main(megabytes: int) -> None:
    """Answer requests until there are no more, in so much memory."""
    _limit(megabytes)
    from digest.rendering import pipeline  # where the memory and the libraries may fail

    while (request := read(sys.stdin.buffer)) is not None:
        write(sys.stdout.buffer, answer(request, pipeline))


def answer(request: dict[str, Any], pipeline: Any) -> dict[str, Any]:
    """``{"email": …}``, ``{"refused": text}`` or ``{"failed": text}``."""
    from digest.rendering.rendered import RenderingFailed
    from digest.rendering.view import as_view

    try:
        email = pipeline.render(as_view(request))
    except RenderingFailed as problem:
        return {"refused": str(problem)}
    except MemoryError:
        return {"failed": "it needs too much memory"}
    except BaseException as problem:  # noqa: BLE001 - a panic in Rust is no Exception
        return {"failed": f"{type(problem).__name__}: {problem}"}
    return {"email": {name: getattr(email, name) for name in email.__slots__}}


def read(stream: IO[bytes]) -> Any:
    """What was written; None at the stream's end."""
    head = stream.read(LENGTH.size)
    return json.loads(stream.read(*LENGTH.unpack(head))) if len(head) == LENGTH.size else None


def write(stream: IO[bytes], message: dict[str, Any]) -> None:
    """The message after its length."""
    stream.write(framed(message))
    stream.flush()


def framed(message: dict[str, Any]) -> bytes:
    """The bytes of a message: its length, then JSON."""
    content = json.dumps(message).encode()
    return LENGTH.pack(len(content)) + content


def _limit(megabytes: int) -> None:
    size = megabytes * 1024 * 1024
    # Some systems don't have the first, and no crash here is worth a core file.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(int(sys.argv[1]))
