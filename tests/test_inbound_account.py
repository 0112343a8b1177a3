"""INBOUND_URL as a value."""

import pytest

from workers.inbound.account import Account, leaving_uri
from workers.relay import Security


def test_the_user_is_the_address_where_it_is_one() -> None:
    for user in ("leave%40example.org", "leave@example.org"):
        found = Account.from_url(f"imaps://{user}:secret@mail.example.org")
        assert (found.user, found.address) == ("leave@example.org", "leave@example.org")
        assert (found.folder, found.port) == ("INBOX", 993)


def test_another_address_and_folder_can_be_named() -> None:
    found = Account.from_url(
        "imap://digest:a%2Fb@127.0.0.1:1143/Lists/Leave%20us?address=leave@example.org"
    )
    assert (found.user, found.password, found.port) == ("digest", "a/b", 1143)
    assert (found.folder, found.address) == ("Lists/Leave us", "leave@example.org")
    assert "a/b" not in f"{found} {found!r}"


@pytest.mark.parametrize(
    ("url", "security"),
    [
        ("imaps://a@example.org:p@mail.example.org", Security.IMPLICIT),
        ("imaps://a@example.org:p@127.0.0.1", Security.IMPLICIT),
        ("imap://a@example.org:p@mail.example.org", Security.STARTTLS),
        ("imap://a@example.org:p@localhost", Security.NONE),
    ],
)
def test_a_password_never_leaves_the_machine_in_the_clear(url: str, security: Security) -> None:
    assert Account.from_url(url).security is security


def test_what_means_something_in_a_uri_is_written_so_that_it_does_not() -> None:
    uri = leaving_uri("a+b&c?d@example.org", "TOKEN")
    assert uri == ("a%2Bb%26c%3Fd@example.org?subject=unsubscribe%20TOKEN&body=unsubscribe%20TOKEN")
