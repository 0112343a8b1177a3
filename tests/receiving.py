"""What receivers make of a mail: SPF, DKIM and DMARC, by programs that know nothing of ours."""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

RECEIVER = "mx.example.net"
ROOT = Path(__file__).parents[1]

SPAMASSASSIN = """
dns_available yes
dns_server {dns}
envelope_sender_header Return-Path
clear_headers
report_safe 0
add_header all Verdict _TESTS(,)_
trusted_networks 203.0.113.1
internal_networks 203.0.113.1
util_rb_tld com net org uk
util_rb_2tld co.uk
loadplugin Mail::SpamAssassin::Plugin::Check
loadplugin Mail::SpamAssassin::Plugin::SPF
loadplugin Mail::SpamAssassin::Plugin::DKIM
header SPF_PASSES eval:check_for_spf_pass()
full DKIM_IS_VALID eval:check_dkim_valid()
full DKIM_IS_THE_AUTHORS eval:check_dkim_valid_author_sig()
"""
"""No more of it than what reads these; it asks no other name server."""


@dataclass(frozen=True)
class Hop:
    """By whom it came: the relay's address as the world sees it, and the name it said."""

    address: str
    name: str
    sender: str  # in MAIL FROM


def by_python(mail: bytes, hop: Hop, dns: str) -> dict[str, str]:
    """{"spf": "pass", …} by pyspf, dkimpy and authheaders; ``dns``: their name server."""
    told = json.dumps([hop.address, hop.name, hop.sender, dns])
    # In a process of its own: it warns of Pythons to come, and asks the process's resolver.
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.receiving", told],
        input=mail, capture_output=True, check=True, cwd=ROOT, timeout=60,
    ).stdout.decode()  # fmt: skip
    return dict(re.findall(r"(?<![.\w])(spf|dkim|dmarc)=(\w+)", said))


def by_spamassassin(mail: bytes, hop: Hop, dns: str) -> set[str]:
    """Which of the rules above hold; by Mail::DKIM and Mail::SPF."""
    received = (
        f"Received: from {hop.name} ({hop.name} [{hop.address}])\n"
        f"\tby {RECEIVER} (203.0.113.1) with ESMTPS id 1; Fri, 27 Nov 2026 05:00:00 +0000\n"
    )
    with tempfile.TemporaryDirectory(prefix="spamassassin-") as home:
        (Path(home) / "local.cf").write_text(SPAMASSASSIN.format(dns=dns))
        ran = subprocess.run(
            ["spamassassin", "-t", "-x", "-C", home, "--siteconfigpath", home],
            input=f"Return-Path: <{hop.sender}>\n{received}".encode() + mail,
            capture_output=True, check=True, timeout=60, env={**os.environ, "HOME": home},
        )  # fmt: skip
    verdict = re.search(rb"^X-Spam-Verdict: (.*)$", ran.stdout, re.MULTILINE)
    assert verdict, ran.stdout[:1000] + ran.stderr
    return set(verdict[1].decode().split(","))


def main() -> None:
    import dns.resolver
    from authheaders import authenticate_message

    address, name, sender, server = json.loads(sys.argv[1])
    resolver = dns.resolver.Resolver(configure=False)
    host, _, port = server.rpartition(":")
    resolver.nameservers, resolver.port, resolver.lifetime = [host], int(port), 5.0
    dns.resolver.default_resolver = resolver
    sys.stdout.write(
        authenticate_message(
            sys.stdin.buffer.read(), RECEIVER, spf=True, ip=address, mail_from=sender, helo=name
        )
    )


if __name__ == "__main__":
    main()
