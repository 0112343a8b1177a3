"""The bytes of a message, and of the headers and envelope sender that go with it."""

import email
import email.policy
import os
import quopri
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.keyed import Keyed
from workers.headers import Letterhead, MessageRefused, checked_address, split_mailbox, text_header
from workers.lint import lint
from workers.message import Pieces, message_id, named, prepare
from workers.quoted import quoted_printable
from workers.verp import bounce_address, bounced_delivery

SECRET = b"a secret of the tests, 32 octets"
KEY = Keyed("a secret of the tests", "tests")
NAME, LEAVE, CITY = "__T7Q_NAME__", "__T7Q_LEAVE__", "__T7Q_CITY__"
TOKENS = {NAME: "name", LEAVE: "leave", CITY: "city"}
LETTERHEAD = Letterhead(
    sender="Media Desk <news@example.org>",
    language="en",
    reply_to="desk@example.org",
    list_id="medias-ai-pivot.example.org",
    unsubscribe=LEAVE,
    help_uri="https://example.org/help",
    archive_uri="https://example.org/t/medias-ai-pivot/",
    owner="desk@example.org",
    archived_at="https://example.org/t/medias-ai-pivot/2/",
    feedback_id="2:medias-ai-pivot:scheduled:digest",
    unattended=True,
)
ANYTHING = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
CONTENT = st.lists(
    st.one_of(
        st.sampled_from([NAME, LEAVE, CITY, "\n", "\r\n", ".", "\n.", "\n.\n", "=", " \n", "\t"]),
        st.sampled_from(["From me\n", "__T7Q_", "é" * 40, "x" * 200, "\r", "\x0b", "\x85"]),
        ANYTHING,
    ),
    max_size=12,
).map("".join)


def pieces(
    html: str = f"<p>Dear {NAME},</p><a href='{LEAVE}'>leave</a>",
    text: str = f"Dear {NAME} of {CITY}\n{LEAVE}\n",
    subject: str = "A studio sold for its archive",
    letterhead: Letterhead = LETTERHEAD,
) -> Pieces:
    return prepare(
        subject=subject,
        html=html,
        text=text,
        headers=letterhead.headers(),
        tokens=TOKENS,
        secret=SECRET,
    )


def reader(**fields: str) -> dict[str, str]:
    return {
        "address": "ann@example.org",
        "name": "Ann Reader",
        "date": "Sat, 22 Nov 2025 10:00:00 +0000",
        "message_id": message_id(KEY, 1, 2, 0, "example.org"),
        "leave": "https://example.org/leave/4f1-q",
        "city": "Oslo",
        **fields,
    }


@settings(deadline=None, max_examples=60)
@given(html=CONTENT, text=CONTENT, name=ANYTHING.filter(lambda s: len(s) <= 250), city=CONTENT)
def test_any_content_name_and_field_parse_back_to_what_was_meant(
    html: str, text: str, name: str, city: str
) -> None:
    city = re.sub("[\x0b\x0c]", "", city)
    edition, ann = pieces(html, text), reader(name=name, city=city)
    assert lint(edition.join(ann), edition.intended(ann)) == []


@settings(deadline=None, max_examples=50)
@given(subject=ANYTHING, name=ANYTHING.filter(lambda s: len(s) <= 250))
def test_any_subject_parses_back_also_with_a_name_in_it(subject: str, name: str) -> None:
    ann = reader(name=name)
    for edition in (pieces(subject=subject), pieces(subject=f"{NAME}: {subject}")):
        message = edition.join(ann)
        assert lint(message, edition.intended(ann)) == []
        head = message.split(b"\r\n\r\n")[0]
        assert all(len(line) <= 76 for line in head.split(b"\r\n") if b"=?" in line)


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_quoted_printable_decodes_to_the_same_text_in_short_lines(text: str) -> None:
    text = re.sub("[\ud800-\udfff]", "", text)
    coded = quoted_printable(text)
    lines = coded.split(b"\r\n")
    assert all(len(line) <= 76 and not line.startswith((b".", b"From ")) for line in lines)
    plain = re.sub("\r\n?", "\n", text).encode()
    assert quopri.decodestring(coded).replace(b"\r\n", b"\n") == plain


