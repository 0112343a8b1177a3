"""docs/vps.md, typed from top to bottom as far as a test's machine allows: a real Postfix, nginx
and name server, and what receivers make of the mail that goes out.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import certificates, nameserver, postfix, receiving
from tests.doctoring import telling_time
from tests.journeys import test_web_servers as web_servers
from tests.journeys.system import _ONE_BY_ONE, ROOT, until
from tests.journeys.test_web_servers import Front, free_port
from tests.receiving import Hop
from tests.test_deploy import lacks, unit
from workers.setting_up import zone

DOMAIN = "harbourpress.co.uk"  # without a hyphen, which authheaders does not read
PAGES, MAIL, BOUNCES = f"news.{DOMAIN}", f"mail.{DOMAIN}", f"bounces.{DOMAIN}"
ADDRESS = "192.0.2.25"
"""The relay's, as the world sees it (RFC 5737): private DNS names it, nothing connects there."""

TAKES = f"virtual_mailbox_domains = {postfix.DOMAIN} {DOMAIN}\n"
READERS = [f"reader{n}@{postfix.DOMAIN}" for n in range(1, 6)]
RESOLVER = sorted(Path("/usr/lib").glob("*/libnss_wrapper.so"))
"""Has a machine's resolver read a file of ours in place of /etc/hosts."""

NOT_RUN = {
    r"apt install --yes (?P<packages>.+)": "changes the machine",
    r"useradd --system .*--home-dir /var/lib/digest .* digest": "changes the machine",
    r"make -C /opt/digest server": ".ci/run sets up a clone; this run's .venv stands for its",
    r"nano /etc/caddy/Caddyfile": "an editor; the name of the pages is put in",
    r"systemctl reload caddy": "test_web_servers.py runs Caddy; nginx is in front here",
    r"systemctl daemon-reload": "there is no systemd",
    r"systemctl status digest": "there is no systemd",
    r"ufw .+": "changes the machine",
    r"journalctl -u digest .*": "there is no systemd",
    r"git -C /opt/digest pull": "there is nothing newer",
    r"runuser -u postgres -- .+": "the database stays SQLite here",
    r"digest move .*": "test_database_moved.py moves one to PostgreSQL",
}
"""What this test reads past, and why."""


