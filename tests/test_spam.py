"""What SpamAssassin says of a message; and that nothing is said where it is not installed."""

import os
import shutil
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest.checks import Level, spam

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""What every SpamAssassin takes for spam, for tests."""


def mail(text: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "a@example.org", "b@example.org", "A pier reopens"
    made["Date"], made["Message-ID"] = "Sat, 21 Nov 2026 10:00:00 +0000", "<1@example.org>"
    made.set_content(text)
    return made.as_bytes()


def program(place: Path, script: str) -> None:
    """A SpamAssassin that does this."""
    (place / "spamassassin").write_text(f"#!/bin/sh\n{script}\n")
    (place / "spamassassin").chmod(0o755)


def test_without_spamassassin_it_says_so_and_nothing_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = spam.check_message(mail("x"))
    assert finding.level == Level.OK
    assert "not installed" in finding.message


ANSWER = "cat >/dev/null; echo 'X-Spam-Status: No, score={} required=5.0'"


@pytest.mark.parametrize(
    ("script", "level", "said"),
    [
        (ANSWER.format(0.4), Level.OK, "0.4 points"),
        (f"{ANSWER.format(0.6)}; echo ' 0.6 SHOUT x'", Level.WARN, "for SHOUT."),
        (ANSWER.format(5.0), Level.BLOCK, "5 points"),
        ("exit 3", Level.WARN, "gave no answer"),
        ("cat >/dev/null; echo hello", Level.WARN, "gave no answer"),
    ],
)
def test_its_points_become_a_finding(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, level: Level, said: str
) -> None:
    program(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    finding = spam.check_message(mail("x"))
    assert (finding.level, bool(finding.mend)) == (level, level != Level.OK)
    assert said in finding.message


@pytest.mark.long
def test_the_real_one_tells_spam_from_a_plain_mail() -> None:
    if shutil.which("spamassassin") is None:
        why = "SpamAssassin is missing; to run this: apt-get install spamassassin"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    assert spam.check_message(mail(GTUBE)).level == Level.BLOCK
    assert spam.score(mail("The pier reopens on Friday, the council says."))[0] < 1