def test_a_message_shows_the_whole_table_of_headers() -> None:
    message = email.message_from_bytes(pieces().join(reader()), policy=email.policy.default)
    assert dict(message.items()) == {
        "To": "Ann Reader <ann@example.org>",
        "Date": "Sat, 22 Nov 2025 10:00:00 +0000",
        "Message-ID": message_id(KEY, 1, 2, 0, "example.org"),
        "List-Unsubscribe": "<https://example.org/leave/4f1-q>",
        "Subject": "A studio sold for its archive",
        "From": "Media Desk <news@example.org>",
        "Reply-To": "desk@example.org",
        "Content-Language": "en",
        "List-Id": "<medias-ai-pivot.example.org>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Help": "<https://example.org/help>",
        "List-Archive": "<https://example.org/t/medias-ai-pivot/>",
        "List-Owner": "<mailto:desk@example.org>",
        "Archived-At": "<https://example.org/t/medias-ai-pivot/2/>",
        "Feedback-ID": "2:medias-ai-pivot:scheduled:digest",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_a_message_to_no_list_has_no_list_headers() -> None:
    bare = Letterhead(sender="news@example.org", language="en", corrects="<first@example.org>")
    message = email.message_from_bytes(pieces(letterhead=bare).join(reader()))
    assert not [name for name in message if name.startswith("List-")]
    assert message["References"] == "<first@example.org>"


def test_values_are_escaped_once_in_html_and_not_in_text() -> None:
    message = email.message_from_bytes(
        pieces().join(reader(name="<b>Ann & 'Co'</b>")), policy=email.policy.default
    )
    text, html = (part.get_content() for part in message.iter_parts())
    assert "Dear <b>Ann & 'Co'</b> of Oslo" in text
    assert "Dear &lt;b&gt;Ann &amp; &#x27;Co&#x27;&lt;/b&gt;," in html


def test_a_value_that_looks_like_a_token_stays_as_it_is() -> None:
    message = pieces().join(reader(name=LEAVE))
    assert f"Dear {LEAVE}".encode() in quopri.decodestring(message)


@pytest.mark.parametrize("mark", list("\r\n\0\x0b\x0c\x1c\x85\u2028\u2029\ud800"))
@pytest.mark.parametrize(
    ("refused", "make"),
    [
        ("Subject", lambda mark: pieces(subject=f"Sold{mark}Bcc: eve@example.org")),
        ("From", lambda mark: pieces(letterhead=Letterhead(f"D{mark}x <d@example.org>", "en"))),
        ("Feedback-ID", lambda m: pieces(letterhead=Letterhead("d@e.org", "en", feedback_id=m))),
        ("To", lambda mark: pieces().join(reader(name=f"Ann{mark}Bcc: eve@example.org"))),
        ("To", lambda mark: pieces().join(reader(address=f"ann@example.org{mark}Bcc: e@e.org"))),
        ("To", lambda mark: pieces().join(reader(address=f"ann{mark}@example.org"))),
        ("Date", lambda mark: pieces().join(reader(date=f"Sat{mark}X: y"))),
        ("Message-ID", lambda mark: pieces().join(reader(message_id=f"<a{mark}@example.org>"))),
        ("List-Unsubscribe", lambda m: pieces().join(reader(leave=f"https://example.org/{m}"))),
    ],
)
def test_a_line_break_in_any_header_is_refused_by_name(
    refused: str, make: Callable[[str], object], mark: str
) -> None:
    with pytest.raises(MessageRefused) as refusal:
        make(mark)
    assert refusal.value.field == refused
    assert "this message was not made" in str(refusal.value)


@pytest.mark.parametrize(
    "address",
    [
        "x <q@r.s>@e.f", "a@b@c.d", '"a b"@example.org', "a(c)@example.org", "<a@example.org>",
        "a@example.org,b@example.org", "@route:a@example.org", "a@[127.0.0.1]", "a", "", "a@", "@b",
        ".a@example.org", "a..b@example.org", "a@example..org", "a b@example.org", "a@b>\r\nRCPT",
        "a" * 65 + "@example.org", "a@" + "b" * 256, "a;b@example.org", "a\u2028@example.org",
    ],
)  # fmt: skip
def test_an_address_that_parsers_disagree_about_is_refused(address: str) -> None:
    with pytest.raises(MessageRefused):
        checked_address("To", address)
    with pytest.raises(MessageRefused):
        split_mailbox("From", f"Ann <{address}>")


def test_a_sender_is_read_with_its_name_quoted_or_not() -> None:
    for value, mailbox in {
        "Media Desk <n@example.org>": ("Media Desk", "n@example.org"),
        '"Desk, \\"Media\\"" <n@example.org>': ('Desk, "Media"', "n@example.org"),
        "<n@example.org>": ("", "n@example.org"),
        "n@example.org": ("", "n@example.org"),
    }.items():
        assert split_mailbox("From", value) == mailbox


def test_names_and_fields_out_of_all_proportion_are_refused() -> None:
    for fields in ({"name": "n" * 10_000}, {"city": "c" * 10_001}, {"leave": "l" * 1_000}):
        with pytest.raises(MessageRefused, match="longer than"):
            pieces().join(reader(**fields))


def test_a_missing_field_or_a_control_character_in_one_names_the_field() -> None:
    ann = reader()
    del ann["city"]
    for fields, problem in ((ann, "city is missing"), (reader(city="a\0b"), r"city holds U\+0000")):
        with pytest.raises(MessageRefused, match=problem):
            pieces().join(fields)


def test_headers_twice_or_made_here_are_refused() -> None:
    for name in ("From", "Date", "Bad name", "Content-Type", "X:y"):
        with pytest.raises(MessageRefused):
            prepare(subject="s", html="h", text="t", tokens={}, secret=SECRET,
                    headers=[*LETTERHEAD.headers(), (name, "x")])  # fmt: skip


def test_the_same_reader_gets_the_same_bytes_again_and_another_secret_another_boundary() -> None:
    assert pieces().join(reader()) == pieces().join(reader())
    other = prepare(subject="s", html="h", text="t", headers=[], tokens={}, secret=b"other")
    same = prepare(subject="s", html="h", text="t", headers=[], tokens={}, secret=SECRET)
    assert other.join(reader()) != same.join(reader())


def test_another_process_makes_the_same_bytes() -> None:
    """A retry, and what ``digest message`` shows, must be what was sent."""
    code = (
        "import sys; from tests.test_message import *; "
        "sys.stdout.buffer.write(pieces().join(reader()))"
    )
    for seed in ("1", "2"):
        again = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[1],
            capture_output=True,
            check=True,
        )
        assert again.stdout == pieces().join(reader())


