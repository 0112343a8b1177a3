"""What is an address that can be mailed, and what two programs might read differently."""

import json
import time
from pathlib import Path

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import Refused
from subscribers.addresses import mailbox, masked, normal
from subscribers.models import address_hash, normal_address

CORPORA = Path(__file__).parents[1].parent / "shared" / "data" / "addresses"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  Ann.Lee@Example.ORG ", "ann.lee@example.org"),
        ("ann+news@example.org", "ann+news@example.org"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("=sum@example.org", "=sum@example.org"),
        ("jo@bücher.example.com", "jo@xn--bcher-kva.example.com"),
        ("jo@XN--BCHER-KVA.example.com", "jo@xn--bcher-kva.example.com"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
    ],
)
def test_an_address_is_kept_in_one_form_that_fits_an_envelope(given: str, kept: str) -> None:
    assert normal(given) == kept
    assert normal(kept) == kept == normal_address(kept)
    assert kept.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@localhost",
        "x <q@r.example.org>@example.com",
        "Ann <ann@example.org>",
        '"ann lee"@example.org',
        '"ann"@example.org',
        "ann(at work)@example.org",
        "ann@example.org(home)",
        "ann@example.org,bob@example.org",
        "ann@example.org;bob@example.org",
        "ann@bob@example.org",
        "ann@[192.0.2.1]",
        "ann lee@example.org",
        "ann@exa mple.org",
        ".ann@example.org",
        "ann.@example.org",
        "an..n@example.org",
        "ann@-example.org",
        "ann@example..org",
        "ann@example.org.",
        "ann@example.invalid",
        "ann\0@example.org",
        "ann@example.org\r\nBcc: bob@example.org",
        "ann@example.org\n",
        "ann\x85@example.org",
        "ann@example\u2028.org",
        "ann\u200b@example.org",
        "ännchen@example.org",
        "\u212aate@example.org",
        "ann＠example.org",
        "a" * 65 + "@example.org",
        "a@" + "b." * 126 + "org",
        "ann@" + "b" * 64 + ".org",
    ],
)
def test_what_cannot_be_mailed_or_could_be_misread_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refused, match=r"address|domain|before the @"):
        normal(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" ", "There is no email address. Write one, as in ann@example.org."),
        ("ann", "'ann' is no email address: it has no @. Write it as in"),
        ("ann＠example.org", "its @ is another character that looks like one. Write a plain @."),
        ("@example.org", "nothing stands before the @"),
        ("Ann <ann@example.org>", "something stands beside the address. Write the address alone"),
        ("x <q@r.example.org>@example.com", "something stands beside the address"),
        ("ann@example.org, bob@example.org", "more than one address. Write one alone."),
        ("ann@bob@example.org", "more than one @"),
        ('"ann lee"@example.org', "quotes or brackets before the @. Write it without."),
        ("ann(at work)@example.org", "quotes or brackets before the @"),
        ("ann lee@example.org", "a space in it. Take it out."),
        ("ännchen@example.org", "a letter before the @ has an accent"),
        (".ann@example.org", "it begins with a dot"),
        ("ann.@example.org", "a dot right before the @"),
        ("an..n@example.org", "two dots follow each other"),
        ("an\\n@example.org", "quotes or brackets"),
        ("ann@", "nothing stands behind the @"),
        ("ann@localhost", "'localhost' is no domain that can be mailed: that name is kept for"),
        ("ann@mail", "'mail' is no domain that can be mailed: it has no ending"),
        ("ann@[192.0.2.1]", "that is a computer's number"),
        ("ann@192.0.2.1", "that is a computer's number"),
        ("ann@exa mple.org", "a space in it"),
        ("ann@example..org", "a dot is one too many"),
        ("ann@example.org.", "a dot at its end"),
        ("ann@-example.org", "a hyphen stands at the end of a part"),
        ("ann@" + "b" * 64 + ".org", "more than 63 characters"),
        ("ann@exam_ple.org", "no domain is spelt like that"),
        ("ann@example.invalid", "kept for tests and networks of one's own"),
    ],
)
def test_what_is_wrong_is_said_in_the_house_s_words_with_what_to_do(text: str, words: str) -> None:
    with pytest.raises(Refused) as told:
        normal(text)
    assert words in str(told.value)


