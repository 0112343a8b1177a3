"""A mail of ours in mutt, on a terminal: found in the list, opened, and read to its end."""

import mailbox
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.journeys.system import ROOT, System, until

TOPIC = "medias-ai-pivot"
BRIEFINGS = ROOT / "workers" / "demo" / "briefings" / "update-1"
BASE = "https://news.daily-press.example"
COLUMNS, LINES = 100, 400
"""A terminal so high that the whole mail stands in it."""


class Terminal:
    """mutt in a terminal that tmux emulates: keys go in, what is on the screen comes out."""

    def __init__(self, place: Path, maildir: Path) -> None:
        self._tmux = ("tmux", "-S", str(place / "tmux"), "-f", "/dev/null")
        settings = (
            "alternative_order text/plain",
            "ignore *",
            "unignore from to date subject list-id list-unsubscribe list-unsubscribe-post",
            f"set folder={maildir} read_inc=0",
        )
        mutt = ["mutt", "-n", "-F", "/dev/null", "-f", str(maildir)]
        mutt += [word for setting in settings for word in ("-e", setting)]
        size = ("-x", str(COLUMNS), "-y", str(LINES))
        self._run("new-session", "-d", *size, *mutt, HOME=str(place), TERM="xterm-256color")

    def press(self, key: str) -> None:
        self._run("send-keys", "-t", "0", key)

    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-t", "0")

    def end(self) -> None:
        self._run("kill-server")

    def _run(self, *command: str, **env: str) -> str:
        said = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", **env}
        return subprocess.run(
            [*self._tmux, *command], env=said, capture_output=True, text=True, check=True
        ).stdout


@pytest.fixture
def message(tmp_path: Path) -> bytes:
    """An update of the demo's briefings, as a reader gets it."""
    system = System(tmp_path / "var", BASE_URL=BASE)
    system.run("topic", "add", TOPIC, "--name", "Media's AI Pivot")
    system.run("load", str(BRIEFINGS), "--topic", TOPIC)
    system.run("assemble", TOPIC, "--until", "2026-05-13T15:00:00Z")
    system.run("render", f"{TOPIC}/draft", "--out", str(tmp_path / "out"))
    return (tmp_path / "out" / "update.eml").read_bytes()


@pytest.fixture
def terminal(tmp_path: Path, message: bytes) -> Iterator[Terminal]:
    for program in ("mutt", "tmux"):
        if shutil.which(program) is None:
            why = f"{program} is missing; to run this: apt-get install mutt tmux"
            if os.environ.get("CI") == "true":
                pytest.fail(why)
            pytest.skip(why)
    box = mailbox.Maildir(tmp_path / "Maildir")
    box.add(message.replace(b"\r\n", b"\n"))  # as a server keeps it
    shown = Terminal(tmp_path, tmp_path / "Maildir")
    yield shown
    shown.end()


def test_mutt_lists_the_mail_and_shows_headers_and_text_to_the_end(
    terminal: Terminal, message: bytes
) -> None:
    mail = message_from_bytes(message, policy=default)
    subject = str(mail["Subject"])
    until(lambda: subject[:30] in terminal.screen(), 20, what=terminal.screen)
    assert "Digest" in terminal.screen()  # whom it is from, in the list

    terminal.press("Enter")
    until(lambda: "Unsubscribe: https://" in terminal.screen(), 20, what=terminal.screen)
    screen = terminal.screen()
    head, _, body = screen.partition("\n\n")
    fields = unfolded(head)
    assert {"From", "Date"} <= fields.keys() <= {*mail.keys()}
    assert fields["Subject"] == subject
    assert fields["To"].endswith("<reader@example.org>")
    assert fields["List-Id"] == mail["List-Id"]
    assert squeezed(fields["List-Unsubscribe"]) == squeezed(mail["List-Unsubscribe"])
    assert fields["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    plain = mail.get_body(("plain",))
    assert plain is not None
    assert squeezed(plain.get_content()) in squeezed(body)
    assert not re.search(r"\w=\n|=[0-9A-F]{2}|</?[a-z]+[ >]|&#?\w+;|\\u\w{4}|�", body)


def unfolded(head: str) -> dict[str, str]:
    """Name and value of each header field on the screen, whatever mutt wrote above them."""
    fields: dict[str, str] = {}
    name = ""
    for line in head.splitlines():
        if found := re.match(r"([A-Z][A-Za-z-]+): ?(.*)", line):
            name, fields[found[1]] = found[1], found[2]
        elif name:
            fields[name] += " " + line.strip(" +")
    return fields


def squeezed(text: str) -> str:
    """Without spaces, line ends, and the mark with which mutt goes on with a long line."""
    return re.sub(r"\n\+|\s", "", text)
