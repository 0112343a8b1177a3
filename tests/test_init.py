"""`digest init` as scripts call it: what is written, what is told, and what stays as it was."""

import errno
import os
from pathlib import Path

import pytest

from digest.errors import Refused, Unreachable
from tests import signing
from tests.relays import PoliteRelay, sink
from tests.setting_up import (
    BOUNCES,
    DOMAIN,
    FROM,
    GIVEN,
    PAGES,
    PASSWORD,
    POSTAL,
    env,
    finding,
    here,
    run,
)
from workers.setting_up import keys, private

__all__ = ["here"]  # a fixture


def files() -> list[str]:
    return [path.name for path in Path().iterdir()]


# ---- what is written ---------------------------------------------------------------------------


def test_it_writes_what_is_given_with_a_key_and_again_changes_nothing(here: Path) -> None:
    with sink() as (relay, _):
        url = f"smtp://127.0.0.1:{relay.port}"
        first = run(*GIVEN, "--relay", url, "--bounce-domain", BOUNCES)
        kept = [Path(name).read_bytes() for name in (".env", "var/dkim/digest.pem")]
        again = run(*GIVEN, "--relay", url)
    assert env() == {
        "FROM_ADDRESS": f"The Harbour <{FROM}>",
        "POSTAL_ADDRESS": POSTAL,
        "BASE_URL": PAGES,
        "SMTP_URL": url,
        "BOUNCE_DOMAIN": BOUNCES,
        "DKIM_DOMAIN": DOMAIN,
        "DKIM_SELECTOR": "digest",
        "DKIM_KEY_FILE": "var/dkim/digest.pem",
    }
    assert (first["env"], first["changed"]) == (str(here / ".env"), list(env()))
    assert finding(first, "Relay")["grade"] == "well"
    assert [(one["type"], one["name"]) for one in first["records"]] == [
        ("TXT", BOUNCES),
        ("TXT", f"digest._domainkey.{DOMAIN}"),
        ("TXT", f"_dmarc.{DOMAIN}"),
        ("MX", BOUNCES),
    ]
    assert all(one["value"] and one["why"] for one in first["records"])
    assert again["changed"] == []
    assert kept == [Path(name).read_bytes() for name in (".env", "var/dkim/digest.pem")]
    for secret in (".env", "var/dkim/digest.pem"):
        assert Path(secret).stat().st_mode & 0o777 == 0o600
    assert Path("var/dkim").stat().st_mode & 0o777 == 0o700


def test_one_value_is_changed_and_all_other_lines_stay(here: Path) -> None:
    lines = [
        "# Ours since May.",
        "POSTGRES_PASSWORD=whatever",
        f"FROM_ADDRESS='The Harbour <{FROM}>' # the desk",
        "POSTAL_ADDRESS=1 Quay",
        f"export BASE_URL={PAGES}",
        "SEND_RATE=70",
    ]
    Path(".env").write_text("\ufeff" + "\n".join(lines))  # as editors on Windows begin a file
    with sink() as (relay, _):
        said = run(
            "--name", "Harbour & Sons", "--no-dkim", "--relay", f"smtp://127.0.0.1:{relay.port}"
        )
    assert said["changed"] == ["FROM_ADDRESS", "SMTP_URL"]
    now = Path(".env").read_text().splitlines()
    assert now[2] == f"FROM_ADDRESS='Harbour & Sons <{FROM}>' # the desk"
    assert now[:2] + now[3:-1] == lines[:2] + lines[3:]