def lines() -> list[str]:
    """The commands of the page, in its order; without those of a restore, which has a test."""
    text = (ROOT / "docs" / "vps.md").read_text("utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    typed = [block for block in blocks if "digest restore" not in block]
    return [line.strip() for block in typed for line in block.splitlines()]


class Server:
    """A folder that stands for a server's disk, and the service on it."""

    def __init__(self, place: Path, resources: ExitStack) -> None:
        self.place = place
        self.resources = resources
        self.relay = resources.enter_context(postfix.running(name=MAIL, main=TAKES))
        self.zone: dict[tuple[str, str], list[str]] = {
            (MAIL, "A"): [ADDRESS],
            (PAGES, "A"): ["127.0.0.1"],
            ("25.2.0.192.in-addr.arpa", "PTR"): [f"{MAIL}."],
        }
        self.said: dict[str, Any] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.port, self.front = free_port(), Front(free_port(), free_port())
        self.home = place / "var/lib/digest"
        self.home.mkdir(parents=True)
        place.chmod(0o755)
        self.user = "nobody" if _may_run("nobody") else "root"
        shutil.chown(self.home, self.user)
        self.dns = resources.enter_context(nameserver.serving(self.zone))
        self.env = self._environment()
        self._stand_in_front()

    def _environment(self) -> dict[str, str]:
        hosts = self.place / "hosts"
        hosts.write_text(f"127.0.0.1 {MAIL} {PAGES} localhost\n")
        certificates.issue(self.place / "authority.pem", self.place / "pages.pem", PAGES, days=90)
        return {
            "PATH": f"{self.place}/usr/local/bin:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "DNS_SERVER": self.dns,
            "SSL_CERT_FILE": str(self.place / "authority.pem"),
            # What this machine's own resolver says of the two names: that they are here.
            "LD_PRELOAD": str(*RESOLVER),
            "NSS_WRAPPER_HOSTS": str(hosts),
        }

    def _stand_in_front(self) -> None:
        folder = self.place / "nginx"
        folder.mkdir()
        command = web_servers.nginx(folder, self.front, self.port)
        shutil.copyfile(self.place / "pages.pem", folder / "server.pem")
        text = (folder / "nginx.conf").read_text().replace(web_servers.NAME, PAGES)
        (folder / "nginx.conf").write_text(text)
        process = self.resources.enter_context(subprocess.Popen(command))
        self.resources.callback(process.terminate)

    # ---- commands ----------------------------------------------------------------------------
    def typed(self, line: str) -> None:
        """What the page says, here."""
        words = shlex.split(line)
        for pattern, how in self._ways().items():
            if re.fullmatch(pattern, line):
                how(words)
                return
        assert any(re.fullmatch(pattern, line) for pattern in NOT_RUN), f"never tried: {line}"

    def _ways(self) -> dict[str, Callable[[list[str]], object]]:
        return {
            r"git clone \S+ /opt/digest": self._clone,
            r"(install|cp) .*": self._install,
            r"digest init": self._init,
            r"digest doctor": lambda _: self.doctor(expect=0),
            r"digest user add .*": self._user,
            r"systemctl (link|enable) .*": self._systemctl,
            r"systemctl start digest-backup": lambda _: self._backup(),
            r"systemctl stop digest": lambda _: self.stop(),
            r"systemctl start digest": lambda _: self.start(),
        }

    def run(self, words: Sequence[str], expect: int = 0, **more: Any) -> str:
        done = subprocess.run(
            words, env=self.env, cwd=self.place, capture_output=True, text=True, timeout=120,
            check=False, **more,
        )  # fmt: skip
        assert done.returncode == expect, f"{words}\n{done.stdout}{done.stderr}"
        return done.stdout

    def digest(self, *words: str, expect: int = 0) -> Any:
        """A command's one JSON object, by the command that the page has installed."""
        return json.loads(self.run(["digest", *words, "--json"], expect))

    def _clone(self, words: list[str]) -> None:
        own = self.place / "gitconfig"  # the checkout may be somebody else's
        own.write_text("[safe]\n\tdirectory = *\n")
        self.env["GIT_CONFIG_GLOBAL"] = str(own)
        self.run(["git", "clone", "--quiet", str(ROOT), f"{self.place}/opt/digest"])
        made = self.place / "opt/digest"
        shutil.copytree(ROOT / "deploy", made / "deploy", dirs_exist_ok=True)  # committed or not
        (made / ".venv").symlink_to(Path(sys.executable).parents[1])

    def _install(self, words: list[str]) -> None:
        there = [f"{self.place}{word}" if word.startswith("/") else word for word in words]
        Path(there[-1].rpartition("/")[0]).mkdir(parents=True, exist_ok=True)
        self.run(there)
        if words[-1] == "/usr/local/bin/":
            command = self.place / "usr/local/bin/digest"
            text = re.sub(r"(?<![\w/.])/(opt|var)/", rf"{self.place}/\1/", command.read_text())
            command.write_text(text.replace("-u digest", f"-u {self.user}"))

    def _systemctl(self, words: list[str]) -> None:
        if shutil.which("systemctl"):
            offline = [word for word in words[1:] if word != "--now"]
            self.run(["systemctl", f"--root={self.place}", *offline])
        if "digest" in words and "--now" in words:
            self.start()

    def _init(self, _: list[str]) -> None:
        relay = self.relay.url(host=MAIL)
        shutil.copyfile(self.relay.place / "authority.pem", self.place / "relay.pem")
        relay = relay.replace(f"{self.relay.place}/authority.pem", f"{self.place}/relay.pem")
        given = {
            "name": "The Harbour", "from": f"news@{DOMAIN}", "postal": "Harbour Press, 1 Quay",
            "base-url": f"https://{PAGES}:{self.front.https}", "relay": relay,
            "bounce-domain": BOUNCES, "test-mail": READERS[0],
        }  # fmt: skip
        options = [word for name, value in given.items() for word in (f"--{name}", value)]
        self.said["init"] = told = self.digest("init", "--no-input", *options)
        until(lambda: len(self.relay.delivered()) == 1, 20, what=self.relay.log)
        for one in told["records"]:
            is_text = one["type"] == "TXT"
            value = " ".join(f'"{part}"' for part in zone.strings(one["value"]))
            self.zone[one["name"], one["type"]] = [value if is_text else f"{one['value']}."]
        with (self.home / ".env").open("a") as env:  # the two lines of "Hear back"
            env.write(f"ALERT_MAIL=ops@{DOMAIN}\nINBOUND_URL=lmtp://127.0.0.1:{free_port()}\n")

    def doctor(self, expect: int) -> Any:
        with telling_time(0) as server:
            self.env["TIME_SERVER"] = server
            found = self.digest("doctor", expect=expect)
        assert isinstance(found["findings"], list)
        self.said["doctor"] = found
        return found

    def _user(self, words: list[str]) -> None:
        assert f"https://{PAGES}:{self.front.https}/" in self.run(words)

    def _backup(self) -> None:
        service = unit(self.place / "opt/digest/deploy/digest-backup.service")["Service"]
        for folder in service["StateDirectory"].split():
            (self.place / "var/lib" / folder).mkdir(exist_ok=True)
            shutil.chown(self.place / "var/lib" / folder, self.user)
        words = shlex.split(service["ExecStart"].replace("$$", "$").replace("%%", "%"))
        self.run(self._as_service(words))
        assert [path.suffix for path in (self.home / "backups").iterdir()] == [".backup"]

    # ---- the service -------------------------------------------------------------------------
    def _as_service(self, words: Sequence[str]) -> list[str]:
        moved = [re.sub(r"(?<![\w/])/opt/digest", f"{self.place}/opt/digest", one) for one in words]
        inside = f"umask 077; cd {self.home}; exec {shlex.join(moved)}"
        return ["setpriv", *_rights(self.user), "sh", "-c", inside]

    def start(self) -> None:
        service = unit(self.place / "opt/digest/deploy/digest.service")["Service"]
        run = self.place / "run"
        run.mkdir(exist_ok=True)
        shutil.chown(run, self.user)
        words = [*shlex.split(service["ExecStart"]), "--port", str(self.port), "--workers", "1"]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.settimeout(120)
            systemd.bind(f"{run}/notify")
            shutil.chown(f"{run}/notify", self.user)
            told = {"NOTIFY_SOCKET": f"{run}/notify", "RUNTIME_DIRECTORY": str(run)}
            with (self.place / "journal").open("ab") as journal:
                self.process = subprocess.Popen(
                    self._as_service(words), env=self.env | told, stdout=journal, stderr=journal,
                )  # fmt: skip
            self.resources.callback(self.stop)
            assert systemd.recv(100) == b"READY=1", self.journal()
        (run / "notify").unlink()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(75) == 0, self.journal()

    def journal(self) -> str:
        return (self.place / "journal").read_text("utf-8", "replace")[-3000:]

    def mailed(self) -> None:
        """An update to the readers, by what the quickstart says."""
        rows = "\n".join(["email", *READERS])
        (self.home / "readers.csv").write_text(rows)
        (self.home / "readers.csv").chmod(0o644)
        consent, topic = "asked for it in a test", "medias-ai-pivot"
        briefings = ROOT / "workers" / "demo" / "briefings" / "update-1"
        commands = [
            ("topic", "add", topic, "--name", "Media's AI Pivot"),
            ("subscribers", "import", "readers.csv", "--topic", topic, "--consent", consent),
            ("load", str(briefings), "--topic", topic),
            ("assemble", topic, "--until", "2026-05-13T15:00:00Z"),
            ("approve", f"{topic}/draft"),
        ]
        python = [sys.executable, "-c", _ONE_BY_ONE, json.dumps(commands)]
        self.run(self._as_service(python))
        until(lambda: len(self.mails()) > len(READERS), 60, what=self.relay.log)

    def mails(self) -> list[Path]:
        """Those to readers, the test mail first; others are told of alerts."""
        ours = re.compile("^Delivered-To: reader", re.MULTILINE)
        return [one for one in self.relay.delivered() if ours.search(one.read_text("latin-1"))]


def _rights(user: str) -> list[str]:
    return [f"--reuid={user}", "--regid=nogroup", "--clear-groups"] if user != "root" else []


def _may_run(user: str) -> bool:
    """Whether this Python and its packages are where somebody else may read them."""
    tried = "import config, django; open(config.__file__); open('/dev/null', 'w')"
    asked = [sys.executable, "-c", tried]
    words = ["runuser", "-u", user, "--", *asked]
    return subprocess.run(words, capture_output=True, cwd="/", check=False).returncode == 0


@pytest.fixture
def server() -> Iterator[Server]:
    lacks("nginx", "nginx")
    lacks("libnss_wrapper.so", "libnss-wrapper", there=bool(RESOLVER))
    lacks("spamassassin", "spamassassin libmail-spf-perl")
    with tempfile.TemporaryDirectory(prefix="digest-vps-") as place, ExitStack() as resources:
        yield Server(Path(place), resources)


def judged(server: Server, mail: Path) -> tuple[dict[str, str], set[str]]:
    """By two programs that have nothing in common."""
    octets = mail.read_bytes()
    sender = re.match(rb"Return-Path: <(.*)>", octets)
    assert sender
    hop = Hop(ADDRESS, MAIL, sender[1].decode())
    return (
        receiving.by_python(octets, hop, server.dns),
        receiving.by_spamassassin(octets, hop, server.dns),
    )


ALL_PASS = (
    {"spf": "pass", "dkim": "pass", "dmarc": "pass"},
    {"SPF_PASSES", "DKIM_IS_VALID", "DKIM_IS_THE_AUTHORS"},
)


def spoiled(record: str) -> str:
    """With another letter in the midst of the key."""
    at = record.index("p=") + 100
    return record[:at] + ("A" if record[at] != "A" else "B") + record[at + 1 :]


def test_the_page_leads_to_mail_that_receivers_believe(server: Server) -> None:
    typed = lines()
    assert typed.index("digest init") < 12, "so few commands to the first test mail"
    upgrade = typed.index("git -C /opt/digest pull") - 1  # after the backup, which is tried above
    for line in typed[: upgrade - 1]:
        server.typed(line)
    assert server.said["doctor"]["well"]
    assert [one for one in server.said["doctor"]["findings"] if one["grade"] != "well"] == []
    server.mailed()
    mails = server.mails()
    assert len(mails) == len(READERS) + 1
    for mail in (mails[0], mails[-1]):
        assert judged(server, mail) == ALL_PASS

    key = next(name for name, _ in server.zone if "._domainkey." in name)
    server.zone[key, "TXT"] = [spoiled(server.zone[key, "TXT"][0])]
    found = server.doctor(expect=1)
    assert any(
        one["about"].startswith("DKIM") and one["grade"] == "bad" for one in found["findings"]
    )
    python, spamassassin = judged(server, mails[-1])
    assert python["dkim"] == "fail"
    assert spamassassin == {"SPF_PASSES"}

    for line in typed[upgrade:]:
        if line != "systemctl start digest":  # as it began above
            server.typed(line)
    assert server.process
    assert server.process.poll() == 0
