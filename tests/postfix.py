"""A real Postfix of the test's own, on loopback: TLS and a password, then into one Maildir.

It shares the programs with the machine's own Postfix, if there is one, and nothing else:
configuration, queue, keys, passwords, log and mailbox are in a folder that goes with it.
"""

import grp
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import certificates
from tests.journeys.system import until

HOST = "relay.example.org"
DOMAIN = "example.org"
USER, PASSWORD = "digest", "correct horse"
PROGRAMS = ("postfix", "saslpasswd2")
PACKAGES = "postfix sasl2-bin libsasl2-modules"

MAIN = """\
compatibility_level = 3.6
queue_directory = {place}/queue
data_directory = {place}/data
maillog_file = {place}/log/mail
maillog_file_prefixes = {place}/log
myhostname = {host}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
mydestination =
alias_maps =
alias_database =
disable_dns_lookups = yes
smtpd_peername_lookup = no
default_transport = error:nothing leaves this machine

virtual_mailbox_domains = {domain}
virtual_mailbox_base = {place}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}

smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {place}/relay.pem
smtpd_tls_key_file = {place}/relay.pem
smtpd_tls_loglevel = 1
smtpd_tls_auth_only = yes

smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = {host}
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject

# A test has no need to be slowed down.
in_flow_delay = 0
smtpd_error_sleep_time = 0
"""

# service type private unprivileged chroot wakeup maxproc command; without a client to send on.
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
lmtp unix - - n - - lmtp
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

# Debian's Postfix looks for it in sasl/ beneath its configuration.
SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {place}/etc/sasl/passwords
mech_list: {mechanisms}
"""


@dataclass(frozen=True)
class Postfix:
    """A running one."""

    place: Path
    port: int

    def url(
        self, *, password: str = PASSWORD, trusted: bool = True, host: str = "127.0.0.1"
    ) -> str:
        """``SMTP_URL`` for it; ``trusted``: with the authority that its certificate is from."""
        secret = password.replace(" ", "%20")
        authority = f"&cafile={self.place}/authority.pem" if trusted else ""
        return f"smtp://{USER}:{secret}@{host}:{self.port}?starttls=1&connections=4{authority}"

    def delivered(self) -> list[Path]:
        """The mails in the Maildir, one file each."""
        return sorted(self.place.glob("mail/all/new/*"))

    def log(self) -> str:
        """All that it has said."""
        path = self.place / "log" / "mail"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def through_with(self, mails: int) -> bool:
        """Whether it has delivered so many, and holds neither another nor a connection."""
        said = self.log()
        there = len(re.findall(r"smtpd\[\d+\]: connect from", said))
        left = len(re.findall(r"smtpd\[\d+\]: disconnect from", said))
        taken = len(re.findall(r"smtpd\[\d+\]: \w+: client=", said))
        gone = len(re.findall(r"qmgr\[\d+\]: \w+: removed", said))
        return gone >= mails and (there, taken) == (left, gone)


def lacking() -> str:
    """Why there can be none here; nothing where there can."""
    if not all(map(shutil.which, PROGRAMS)):
        return f"Postfix or saslpasswd2 is missing; to run this: apt-get install {PACKAGES}"
    return "" if os.geteuid() == 0 else "Postfix can only be started by root"


BOUNCES = """
# As docs/feedback.md says.
relay_domains = bounces.{domain}
transport_maps = inline:{{ {{ bounces.{domain} = lmtp:inet:127.0.0.1:{door} }} }}
# Who is not there is found out only once the mail was taken.
smtpd_reject_unlisted_recipient = no
"""


@contextmanager
def running(
    mechanisms: str = "PLAIN LOGIN CRAM-MD5",
    *,
    door: int | None = None,
    main: str = "",
    name: str = HOST,
) -> Iterator[Postfix]:
    """Start one that lets USER in by these SASL mechanisms; ended, and removed, after the block.
    ``main``: more lines of its main.cf. ``door``: the port at which it hands over what bounces: all
    but what is to reader1. ``name``: by which others know it.

    In a folder of its own right under the system's for temporary files: its daemons are other
    users than root, who must be able to get there.
    """
    if why := lacking():
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    place = Path(tempfile.mkdtemp(prefix="digest-postfix-"))
    try:
        place.chmod(0o755)
        found = Postfix(place, _free_port())
        _configure(found, mechanisms)
        certificates.issue(place / "authority.pem", place / "relay.pem", name, days=90)
        file = place / "etc" / "main.cf"
        text = file.read_text() + main
        if door:
            text = text.replace("static:all/", "inline:{ { reader1@example.org = all/ } }")
            text += BOUNCES.format(domain=DOMAIN, door=door)
        file.write_text(text)
        with _master(found):
            yield found
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _configure(postfix: Postfix, mechanisms: str) -> None:
    place, nobody = postfix.place, pwd.getpwnam("nobody")
    for name in ("queue", "data", "etc", "etc/sasl", "log", "mail"):
        (place / name).mkdir()
    shutil.chown(place / "data", "postfix")
    shutil.chown(place / "mail", nobody.pw_uid, nobody.pw_gid)
    values = {"place": place, "host": HOST, "domain": DOMAIN, "port": postfix.port}
    accounts = {"uid": nobody.pw_uid, "gid": nobody.pw_gid}
    (place / "etc" / "main.cf").write_text(MAIN.format(**values, **accounts))
    (place / "etc" / "master.cf").write_text(MASTER.format(**values))
    (place / "etc" / "sasl" / "smtpd.conf").write_text(SASL.format(**values, mechanisms=mechanisms))
    _keep_password(place / "etc" / "sasl" / "passwords")


def _keep_password(path: Path) -> None:
    subprocess.run(
        ["saslpasswd2", "-c", "-p", "-f", path, "-u", HOST, USER],
        input=PASSWORD, text=True, check=True, capture_output=True,
    )  # fmt: skip
    shutil.chown(path, "root", grp.getgrnam("postfix").gr_gid)
    path.chmod(0o640)


@contextmanager
def _master(postfix: Postfix) -> Iterator[None]:
    """Postfix's parent process in the foreground, as our child: ended by its own id."""
    etc = postfix.place / "etc"
    # Makes what the queue needs, with the owners it needs.
    checked = subprocess.run(["postfix", "-c", etc, "check"], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr + checked.stdout
    programs = subprocess.run(
        ["postconf", "-c", etc, "-h", "daemon_directory"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    # -d: it does not detach. It leads a group of its own, which it takes along when it ends;
    # and that it does with us, however we end.
    command = ["setpriv", "--pdeathsig", "TERM", f"{programs}/master", "-c", str(etc), "-d"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            until(lambda: _answers(postfix.port), 20, what=postfix.log)
            yield
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            return connection.recv(3) == b"220"
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
