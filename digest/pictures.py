"""Pictures of our own that mails show: a topic's logo.

A picture is kept and served under the hash of its bytes, so that a mail already sent keeps
the one it was sent with, and nothing in its address tells who looks at it.
"""

import hashlib
import struct
import zlib

from django.db import models

from digest.errors import Refused

WEIGHT = 64 * 1024
"""Bytes that a logo may have; a good one has a tenth."""

SIDE = 2_000
"""Pixels that a side of it may have."""

HEIGHT, WIDTH = 40, 240
"""What a logo takes up in a mail, at most; twice as many pixels are sharp on phones."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">16xIIxB")  # from the file's start: width, height, and colour type
_WITH_ALPHA = {4, 6}  # colour types: grey or true colour, each with an alpha channel


class Format(models.TextChoices):
    """What a picture's bytes are; the value is the ending of its address."""

    PNG = "png", "image/png"  # a logo, or a drawing
    JPEG = "jpg", "image/jpeg"  # a photograph


class Picture(models.Model):
    """A picture that mails show, under the hash of its bytes; it never changes."""

    hash = models.CharField(max_length=64, primary_key=True, help_text="SHA-256, in hex.")
    content = models.BinaryField(help_text="As pictures.py takes it.")
    format = models.CharField(max_length=4, choices=Format.choices, default=Format.PNG)
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return self.hash[:12]

    def get_absolute_url(self) -> str:
        return f"/pictures/{self.hash}.{self.format}"


def kept(content: bytes, name: str) -> Picture:
    """The picture with these bytes, kept; Refused, naming the file, when it is no PNG for mails.

    PNG (ISO/IEC 15948) alone: it is what every mail program shows, and no SVG is.
    """
    width, height = _sides(content, name)
    picture, _ = Picture.objects.get_or_create(
        hash=hashlib.sha256(content).hexdigest(),
        defaults={"content": content, "width": width, "height": height},
    )
    return picture


def fitted(width: int, height: int) -> tuple[int, int]:
    """Width and height at which a picture of this size stands in a mail, in CSS pixels."""
    scale = min(1, HEIGHT / height, WIDTH / width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _sides(content: bytes, name: str) -> tuple[int, int]:
    if len(content) > WEIGHT:
        raise Refused(
            f"{name} has more than {WEIGHT // 1024} kB; nothing was changed. Save it smaller, "
            f"at most {2 * WIDTH} pixels wide and {2 * HEIGHT} high."
        )
    chunks = _chunks(content)
    if chunks[:1] != [b"IHDR"] or chunks[-1] != b"IEND":
        raise Refused(f"{name} is no whole PNG; nothing was changed. Save the logo as PNG.")
    width, height, colours = _HEADER.unpack_from(content)
    if not (0 < width <= SIDE and 0 < height <= SIDE):
        raise Refused(
            f"{name} is {width} by {height} pixels; nothing was changed. "
            f"A logo has at most {SIDE} on a side."
        )
    if colours in _WITH_ALPHA or b"tRNS" in chunks:
        raise Refused(
            f"{name} has a transparent ground, so dark letters would vanish where a mail program "
            "turns white to black; nothing was changed. Save it on white, without transparency: "
            "magick LOGO -background white -alpha remove -alpha off NEW"
        )
    return width, height


def _chunks(content: bytes) -> list[bytes]:
    """The types of a PNG's chunks; none when one is cut short, damaged or followed by more."""
    kinds = []
    at = len(_SIGNATURE)
    while content.startswith(_SIGNATURE) and at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        if zlib.crc32(content[at + 4 : end]).to_bytes(4, "big") != content[end : end + 4]:
            return []
        kinds.append(content[at + 4 : at + 8])
        at = end + 4
    return kinds if at == len(content) else []
