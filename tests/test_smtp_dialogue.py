"""What is said before the first message: replies, offers, TLS first, signing in."""

import base64
import hmac
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.relay import Relay, Security
from workers.smtp_dialogue import Features, Pause, RelayTrouble, ReplyReader, opening

PLAINLY = Relay("relay.example.org", user="ann", password="pässword")


def talk(relay: Relay, *replies: str) -> tuple[list[bytes | Pause], Features]:
    """What we say when the relay replies so, and what came of it."""
    dialogue = opening(relay, "us.example.org")
    said = [next(dialogue)]
    reader = ReplyReader()
    try:
        for reply in replies:
            (heard,) = reader.feed(reply.encode() + b"\r\n")
            said.append(dialogue.send(heard))
            if said[-1] is Pause.TLS:
                said.append(dialogue.send(heard))
    except StopIteration as done:
        return said[1:], done.value
    raise AssertionError(f"not done after {said}")


@given(st.binary(max_size=40), st.lists(st.integers(0, 60), max_size=6))
def test_replies_are_the_same_however_they_are_split(noise: bytes, cuts: list[int]) -> None:
    text = noise.replace(b"\n", b"").replace(b"\r", b"")
    stream = b"250-a " + text + b"\r\n250 b\r\n354\r\n421 " + text + b"\r\n450-x\n450 y\n"
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader, whole = ReplyReader(), ReplyReader().feed(stream)
    split = [
        reply
        for start, end in itertools.pairwise(edges)
        for reply in reader.feed(stream[start:end])
    ]
    assert split == whole
    assert [reply.code for reply in whole] == [250, 354, 421, 450]
    assert not reader.halfway


@pytest.mark.parametrize("line", [b"", b"25 ok", b"HTTP/1.1 400", b"650 no", b"250_ok", b"99"])
def test_what_is_no_smtp_is_trouble(line: bytes) -> None:
    with pytest.raises(RelayTrouble, match="no SMTP reply"):
        ReplyReader().feed(line + b"\r\n")


@pytest.mark.parametrize("endless", [b"250-mo\r\n", b"25000000"])
def test_a_reply_without_end_is_trouble(endless: bytes) -> None:
    reader = ReplyReader()
    reader.feed(endless * 6_000)
    with pytest.raises(RelayTrouble, match="no end"):
        reader.feed(endless * 6_000)


def test_a_reply_is_shown_on_one_line_whatever_it_holds() -> None:
    (reply,) = ReplyReader().feed(b"550-5.1.1 no\tsuch\x00 user\r\n550 b\xffd\r\n")
    assert reply.text == "550 5.1.1 no\ufffdsuch\ufffd user b\ufffdd"


def test_offers_are_read_in_any_case_and_old_style() -> None:
    said, features = talk(
        Relay("r"), "220 hi",
        "250-r\r\n250-pipelining\r\n250-SIZE 1000\r\n250-AUTH=PLAIN login\r\n250 SmtpUtf8",
    )  # fmt: skip
    assert said == [b"EHLO us.example.org\r\n"]
    assert features == Features(True, 1000, True, True, False, frozenset({"PLAIN", "LOGIN"}))


def test_helo_is_said_where_ehlo_is_unknown() -> None:
    said, features = talk(Relay("r"), "220 hi", "502 what", "250 r")
    assert said[-1] == b"HELO us.example.org\r\n"
    assert features == Features()


@pytest.mark.parametrize(
    ("replies", "trouble"),
    [
        (["554 no"], "does not greet: 554 no"),
        (["220 hi", "550 no", "550 no"], "does not say hello"),
        (["220 hi", "421 busy"], "does not say hello: 421 busy"),
    ],
)
def test_a_relay_that_does_not_take_us_is_trouble(replies: list[str], trouble: str) -> None:
    with pytest.raises(RelayTrouble, match=trouble):
        talk(Relay("r"), *replies)


def test_nothing_but_hello_is_said_before_tls_that_was_asked_for() -> None:
    relay = Relay("r", security=Security.STARTTLS, user="ann", password="p")
    said, _ = talk(
        relay, "220 hi", "250-r\r\n250-AUTH PLAIN\r\n250 STARTTLS", "220 go",
        "250-r\r\n250 AUTH PLAIN", "235 in",
    )  # fmt: skip
    assert said[:3] == [b"EHLO us.example.org\r\n", b"STARTTLS\r\n", Pause.TLS]
    assert said[3] == b"EHLO us.example.org\r\n"
    assert isinstance(said[4], bytes)
    assert said[4].startswith(b"AUTH PLAIN ")


@pytest.mark.parametrize(
    ("replies", "lasting"),
    [(["250 r"], True), (["250-r\r\n250 STARTTLS", "454 not now"], False)],
)
def test_without_the_tls_that_was_asked_for_there_is_no_going_on(
    replies: list[str], lasting: bool
) -> None:
    with pytest.raises(RelayTrouble, match="STARTTLS") as trouble:
        talk(Relay("r", security=Security.STARTTLS), "220 hi", *replies)
    assert trouble.value.lasting is lasting


def coded(text: str) -> bytes:
    return base64.b64encode(text.encode()) + b"\r\n"


def test_signing_in_by_plain() -> None:
    said, _ = talk(PLAINLY, "220 hi", "250-r\r\n250 AUTH LOGIN PLAIN", "235 in")
    assert said[-1] == b"AUTH PLAIN " + coded("\0ann\0pässword")


def test_signing_in_by_login() -> None:
    said, _ = talk(
        PLAINLY, "220 hi", "250-r\r\n250 AUTH LOGIN", "334 VXNlcg", "334 UGFzcw", "235 in"
    )
    assert said[-3:] == [b"AUTH LOGIN\r\n", coded("ann"), coded("pässword")]


def test_signing_in_by_cram_md5_which_comes_first_in_the_clear() -> None:
    challenge = "<1896.697170952@relay.example.org>"
    digest = hmac.new("pässword".encode(), challenge.encode(), "md5").hexdigest()
    said, _ = talk(
        PLAINLY, "220 hi", "250-r\r\n250 AUTH PLAIN CRAM-MD5",
        "334 " + coded(challenge).decode().strip(), "235 in",
    )  # fmt: skip
    assert said[-2:] == [b"AUTH CRAM-MD5\r\n", coded(f"ann {digest}")]


def test_another_way_of_signing_in_is_tried_where_one_is_not_taken() -> None:
    said, _ = talk(
        PLAINLY, "220 hi", "250-r\r\n250 AUTH LOGIN PLAIN", "504 no", "334 VXNlcg", "334 cGFzcw",
        "235 in",
    )  # fmt: skip
    assert b"AUTH LOGIN\r\n" in said


def test_a_wrong_password_is_lasting_trouble_and_tried_once() -> None:
    with pytest.raises(RelayTrouble, match=r"does not let ann in: 535 5\.7\.8 wrong") as trouble:
        talk(PLAINLY, "220 hi", "250-r\r\n250 AUTH LOGIN PLAIN", "535 5.7.8 wrong")
    assert trouble.value.lasting
    assert "pässword" not in str(trouble.value)


def test_a_relay_without_a_way_to_sign_in_is_lasting_trouble() -> None:
    for offers in ("250 r", "250-r\r\n250 AUTH GSSAPI"):
        with pytest.raises(RelayTrouble, match="no way to sign in") as trouble:
            talk(PLAINLY, "220 hi", offers)
        assert trouble.value.lasting