def test_message_ids_tell_mailing_recipient_and_generation_apart_and_hide_the_address() -> None:
    told_apart = [(1, 2, 0), (2, 1, 0), (1, 2, 1)]
    ids = {message_id(KEY, *numbers, "example.org") for numbers in told_apart}
    assert len(ids) == 3
    assert all(re.fullmatch(r"<[12]\.[01]\.[0-9a-f]{32}@example\.org>", each) for each in ids)


def test_a_message_id_names_its_delivery_to_us_and_can_not_be_made_up() -> None:
    ours = message_id(KEY, 5, 258, 1, "example.org")
    for said in (ours, ours.strip("<>"), f" {ours} "):
        told = named(said)
        assert told is not None
        assert (told.recipient, told.generation) == (258, 1)
        assert told.is_ours(KEY, 5)
        assert not told.is_ours(KEY, 6)
        assert not told._replace(recipient=259).is_ours(KEY, 5)
    assert named("<20260517.1@example.org>") is None
    assert named("<ffffffffffffffff.0." + "0" * 32 + "@example.org>") is None


@pytest.mark.parametrize("trick", ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\r\n", "\r\n.\n"])
def test_no_content_can_end_the_message_early(trick: str) -> None:
    smuggled = f"text{trick}MAIL FROM:<eve@example.org>"
    message = pieces(html=smuggled + CITY, text=smuggled + CITY).join(reader(city=smuggled))
    assert not re.search(rb"(^|[\r\n])\.", message)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", message)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda m: m.replace(b"\r\n\r\n", b"\r\nBcc: eve@example.org\r\n\r\n", 1), "header Bcc"),
        (lambda m: m.replace(b"Subject: A", b"Subject: B"), "header Subject is not shown"),
        (lambda m: m.replace(b"Oslo", b"Bonn"), "text/plain does not show"),
        (lambda m: m.replace(b"leave</a>", b"stay</a>"), "text/html does not show"),
        (lambda m: m.replace(b"\r\n", b"\n", 1), "bare CR or LF"),
        (lambda m: m.replace(b"Oslo", b"O" * 80), "longer than 76"),
        (lambda m: m.replace(b"Subject: ", b"Subject: " + b"A" * 999), "longer than 998"),
        (lambda m: m.replace(b"Dear", b"\r\n.ear"), "begins with a dot"),
        (lambda m: m.replace(b"Oslo", b"\0slo"), "NUL"),
        (lambda m: m.replace(b"<https://example.org/leave/4f1-q>", b"=?utf-8?q?=3Chttps?="), "Uns"),
        (lambda m: m.replace(b"text/plain", b"text/enriched"), "the parts are"),
        (lambda m: m[:-2], "no end"),
        (lambda m: m.replace(b"Oslo", "Øslo".encode()), "not ASCII"),
    ],
)
def test_the_last_look_finds(spoil: Callable[[bytes], bytes], fault: str) -> None:
    edition = pieces()
    message = edition.join(reader())
    assert spoil(message) != message
    assert fault in "; ".join(lint(spoil(message), edition.intended(reader())))


def test_a_long_subject_is_folded_at_its_spaces() -> None:
    folded = text_header("Subject", "word " * 30 + "end")
    assert max(map(len, folded.split(b"\r\n"))) <= 76
    assert folded.replace(b"\r\n", b"") == b"Subject: " + b"word " * 30 + b"end"


@settings(max_examples=30)
@given(st.integers(0, 2**63 - 1))
def test_a_bounce_address_leads_back_to_its_delivery_in_any_case(delivery: int) -> None:
    address = bounce_address(KEY, delivery, "bounces.example.org")
    assert len(address.partition("@")[0]) <= 64
    assert bounced_delivery(KEY, address) == delivery
    assert bounced_delivery(KEY, address.upper()) == delivery


def test_a_bounce_address_with_one_letter_changed_is_not_ours() -> None:
    address = bounce_address(KEY, 1234, "example.org")
    local = address.partition("@")[0]
    for at in range(len("bounce+"), len(local)):
        forged = address[:at] + ("3" if address[at] != "3" else "4") + address[at + 1 :]
        assert bounced_delivery(KEY, forged) is None
    for foreign in ("", "bounce+@example.org", "desk@example.org", "bounce+zz-aaaa@example.org"):
        assert bounced_delivery(KEY, foreign) is None