@given(st.text(alphabet='aä@.-_ <>()[]",;\\1＠', max_size=30))
def test_no_mistake_is_told_in_the_words_of_a_library(text: str) -> None:
    told = ""
    try:
        normal(text)
    except Refused as problem:
        told = str(problem)
    assert "@-sign" not in told
    assert "IDNA" not in told


@given(st.emails())
def test_whatever_is_accepted_the_library_accepts_and_it_stays_one_address(address: str) -> None:
    try:
        kept = normal(address)
    except Refused:
        return
    assert kept.count("@") == 1
    assert validate_email(kept, check_deliverability=False).ascii_email is not None


@pytest.mark.parametrize(
    "text",
    ["a@" + "a." * 50_000 + "!", "a" * 100_000, "a@a.a" * 20_000, "(" * 100_000, "a@" + "é" * 250],
)
def test_a_monster_is_refused_at_once(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(Refused):
        normal(text)
    assert time.process_time() - begun < 0.1


def test_spellings_of_one_mailbox_share_a_key_and_never_lose_their_name() -> None:
    same = {
        "ann.lee@example.org",
        "annlee@example.org",
        "annlee+x@example.org",
        "a.n.n.lee+@example.org",
    }
    assert {mailbox(address) for address in same} == {"annlee@example.org"}
    assert mailbox("+news@example.org") != mailbox("+other@example.org")


def test_a_masked_address_gives_nobody_away() -> None:
    assert masked("ann.lee@example.org") == "a•••@example.org"


def test_the_hash_is_the_same_for_every_capitalisation() -> None:
    assert address_hash(" Ann@Example.org") == address_hash("ann@example.org")


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared corpora are not here")
def test_the_corpus_of_valid_addresses_differs_only_in_what_is_argued() -> None:
    """Refused although valid: quoted local parts, display names, and whatever needs SMTPUTF8."""
    cases = json.loads((CORPORA / "email_validator_syntax_cases.json").read_text("utf-8"))
    for address, expected in cases["test_email_valid"]["rows"]:
        odd = '"' in address or "<" in address or expected.get("smtputf8")
        if odd:
            with pytest.raises(Refused):
                normal(address)
        else:
            assert normal(address) == expected["ascii_email"].lower()
    for address, *_ in cases["test_email_invalid_syntax"]["rows"]:
        with pytest.raises(Refused):
            normal(address.strip(" "))


ARGUED = {
    "test@io": "a domain without a dot: no reader has one",
    "test@123.123.123.x123": "a top-level domain with digits: there is none",
    "test@xn--example.com": "xn-- and no valid punycode behind it",
}
"""What the corpus calls valid, and we don't."""


@pytest.mark.skipif(not CORPORA.is_dir(), reason="the shared corpora are not here")
@pytest.mark.parametrize("name", ["isemail_tests.xml", "isemail_tests-original.xml"])
def test_nothing_that_the_corpus_calls_wrong_is_accepted_and_what_is_refused_beyond_it_is_argued(
    name: str,
) -> None:
    from lxml import etree

    for case in etree.parse(CORPORA / name).iter("test"):
        shown = case.findtext("address") or ""
        address = "".join(chr(ord(c) - 0x2400) if 0x2400 <= ord(c) <= 0x241F else c for c in shown)
        category, why = case.findtext("category"), case.findtext("diagnosis")
        try:
            normal(address)
        except Refused:
            fine = category in {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"}
            assert not fine or address in ARGUED or len(address) > 253, (address, why)
        else:
            # White space around an address is trimmed; nobody asks DNS.
            fits = category in {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"}
            assert fits or why == "ISEMAIL_CFWS_FWS", (address, why)
