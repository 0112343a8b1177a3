"""Photographs and drawings that editors upload: checked, made small, and freed of what they tell.

Whatever is in the file is decoded and written anew, in a process that may die: nothing but pixels
comes through, no place where it was taken, no second file behind its end.
"""

import base64
import hashlib
import io
import sys
from typing import TYPE_CHECKING, Any

from digest.disposable import Disposable, limit_memory, serve
from digest.errors import Refused

if TYPE_CHECKING:
    from digest.pictures import Picture

WEIGHT = 10 * 1024 * 1024
"""Bytes of a file that is taken; a telephone's photograph has some four million."""

PIXELS = 40_000_000
"""Of a picture that is decoded; more is a bomb, or wants a picture editor first."""

WIDTH, HEIGHT = 1200, 1600
"""What is kept of it, at most: twice what a mail shows, for sharp screens."""

TAKEN = ("JPEG", "PNG", "WEBP")
"""What is taken, as Pillow names it; all are kept as JPEG or, where that is smaller, PNG."""

SECONDS = 10.0
MEGABYTES = 700
USES = 50


def kept(content: bytes, name: str) -> "Picture":
    """The picture made of this file; Refused, naming the file, where none can be made."""
    from digest.pictures import Picture  # the process that decodes has no business with these

    if len(content) > WEIGHT:
        raise Refused(
            f"{name} has more than {WEIGHT // 1024 // 1024} MB; nothing was changed. "
            "Save it smaller."
        )
    made = _DECODER.made(content, name)
    pixels = base64.b64decode(made["content"])
    picture, _ = Picture.objects.get_or_create(
        hash=hashlib.sha256(pixels).hexdigest(),
        defaults={
            "content": pixels,
            "format": made["format"],
            "width": made["width"],
            "height": made["height"],
        },
    )
    return picture


class Decoder(Disposable):
    """The process that decodes."""

    program = ("-m", "digest.photographs")

    def __init__(
        self, seconds: float = SECONDS, megabytes: int = MEGABYTES, uses: int = USES
    ) -> None:
        super().__init__(seconds, megabytes, uses)

    def made(self, content: bytes, name: str) -> dict[str, Any]:
        """The picture as it is to be kept; Refused, in words, whatever goes wrong."""
        try:
            answer = self.ask({"data": base64.b64encode(content).decode("ascii")})
        except (TimeoutError, EOFError) as problem:
            answer = {"failed": str(problem)}
        if "content" in answer:
            return answer
        why = answer.get("refused", "can’t be read: it is damaged, or no picture")
        raise Refused(f"{name} {why}; nothing was changed.")


# ---- within the process ------------------------------------------------------------------------


def main(megabytes: int) -> None:
    """Decode what comes until nothing does, in so much memory."""
    limit_memory(megabytes)
    serve(_answer)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # we say ourselves what is too much, in words
    try:
        image: Any = Image.open(io.BytesIO(base64.b64decode(request["data"])), formats=TAKEN)
    except UnidentifiedImageError:
        return {"refused": "is no JPEG, PNG or WebP picture; save it as one of these"}
    width, height = image.size
    if width * height > PIXELS or min(width, height) < 1:
        return {
            "refused": f"has {width:,} by {height:,} pixels, more than {PIXELS // 1_000_000} "
            "million; save it smaller"
        }
    image.draft("RGB", (WIDTH, HEIGHT))  # of a JPEG, only as much as is wanted is decoded
    image = ImageOps.exif_transpose(image)
    image.thumbnail((WIDTH, HEIGHT))
    return _written(_on_white(image))


def _on_white(image: Any) -> Any:
    """Without transparency, which mail programs put on whatever ground they like."""
    from PIL import Image

    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")


def _written(image: Any) -> dict[str, Any]:
    made: dict[str, bytes] = {}
    for ending, how in (
        ("jpg", {"format": "JPEG", "quality": 82, "optimize": True, "progressive": True}),
        ("png", {"format": "PNG", "optimize": True}),
    ):
        out = io.BytesIO()
        image.save(out, **how)
        made[ending] = out.getvalue()
    ending = min(made, key=lambda one: len(made[one]))
    width, height = image.size
    content = base64.b64encode(made[ending]).decode("ascii")
    return {"content": content, "format": ending, "width": width, "height": height}


_DECODER = Decoder().lasting()

if __name__ == "__main__":
    main(int(sys.argv[1]))
