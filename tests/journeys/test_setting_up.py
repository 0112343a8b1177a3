"""From an empty folder to a first real mail through somebody else's relay: a real Postfix."""

import json
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import dkim
import pytest

from config.environment import SETTINGS
from tests import postfix
from tests.journeys.system import DIGEST, until
from tests.nameserver import serving
from tests.postfix import PASSWORD
from tests.relays import PoliteRelay
from workers.setting_up import env_file

GIVEN = ("--name", "The Harbour", "--from", "news@example.org", "--postal", "1 Quay")
PAGES = ("--base-url", "https://news.example.org")
ONLY_FROM = """
smtpd_sender_login_maps = inline:{ { news@example.org = digest } }
smtpd_sender_restrictions = reject_sender_login_mismatch
"""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Of an empty folder: nothing is set but the name server, which knows nothing."""
    monkeypatch.chdir(tmp_path)
    ours = {setting.name for setting in SETTINGS} | {"DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    with serving({}) as server:
        yield kept | {"DNS_SERVER": server}


def init(environ: dict[str, str], *options: str, status: int = 0) -> Any:
    """The one object that it prints, in which no password is."""
    command = [str(DIGEST), "init", "--no-input", "--json", *options]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert PASSWORD.replace(" ", "%20") not in done.stdout + done.stderr
    return json.loads(done.stdout)


def words(said: Any) -> str:
    (found,) = [one for one in said["findings"] if one["about"] == "Relay"]
    return f"{found['words']} {found['mend']}"


def test_a_wrong_password_and_a_certificate_of_nobodys_are_told_and_then_a_real_mail_arrives_signed(
    environ: dict[str, str],
) -> None:
    Path(".env").write_text("BASE_URL=http://news.example.org\n")  # with which nothing starts
    with postfix.running() as relay:
        guessed = init(environ, *GIVEN, *PAGES, "--relay", relay.url(password="guessed"), status=1)
        assert "does not let digest in: 535" in words(guessed)
        assert "SMTP_URL" not in guessed["changed"]
        unknown = init(environ, "--relay", relay.url(trusted=False), status=1)
        assert "certificate is not valid" in words(unknown)
        assert "cafile=" in words(unknown)

        said = init(environ, "--relay", relay.url(), "--test-mail", "reader1@example.org")
        assert said["test_mail"]["taken"], said
        assert "queued as" in said["test_mail"]["answer"]
        until(lambda: bool(relay.delivered()), 20, what=relay.log)
        (path,) = relay.delivered()
        mail = path.read_bytes()
    assert env_file.values(Path(".env").read_text())["SMTP_URL"] == relay.url()
    assert_it_is_as_readers_get_theirs(mail, said["records"])


def assert_it_is_as_readers_get_theirs(mail: bytes, records: Sequence[Any]) -> None:
    """Signed by the key whose record was printed; with the fields of a mail to many."""
    known = {f"{one['name']}.".encode(): one["value"].encode() for one in records}
    as_sent = mail[mail.index(b"DKIM-Signature:") :].replace(b"\n", b"\r\n")
    assert dkim.verify(as_sent, dnsfunc=lambda name, timeout=5: known.get(name))
    read = message_from_bytes(mail, policy=policy.default)
    assert read["From"] == "The Harbour <news@example.org>"
    assert read["Return-Path"].startswith("<bounce+")
    assert read["List-Unsubscribe"].startswith("<https://news.example.org/")
    plain, page = read.get_body(("plain",)), read.get_body(("html",))
    assert plain
    assert "Authentication-Results" in plain.get_content()
    assert page
    assert "1 Quay" in page.get_content()


def test_a_test_mail_that_the_relay_does_not_take_is_told_with_its_words(
    environ: dict[str, str],
) -> None:
    def spam(verb: str, _line: str, _number: int) -> str | None:
        return "554 5.7.1 looks like spam" if verb == "DOT" else None

    with PoliteRelay(spam).running() as relay:
        url = f"smtp://127.0.0.1:{relay.port}"
        given = (*GIVEN, *PAGES, "--relay", url, "--test-mail", "reader1@example.org")
        said = init(environ, *given, status=1)
    assert said["test_mail"] == {
        "to": "reader1@example.org",
        "taken": False,
        "answer": "554 5.7.1 looks like spam",
    }
    assert "SMTP_URL" in said["changed"]


def test_a_relay_that_lets_its_user_send_from_one_address_alone_is_told_before_any_mail(
    environ: dict[str, str],
) -> None:
    with postfix.running(main=ONLY_FROM) as relay:
        said = init(environ, *GIVEN, *PAGES, "--relay", relay.url(), status=1)
        assert "Sender address rejected: not owned by user" in words(said)
        assert "all addresses of example.org" in words(said)
        assert relay.delivered() == []


def test_on_a_terminal_the_password_is_typed_unseen_and_a_slip_costs_one_question(
    environ: dict[str, str],
) -> None:
    with postfix.running() as relay:
        whole = relay.url(password="slip")
        seen = talked(
            [str(DIGEST), "init", *GIVEN, *PAGES],
            environ,
            [
                ("Relay (Enter: none yet)", whole),
                ("Bounce domain", ""),
                ("Sign mails", ""),
                ("Try again? [Y/n]", ""),
                ("User", ""),
                ("Password, unseen", PASSWORD),
                ("Send one to", ""),
            ],
        )
    assert "Next:" in seen
    assert PASSWORD not in seen
    assert env_file.values(Path(".env").read_text())["SMTP_URL"] == relay.url().replace(
        "connections=4&", ""
    )


def talked(command: list[str], environ: dict[str, str], talk: list[tuple[str, str]]) -> str:
    """All that a terminal shows while this is answered so."""
    ours, theirs = pty.openpty()
    seen = ""
    with subprocess.Popen(
        command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        for expected, answer in talk:
            seen += heard(ours, expected)
            os.write(ours, f"{answer}\n".encode())
        seen += heard(ours, "")
        assert process.wait(30) == 0, seen
    os.close(ours)
    return re.sub(r"\x1b\[[\d;]*m", "", seen)


def heard(terminal: int, expected: str) -> str:
    """What it shows until this; until its end where that is nothing."""
    seen, until_ = "", time.monotonic() + 60
    while not (expected and expected in seen and seen.rstrip(" ").endswith((":", "]"))):
        ready, _, _ = select.select([terminal], [], [], until_ - time.monotonic())
        assert ready, seen
        try:
            seen += os.read(terminal, 65536).decode()
        except OSError:  # it has ended
            assert not expected, seen
            break
    return seen
