"""A topic's logo: which files may be one, where it stands, and that it stays the same."""

import struct
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.test import Client

from config.cli import main
from digest import pictures
from digest.errors import Refused
from digest.models import Topic
from digest.pictures import Picture
from digest.rendering import pipeline
from digest.rendering.story import email_view
from tests import newsroom
from tests.emails import BASE, IMPRINT, Page

pytestmark = pytest.mark.django_db

FILE = Path(__file__).parent / "data" / "logo.png"
LOGO = FILE.read_bytes()


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int = 8, height: int = 8, colours: int = 2, between: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + between + chunk(b"IEND")


def topic_set(*words: str) -> Result:
    return CliRunner().invoke(main, ["topic", "set", "medias-ai-pivot", *words])


def test_a_logo_stands_for_the_name_which_is_its_alt_text(pivot: Topic) -> None:
    assert topic_set("--logo", str(FILE)).exit_code == 0
    update = newsroom.update(Topic.objects.get(), 1, newsroom.briefing(pivot))
    email = pipeline.render(email_view(update, IMPRINT, number=1))
    (logo,) = (attrs for tag, attrs in Page(email.html).tags if tag == "img")
    picture = Picture.objects.get()
    assert logo["src"] == f"{BASE}/pictures/{picture.hash}.png"
    assert (logo["alt"], logo["width"], logo["height"]) == (pivot.name, "158", "40")


def test_without_a_logo_nothing_is_fetched(pivot: Topic) -> None:
    topic_set("--logo", str(FILE))
    topic_set("--logo", "none")
    update = newsroom.update(Topic.objects.get(), 1, newsroom.briefing(pivot))
    assert "<img" not in pipeline.render(email_view(update, IMPRINT, number=1)).html


def test_mails_already_sent_keep_the_logo_that_they_were_sent_with(client: Client) -> None:
    old = pictures.kept(LOGO, "old.png")
    pictures.kept(png(), "new.png")
    response = client.get(old.get_absolute_url())
    assert response.content == LOGO
    assert response["Content-Type"] == "image/png"
    assert "immutable" in response["Cache-Control"]
    assert not response.cookies
    assert client.get(f"/pictures/{'0' * 64}.png").status_code == 404


def test_the_same_picture_is_kept_once() -> None:
    assert pictures.kept(LOGO, "a.png") == pictures.kept(LOGO, "b.png")
    assert Picture.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no whole PNG"),
        (b"GIF89a" + LOGO, "no whole PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no whole PNG"),
        (LOGO[:-1], "no whole PNG"),
        (LOGO[:60] + b"x" + LOGO[61:], "no whole PNG"),
        (LOGO + b"<script>", "no whole PNG"),
        (b"\x89PNG\r\n\x1a\n", "no whole PNG"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR") + chunk(b"IEND"), "by 0 pixels"),
        (png(0, 8), "0 by 8 pixels"),
        (png(8, 2001), "8 by 2001 pixels"),
        (png(colours=6), "transparent ground"),
        (png(colours=4), "transparent ground"),
        (png(between=chunk(b"tRNS", b"\x00")), "transparent ground"),
        (png(between=chunk(b"IDAT", bytes(pictures.WEIGHT))), "more than 64 kB"),
    ],
)
def test_what_no_mail_should_show_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(Refused, match=f"^logo .*{why}.*nothing was changed"):
        pictures.kept(content, "logo")
    assert not Picture.objects.exists()


def test_a_refused_logo_changes_nothing_of_the_topic(pivot: Topic, tmp_path: Path) -> None:
    assert "can't be read" in topic_set("--logo", str(tmp_path / "none.png")).stderr
    result = topic_set("--logo", str(FILE), "--zone", "Mars/X")
    assert result.exit_code == 2
    assert Topic.objects.get().logo_id is None
    assert not Picture.objects.exists()


@pytest.mark.parametrize(
    ("size", "shown"),
    [((316, 80), (158, 40)), ((1000, 100), (240, 24)), ((20, 10), (20, 10)), ((2000, 1), (240, 1))],
)
def test_a_logo_fits_the_masthead_and_is_never_blown_up(
    size: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert pictures.fitted(*size) == shown
