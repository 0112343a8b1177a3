"""A real IMAP server of the test's own, on loopback: Dovecot, over one Maildir.

It shares the programs with the machine's own Dovecot, if there is one, and nothing else:
configuration, sockets, log and mails are in a folder that goes with it.
"""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from imaplib import IMAP4
from pathlib import Path

import pytest

from tests import certificates
from tests.journeys.system import until
from workers.inbound.account import Account
from workers.relay import Security

USER, PASSWORD = "leave@example.org", "correct-horse"
PROGRAM = "dovecot"
PACKAGES = "dovecot-imapd"

CONFIGURATION = """\
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{place}/mail
ssl = yes
ssl_cert = <{place}/server.pem
ssl_key = <{place}/server.pem
auth_mechanisms = plain login
# A test has no need to be slowed down, after a wrong password.
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {place}/passwords
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={place}
}}
first_valid_uid = 1
first_valid_gid = 1
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running one."""

    place: Path
    port: int
    tls_port: int

    def url(
        self, *, password: str = PASSWORD, folder: str = "INBOX", trusted: bool | None = None
    ) -> str:
        """``INBOUND_URL`` for it; over TLS where ``trusted`` says whether it is to be."""
        where = f"{USER}:{password}@127.0.0.1"
        if trusted is None:
            return f"imap://{where}:{self.port}/{folder}"
        authority = f"?cafile={self.place}/authority.pem" if trusted else ""
        return f"imaps://{where}:{self.tls_port}/{folder}{authority}"

    def with_starttls(self, url: str) -> Account:
        """The account of an ``imaps://`` URL, but at the port where TLS begins on request."""
        return replace(Account.from_url(url), port=self.port, security=Security.STARTTLS)

    @contextmanager
    def session(self) -> Iterator[IMAP4]:
        """Somebody's mail program, with the inbox open."""
        with IMAP4("127.0.0.1", self.port, timeout=10) as imap:
            imap.login(USER, PASSWORD)
            imap.select("INBOX")
            yield imap

    def put(self, *mails: bytes, flags: str = "") -> None:
        """Mails arrive."""
        with self.session() as imap:
            for mail in mails:
                assert imap.append("INBOX", flags, "", mail)[0] == "OK"

    def uids(self, which: str = "ALL") -> list[int]:
        """The numbers of the mails in the inbox, by an IMAP search."""
        with self.session() as imap:
            return [int(uid) for uid in imap.uid("SEARCH", which)[1][0].split()]

    def empty(self) -> None:
        """All mails go."""
        if self.uids():
            with self.session() as imap:
                imap.store("1:*", "+FLAGS", r"(\Deleted)")
                imap.expunge()

    def log(self) -> str:
        """All that it has said."""
        path = self.place / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""


@contextmanager
def running() -> Iterator[Dovecot]:
    """Start one that lets USER in; ended, and removed, after the block."""
    if not shutil.which(PROGRAM):
        why = f"Dovecot is missing; to run this: apt-get install {PACKAGES}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    place = Path(tempfile.mkdtemp(prefix="digest-dovecot-"))
    try:
        found = Dovecot(place, *_free_ports())
        _configure(found)
        with _master(found):
            yield found
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _configure(dovecot: Dovecot) -> None:
    """For a user without rights: nobody where root starts it, else whoever does."""
    place, root = dovecot.place, os.geteuid() == 0
    user = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    (place / "mail").mkdir()
    (place / "passwords").write_text(f"{USER}:{PASSWORD}\n")
    certificates.issue(place / "authority.pem", place / "server.pem")
    values = {"user": user.pw_name, "group": grp.getgrgid(user.pw_gid).gr_name}
    ports = {"port": dovecot.port, "tls_port": dovecot.tls_port}
    (place / "dovecot.conf").write_text(CONFIGURATION.format(place=place, **values, **ports))
    if root:
        for path in (place, place / "mail", place / "passwords"):
            shutil.chown(path, user.pw_uid, user.pw_gid)


@contextmanager
def _master(dovecot: Dovecot) -> Iterator[None]:
    """Its parent process in the foreground, as our child: ended by its own id, and with us."""
    command = ["setpriv", "--pdeathsig", "TERM", PROGRAM, "-F", "-c"]
    with subprocess.Popen(
        [*command, dovecot.place / "dovecot.conf"], stdin=subprocess.DEVNULL
    ) as process:
        try:
            until(lambda: _answers(dovecot.port), 20, what=dovecot.log)
            yield
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            return connection.recv(4) == b"* OK"
    except OSError:
        return False


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        return one.getsockname()[1], other.getsockname()[1]
