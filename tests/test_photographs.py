"""Pictures that editors upload: what is taken, what it becomes, and what is refused in words."""

import io
import struct
import zlib
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image, ImageDraw

from digest import photographs
from digest.briefings import Briefing
from digest.errors import Refused
from digest.models import Topic
from digest.pictures import Picture
from tests.forms import form_of, text

pytestmark = pytest.mark.django_db
T = "/desk/medias-ai-pivot"
GPS = 0x8825


def drawn(
    kind: str = "JPEG", size: tuple[int, int] = (640, 400), mode: str = "RGB", **how: Any
) -> bytes:
    """A picture of a pier."""
    image = Image.new(mode, size, "steelblue" if mode == "RGB" else (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((40, 60, size[0] // 2, size[1] // 2), fill="sienna")
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def noisy(size: tuple[int, int]) -> bytes:
    """As a photograph: no two pixels alike."""
    out = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(bytes(picture.content)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_made_to_fit_and_served_under_its_hash(client: Client, kind: str) -> None:
    picture = photographs.kept(drawn(kind, (3000, 2000)), "pier")
    assert (picture.width, picture.height) == (1200, 800)
    assert opened(picture).size == (1200, 800)
    answer = client.get(picture.get_absolute_url())
    assert answer.content == bytes(picture.content)
    assert answer["Content-Type"] == f"image/{opened(picture).format.lower()}"  # type: ignore[union-attr]
    other = {"jpg": "png", "png": "jpg"}[picture.format]
    assert client.get(f"/pictures/{picture.hash}.{other}").status_code == 404


def test_a_photograph_becomes_a_jpeg_and_a_drawing_a_png() -> None:
    assert photographs.kept(noisy((800, 600)), "photo").format == "jpg"
    assert photographs.kept(drawn("PNG"), "drawing").format == "png"


def test_the_same_picture_is_kept_once() -> None:
    assert photographs.kept(drawn(), "a") == photographs.kept(drawn(), "b")
    assert Picture.objects.count() == 1


def test_where_it_was_taken_is_not_told_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[GPS] = {2: (59.0, 20.0, 0.0)}
    exif[0x0112] = 6  # turned by a quarter
    content = drawn(size=(640, 400), exif=exif)
    assert Image.open(io.BytesIO(content)).getexif().get_ifd(GPS)
    picture = photographs.kept(content, "pier")
    assert (picture.width, picture.height) == (400, 640)
    assert not opened(picture).getexif()


def test_what_is_transparent_gets_a_white_ground() -> None:
    picture = photographs.kept(drawn("PNG", mode="RGBA"), "logo")
    image = opened(picture).convert("RGB")
    assert opened(picture).mode == "RGB"
    assert image.getpixel((2, 2)) == (255, 255, 255)


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def bomb(side: int) -> bytes:
    """A PNG of some kilobytes that claims to be enormous."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(bytes(10_000_000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no JPEG, PNG or WebP picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "is no JPEG"),
        (b"%PDF-1.7 pier", "is no JPEG"),
        (drawn("GIF"), "is no JPEG"),
        (drawn("TIFF"), "is no JPEG"),
        (drawn("BMP"), "is no JPEG"),
        (drawn()[:3000], "can’t be read: it is damaged"),
        (bomb(60_000), "60,000 by 60,000 pixels, more than 40 million"),
        (bomb(5_000), "can’t be read: it is damaged"),
        (bytes(photographs.WEIGHT + 1), "has more than 10 MB"),
    ],
    ids=["empty", "svg", "pdf", "gif", "tiff", "bmp", "cut", "bomb", "hollow", "heavy"],
)
def test_what_is_no_picture_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(Refused, match=f"^pier .*{why}.*nothing was changed"):
        photographs.kept(content, "pier")
    assert not Picture.objects.exists()


def test_what_is_hidden_behind_a_picture_stays_behind() -> None:
    picture = photographs.kept(drawn() + b"<script>alert(1)</script>", "pier")
    assert b"script" not in bytes(picture.content)


# ---- in the form ------------------------------------------------------------------------------

SENT = {"headline": "A pier", "published_at": "2026-05-15T09:00", "summary": "It reopens."}


def file(content: bytes, name: str = "pier.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_an_uploaded_picture_is_saved_with_its_words(desk: Client, pivot: Topic) -> None:
    desk.post(f"{T}/write/", SENT | {"picture": file(drawn()), "image_alt": "The pier"})
    picture = Picture.objects.get()
    assert Briefing.objects.get().image == {
        "url": settings.BASE_URL + picture.get_absolute_url(),
        "alt": "The pier",
    }


def test_an_upload_without_words_asks_for_them_and_keeps_the_picture(
    desk: Client, pivot: Topic
) -> None:
    answer = desk.post(f"{T}/write/", SENT | {"picture": file(drawn())})
    assert answer.status_code == 422
    assert "Say what it shows" in text(answer)
    path = Picture.objects.get().get_absolute_url()
    assert f'src="{path}"' in text(answer)
    assert form_of(answer.content.decode())["image_url"] == [settings.BASE_URL + path]


def test_a_refused_file_costs_nothing_else(desk: Client, pivot: Topic) -> None:
    answer = desk.post(f"{T}/write/", SENT | {"picture": file(b"<svg/>", "<b>.svg")})
    assert answer.status_code == 422
    assert "“<b>.svg” is no JPEG, PNG or WebP picture" in text(answer)
    assert "&lt;b&gt;.svg" in answer.content.decode()
    assert form_of(answer.content.decode())["headline"] == ["A pier"]
    assert not Briefing.objects.exists()


def test_a_script_gets_the_fields_of_the_picture_alone(desk: Client, pivot: Topic) -> None:
    answer = desk.post(f"{T}/pictures/", {"picture": file(drawn()), "image_alt": "The pier"})
    html = text(answer)
    assert "<html" not in html
    assert settings.BASE_URL + Picture.objects.get().get_absolute_url() in html
    assert 'value="The pier"' in html
    assert desk.post(f"{T}/pictures/", {}).status_code == 404
