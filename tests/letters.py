"""A message's final bytes as the standard library reads them, and what must hold of any update's.

Knows nothing of how the bytes were made, but for the setting of the tests.
"""

import re
import unicodedata
from collections import Counter
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from html import unescape
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.emails import Page

ONCE = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Id",
        "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Language", "List-Help",
        "List-Archive", "List-Owner", "Archived-At", "Feedback-ID", "DKIM-Signature"}  # fmt: skip
"""What an update to readers has, each once."""

MAYBE = {"Reply-To", "Auto-Submitted"}
HOSTS = {"127.0.0.1"}
"""Where our own links lead in the tests."""

SCHEMES = {"http", "https", "mailto"}


class Mail(NamedTuple):
    """A message taken apart."""

    raw: bytes
    head: dict[str, str]  # each field as it stands, unfolded; names are told once
    shown: EmailMessage
    text: str
    html: str
    page: Page


def taken_apart(raw: bytes) -> Mail:
    """The message as mail programs read it; that it is one at all is looked at on the way."""
    look_at_lines(raw)
    shown = message_from_bytes(raw, policy=default)
    assert isinstance(shown, EmailMessage)
    assert not [one.defects for one in shown.walk() if one.defects]
    assert [one.get_content_type() for one in shown.walk()] == [
        "multipart/alternative", "text/plain", "text/html"
    ]  # fmt: skip
    text, html = shown.iter_parts()
    for part in (text, html):
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
    fields = re.split(rb"\r\n(?![ \t])", raw.partition(b"\r\n\r\n")[0])
    names = Counter(field.partition(b":")[0].decode() for field in fields)
    assert set(names.values()) == {1}, names
    head = {}
    for field in fields:
        name, _, value = field.decode().partition(": ")
        head[name] = re.sub("\r\n(?=[ \t])", "", value)
    return Mail(raw, head, shown, text.get_content(), html.get_content(), Page(html.get_content()))


def look_at_lines(raw: bytes) -> None:
    """RFC 5322 2.1.1, RFC 2045 6.7, and what SMTP smuggling needs (CVE-2023-51764)."""
    assert raw.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert raw.endswith(b"\r\n")
    assert b"\r\n." not in raw
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"(?m)^From ", body)


def look_at_headers(mail: Mail, *, reader: str, sender: str, subject: str, lang: str) -> None:
    """The header table of an update that a person sent, or its schedule (``Auto-Submitted``)."""
    head, shown = mail.head, mail.shown
    assert ONCE <= head.keys() <= ONCE | MAYBE
    assert (only(shown["From"]), only(shown["To"])) == (sender, reader)
    assert " ".join(str(shown["Subject"]).split()) == subject
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", str(shown["Subject"]))
    assert parsedate_to_datetime(head["Date"]).tzinfo is not None
    assert re.fullmatch(r"<[0-9a-f]+\.[0-9a-f]+\.[0-9a-f]{32}@[a-z.]+>", head["Message-ID"])
    assert head["Message-ID"].endswith(f"@{sender.rpartition('@')[2]}>")
    assert head["MIME-Version"] == "1.0"
    assert head["Content-Language"] == lang
    assert mail.page.all("html", "lang") == [lang]
    look_at_list_headers(mail, sender)
    assert re.fullmatch(r"u\d+:[a-z0-9-]+:[a-z]+:[a-z]+", head["Feedback-ID"])
    assert head.get("Auto-Submitted", "auto-generated") == "auto-generated"


def look_at_list_headers(mail: Mail, sender: str) -> None:
    """RFC 2369, 2919, 5064, 8058; on one line each, never in encoded words."""
    head = mail.head
    ours = {name: head[name] for name in head if name.startswith(("List-", "Archived-"))}
    for name, value in ours.items():
        assert f"\r\n{name}: {value}\r\n".encode() in mail.raw
        assert "=?" not in value
    leave = re.fullmatch(r"<(https?://[^<>\s]+/unsubscribe/[\w-]+/)>", head["List-Unsubscribe"])
    assert leave, head["List-Unsubscribe"]
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(rf"<topic-\d+\.{re.escape(sender.rpartition('@')[2])}>", head["List-Id"])
    assert head["List-Owner"] == f"<mailto:{sender}>"
    for name in ("List-Help", "List-Archive", "Archived-At"):
        assert urlsplit(head[name].strip("<>")).hostname in HOSTS
    token = leave[1].rstrip("/").rpartition("/")[2]
    assert len(token) >= 20
    assert token not in head["Archived-At"]
    assert leave[1] in mail.page.all("a", "href")
    assert leave[1] in mail.text


def look_at_html(mail: Mail) -> None:
    """Nothing of ours is broken, and nothing of theirs is more than text."""
    html, page = mail.html, mail.page
    assert html.startswith("<!DOCTYPE html>")
    assert html.count("<!--[if ") >= 10
    assert "@media (prefers-color-scheme: dark)" in html
    assert "!important" in html
    assert not re.search(r"__[A-Z0-9]{10}_[A-Z_]+__", html.replace("__ABCDEFGHIJ_", ""))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "svg", "math", "iframe", "form", "object", "link", "base"}
    assert not {tag for tag in tags if tag.startswith("mj-")}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {
        name for name in names if name.startswith("on") or not re.fullmatch("[a-z:-]+", name)
    }
    for url in page.all("a", "href"):
        assert url.startswith("#") or urlsplit(url).scheme in SCHEMES, url
    places = set(page.all("a", "id"))
    assert {url[1:] for url in page.all("a", "href") if url.startswith("#")} <= places
    assert all("alt" in attributes for tag, attributes in page.tags if tag == "img")


def look_at_text(mail: Mail) -> None:
    """72 columns, but for what has no spaces to break at, code, and lines with an address."""
    for line in mail.text.splitlines():
        longest = max(map(columns, line.split()), default=0)
        assert columns(line) <= 72 or longest > 60 or "://" in line or line[:4] == "    ", line[
            :200
        ]
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", mail.text)


def columns(text: str) -> int:
    """How wide a terminal shows it (Unicode TR 11): marks and formats take nothing."""
    flat = {"Mn", "Me", "Cf"}
    return sum(
        0 if unicodedata.category(one) in flat else 1 + (unicodedata.east_asian_width(one) in "WF")
        for one in text
    )


def squeezed(text: str) -> str:
    """Without its spaces, which wrapping moves."""
    return re.sub(r"\s+", "", unescape(text))


def only(field: object) -> str:
    """The address of a field that holds one and nothing else."""
    addresses: tuple[Address, ...] = getattr(field, "addresses", ())
    assert len(addresses) == 1
    return addresses[0].addr_spec
