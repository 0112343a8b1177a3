"""Rendering where it can't hurt: in a disposable process, with limits of time and memory.

mrml overflows its stack on deep input, and takes whoever called it along; what else the
libraries do with hostile text nobody knows.
"""

from digest.disposable import IDLE, Disposable
from digest.rendering.rendered import RenderedEmail, RenderingFailed
from digest.rendering.view import View, named

__all__ = ["RenderedEmail", "Renderer", "RenderingFailed", "render"]

SECONDS = 10.0
"""For one email; 0.03 is usual."""

MEGABYTES = 400
"""Of address space; the libraries alone take 80."""

RENDERS = 500
"""After so many the process is replaced: what leaks, leaks no further."""


def render(view: View) -> RenderedEmail:
    """The email of a view; RenderingFailed, in words, whatever goes wrong."""
    return _RENDERER.render(view)


class Renderer(Disposable):
    """The process that renders."""

    program = ("-m", "digest.rendering.worker")

    def __init__(
        self,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
        uses: int = RENDERS,
        idle: float = IDLE,
    ) -> None:
        super().__init__(seconds, megabytes, uses, idle)

    def render(self, view: View) -> RenderedEmail:
        """As the module's ``render``."""
        try:
            answer = self.ask(view.model_dump(mode="json"))
        except (TimeoutError, EOFError) as problem:
            raise RenderingFailed(_told(view, str(problem))) from None
        if "email" in answer:
            return RenderedEmail(**answer["email"])
        raise RenderingFailed(answer.get("refused") or _told(view, answer["failed"]))


def _told(view: View, what: str) -> str:
    return (
        f"{named(view)} can't be rendered: {what}. Nothing was kept of the email; shorten the "
        "text, or show the story at a lesser depth."
    )


_RENDERER = Renderer().lasting()
