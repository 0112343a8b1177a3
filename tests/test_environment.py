"""Settings: what can be read, and in which words the rest is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import environment

NONE = Path("/nonexistent/.env")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("SEND_RATE", "fast", "'fast' is no number"),
        ("SEND_RATE", "-1", "is not between"),
        ("SEND_RATE", "nan", "is not between"),
        ("JOURNAL_FSYNC", "maybe", "is neither on nor off"),
        ("LOG_LEVEL", "loud", "is none of debug, info"),
        ("DATABASE_URL", "mysql://h/d", "does not begin with postgres://"),
        ("DATABASE_URL", "postgres://", "names no database"),
        ("DATABASE_URL", "postgres://h:port/d", "host or port"),
        ("REDIS_URL", "localhost", "does not begin with redis://"),
        ("SMTP_URL", "smtp://", "names no host"),
        ("SMTP_URL", "smtp://h:port", "port"),
        ("SMTP_URL", "smtp://us:p/w@h", "write %2F, %3F, %23"),
        ("SMTP_URL", "smtp://us:p[w@h", "write %5B, %5D"),
        ("SMTP_URL", "smtp://h?connections=many", "connections"),
        ("SMTP_URL", "smtp://h?speed=1", "unknown option, speed"),
        ("SMTP_URL", "postmark+https://", "has no API key"),
        ("SMTP_URL", "nobody+https://k@", "names no provider whose API is known"),
        ("INBOUND_URL", "pop3://u:p@h", "does not begin with imap://, imaps:// or lmtp://"),
        ("INBOUND_URL", "lmtp://127.0.0.1:0", "port"),
        ("INBOUND_URL", "lmtp://u:p@127.0.0.1:2424", "no user and no folder"),
        ("INBOUND_URL", "lmtp://127.0.0.1:2424?cafile=x", "unknown option, cafile"),
        ("INBOUND_URL", "lmtp://127.0.0.1?address=x", "names no address"),
        ("INBOUND_URL", "imap:///INBOX", "names no host"),
        ("INBOUND_URL", "imap://leave@example.org@h/INBOX", "names no user and password"),
        ("INBOUND_URL", "imap://leave:s3cret@h", "names no address that readers can write to"),
        ("INBOUND_URL", "imap://u:p@h?address=a@b.org,c@d.org", "names no address"),
        ("INBOUND_URL", "imap://u:p@h?address=b%C3%BCro@b.org", "names no address"),
        ("INBOUND_URL", "imap://a@b.org:p@h:port", "port"),
        ("INBOUND_URL", "imap://a@b.org:p@h?folder=X", "unknown option, folder"),
        ("INBOUND_URL", "imap://a@b.org:p%0D%0A@h", "not plain ASCII"),
        ("BASE_URL", "http://news.example.org", "must be https unless it is on loopback"),
        ("BASE_URL", "https://news.example.org/digest", "something after its host"),
        ("BASE_URL", "https://us:pw@news.example.org", "whom all readers would see"),
        ("BOUNCE_DOMAIN", "-", "is no domain"),
        ("BOUNCE_DOMAIN", f"{'b' * 64}.example.org", "is no domain"),
        ("BOUNCE_DOMAIN", f"{'b.' * 130}example.org", "is no domain"),
        ("FROM_ADDRESS", "nobody", "is not one address"),
        ("FROM_ADDRESS", "a@example.org, b@example.org", "is not one address"),
        ("BOUNCE_DOMAIN", "not a domain", "is no domain"),
        ("TRUSTED_PROXIES", "10.0.0.1/8/8", "is no list of networks"),
        ("SIGNUP_LIMITS", "client=3/h", "does not name client, network, domain and all"),
        ("METRICS_TOKEN", "short", "has fewer than 16 characters"),
        ("ALERT_MAIL", "ops@example.org, nobody", "is not one address"),
        ("ALERT_SMTP_URL", "mail.example.org", "smtp://"),
        ("ALERT_WEBHOOK_URL", "ops.example.org", "does not begin with https://"),
        ("SIGNUP_LIMITS", "client=0/h network=1/h domain=1/h all=1/h", "has a rate that is no"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named_with_an_example(
    name: str, text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(environment.BadSetting) as stopped:
        environment.load({name: text}, NONE)
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(f"Setting {name}: ")
    assert told in said
    assert f"Write for example {name}=" in said


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("HTTPS://News.Example.org/", "https://news.example.org"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://www.müller.example:8443/", "https://www.xn--mller-kva.example:8443"),
    ],
)
def test_the_pages_address_is_read_in_one_form(text: str, read: str) -> None:
    assert environment.load({"BASE_URL": text}, NONE)["BASE_URL"] == read


@pytest.mark.parametrize("one", environment.SETTINGS, ids=lambda one: one.name)
def test_every_setting_s_example_can_be_read(one: environment.Setting) -> None:
    one.read(one.example)


def test_a_password_in_a_setting_is_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for name, url in (
        ("SMTP_URL", "smtp://ann:s3cret@h:port"),
        ("INBOUND_URL", "imap://ann:s3cret@h"),
        ("SMTP_URL", "smtp://ann:pw?s3cret@h:587"),
        ("SMTP_URL", "smtp://ann:pw#s3cret@h:587"),
        ("SMTP_URL", "smtp://ann:[s3cret]@h:587"),
        ("SMTP_URL", "mailgun+https://pw?s3cret@example.org"),
        ("INBOUND_URL", "imaps://ann:pw?s3cret@h/INBOX?address=ann@example.org"),
    ):
        with pytest.raises(environment.BadSetting):
            environment.load({name: url}, NONE)
    assert "s3cret" not in capsys.readouterr().err


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("\ufeffLOG_LEVEL=warning\r\nSEND_RATE=70\r\n")  # by Windows
    read = environment.load({"SEND_RATE": "5"}, tmp_path / ".env")
    assert (read["SEND_RATE"], read["LOG_LEVEL"]) == (5.0, "warning")


def test_quotes_and_comments_are_no_part_of_a_value(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# ours\n"
        'export FROM_ADDRESS="Media Desk <news@example.org>"  # who we are\n'
        "POSTAL_ADDRESS=1 Example Street # and so on\n"
        "SECRET_KEY=#not-a-comment#\n"
        "SEND_RATE= # none\n"
    )
    assert environment.read_env_file(tmp_path / ".env") == {
        "FROM_ADDRESS": "Media Desk <news@example.org>",
        "POSTAL_ADDRESS": "1 Example Street",
        "SECRET_KEY": "#not-a-comment#",
        "SEND_RATE": "",
    }


@pytest.mark.parametrize(
    ("content", "told"), [(b"rubbish", "line 1 is no NAME=value"), (b"A=\xff", "not UTF-8")]
)
def test_a_file_that_cannot_be_read_stops_the_start_as_bad_usage(
    tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / ".env").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", "from config import environment; environment.load()"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_webhook_without_its_secret_is_no_signed_webhook(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(environment.BadSetting):
        environment.load({"ALERT_WEBHOOK_URL": "https://ops.example.org/alerts"}, NONE)
    said = capsys.readouterr().err
    assert said.startswith("Setting ALERT_WEBHOOK_SECRET: is empty, and goes with ALERT_WEBHOOK")
    assert "Set all of them, or none." in said