def test_what_is_written_there_meanwhile_stays(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def somebody_writes(verb: str, _line: str, _number: int) -> None:
        if verb == "MAIL":
            Path(".env").write_text("SEND_RATE=70\n")

    def somebody_makes_one() -> bytes:
        Path("var/dkim").mkdir(parents=True)
        Path("var/dkim/digest.pem").write_bytes(signing.key())
        return b"another"

    with PoliteRelay(somebody_writes).running() as relay:
        url = f"smtp://127.0.0.1:{relay.port}"
        run(*GIVEN, "--no-dkim", "--relay", url)
    assert env()["SEND_RATE"] == "70"
    assert env()["SMTP_URL"] == url
    before = Path(".env").read_bytes()
    monkeypatch.setattr(keys, "_made", somebody_makes_one)
    monkeypatch.setattr(keys.Key, "signer", signing.signer())
    with pytest.raises(Refused, match="meanwhile; it was kept"):
        run("--dkim", "--relay", f"smtp://127.0.0.1:{relay.port}")
    assert Path("var/dkim/digest.pem").read_bytes() == signing.key()
    assert Path(".env").read_bytes() == before


def test_a_name_with_a_comma_is_put_in_quotes_and_one_with_quotes_is_refused(here: Path) -> None:
    with sink() as (relay, _):
        url = f"smtp://127.0.0.1:{relay.port}"
        run(*GIVEN, "--name", "Harbour, Ltd", "--relay", url)
        assert env()["FROM_ADDRESS"] == f'"Harbour, Ltd" <{FROM}>'
        with pytest.raises(Refused, match="double quote"):
            run(*GIVEN, "--name", 'The "Harbour"', "--relay", url)


# ---- what can't be used ------------------------------------------------------------------------


def test_what_is_missing_is_named_all_at_once_with_a_line_that_is_misspelt(here: Path) -> None:
    Path(".env").write_text("SEND_RATE=70\nSMPT_URL=smtp://mail.example.org\n")
    with pytest.raises(Refused) as stopped:
        run("--from", FROM)
    told = str(stopped.value)
    assert stopped.value.status == 2
    for option in ("--postal (POSTAL_ADDRESS)", "--base-url (BASE_URL)", "--relay (SMTP_URL)"):
        assert option in told
    assert "--from" not in told
    assert "Line 2 of .env: SMPT_URL is no setting; it does nothing. Write SMTP_URL" in told
    assert files() == [".env"]


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("--base-url", f"http://news.{DOMAIN}", "must be https.*Caddy do, see docs/vps.md"),
        ("--base-url", f"{PAGES}/digest", "something after its host"),
        ("--from", "nobody", "is not one address"),
        ("--from", "a@b.org, c@d.org", "is not one address"),
        pytest.param("--from", f"a{' ' * 1_000_000}x", "is not one address", id="in no time"),
        ("--postal", " ", "Missing: --postal"),
        ("--name", "The\tHarbour", "--name: .* is too long for a sender's name, or holds"),
        pytest.param("--name", "x" * 100_000, "--name: 'xxx.* is too long", id="a long name"),
        ("--relay", "mail.example.org", "does not begin with smtp://"),
        ("--relay", f"smtp://us:{PASSWORD}@mail.example.org", "password in the clear"),
        ("--relay", "nobody+https://key@", "names no provider whose API is known"),
        ("--bounce-domain", "not a domain", "is no domain"),
        ("--postal", "1 Quay\nHarbour", "holds a line break"),
        ("--selector", "a.b", "is no selector"),
        ("--test-mail", "a@b.org>\r\nDATA", "is not one address"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_with_an_example_and_nothing_changes(
    here: Path, option: str, text: str, told: str
) -> None:
    with sink() as (relay, _), pytest.raises(Refused, match=told) as stopped:
        run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}", option, text)
    assert "othing was changed" in str(stopped.value)
    assert PASSWORD not in str(stopped.value)
    assert len(str(stopped.value)) < 300
    assert files() == []


@pytest.mark.parametrize(
    ("content", "told"), [(b"A=1\nrubbish\n", "line 2 is no NAME=value"), (b"A=\xff", "not UTF-8")]
)
def test_a_file_that_cannot_be_read_is_left_as_it_is(here: Path, content: bytes, told: str) -> None:
    Path(".env").write_bytes(content)
    with pytest.raises(Refused, match=told):
        run(*GIVEN, "--relay", "smtp://127.0.0.1:1")
    assert Path(".env").read_bytes() == content


def test_a_line_that_would_stop_the_start_is_named_and_what_is_asked_is_done(here: Path) -> None:
    Path(".env").write_text("SEND_RATE=fast\nBASE_URL=http://news.example.org\nSECRET_KY=x\n")
    with sink() as (relay, _):
        said = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}", status=1)
    assert "SEND_RATE: 'fast' is no number" in finding(said, "Line 1 of .env")["words"]
    assert "SECRET_KEY" in finding(said, "Line 3 of .env")["mend"]
    assert not any(one["about"] == "Line 2 of .env" for one in said["findings"])
    assert env()["BASE_URL"] == PAGES


def test_what_the_environment_outranks_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_URL", "https://other.example.org")
    with sink() as (relay, _):
        said = run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
    assert "outranks it" in finding(said, "Environment's BASE_URL")["words"]
    assert env()["BASE_URL"] == PAGES


def test_a_disk_that_is_full_leaves_the_file_as_it_was(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("SEND_RATE=70\n")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with sink() as (relay, _), pytest.raises(Unreachable, match=r"No space left.*as it was"):
        run(*GIVEN, "--no-dkim", "--relay", f"smtp://127.0.0.1:{relay.port}")
    assert files() == [".env"]
    assert Path(".env").read_text() == "SEND_RATE=70\n"


def test_files_that_everybody_can_read_are_closed_and_a_group_keeps_what_it_was_given(
    here: Path,
) -> None:
    with sink() as (relay, _):
        given = (*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
        run(*given)
        secrets = (".env", "var/dkim/digest.pem")
        for name in secrets:
            Path(name).chmod(0o644)
        said = run(*given, "--postal", "2 Quay")
        files = [one["about"] for one in said["findings"] if one["about"].startswith("File")]
        assert files == ["File .env", "File digest.pem"]
        assert [Path(name).stat().st_mode & 0o777 for name in secrets] == [0o600, 0o600]
        Path(".env").chmod(0o640)
        run(*given, "--postal", "3 Quay")
    assert Path(".env").stat().st_mode & 0o777 == 0o640


def test_what_is_no_file_is_not_closed(tmp_path: Path) -> None:
    """Root may close anything, and who names /dev/null as a key would close it to everybody."""
    pipe = tmp_path / "key.pem"
    os.mkfifo(pipe)
    pipe.chmod(0o644)
    assert not private.close(pipe)
    assert pipe.stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
def test_what_root_writes_belongs_to_whoever_has_the_folder(here: Path) -> None:
    os.chown(here, 65534, 65534)
    with sink() as (relay, _):
        run(*GIVEN, "--relay", f"smtp://127.0.0.1:{relay.port}")
    for made in (".env", "var", "var/dkim", "var/dkim/digest.pem"):
        assert (Path(made).stat().st_uid, Path(made).stat().st_gid) == (65534, 65534)
