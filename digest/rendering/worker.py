"""The disposable process in which emails are rendered; ``bounded.py`` asks it."""

import sys
from typing import Any

from digest.disposable import limit_memory, serve


def main(megabytes: int) -> None:
    """Answer requests until there are no more, in so much memory."""
    limit_memory(megabytes)
    from digest.rendering import pipeline  # where the memory and the libraries may fail

    serve(lambda request: answer(request, pipeline))


def answer(request: dict[str, Any], pipeline: Any) -> dict[str, Any]:
    """``{"email": …}`` or ``{"refused": text}``."""
    from digest.rendering.rendered import RenderingFailed
    from digest.rendering.view import as_view

    try:
        email = pipeline.render(as_view(request))
    except RenderingFailed as problem:
        return {"refused": str(problem)}
    return {"email": {name: getattr(email, name) for name in email.__slots__}}


if __name__ == "__main__":
    main(int(sys.argv[1]))
