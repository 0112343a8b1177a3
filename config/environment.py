"""The one table of settings: name, default, meaning, and how each is read.

Every setting comes from the environment, else from ``.env`` in the working
directory. One that can't be read stops the start with its name and an example.
``docs/settings.md`` is printed from this table.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from config import parsing
from workers.setting_up import env_file


class BadSetting(SystemExit):
    """A setting can't be read; its name and an example have been told."""


@dataclass(frozen=True)
class Setting:
    """One row of the table. ``read`` turns the text into a value or raises ValueError."""

    name: str
    default: str
    meaning: str
    example: str
    read: Callable[[str], Any] = str
    secret: bool = False


SETTINGS = (
    Setting(
        "DATABASE_URL",
        "",
        "Where everything is kept; without it SQLite in DATA_DIR.",
        "postgres://digest:secret@db.example.org/digest",
        parsing.database_url,
        secret=True,
    ),
    Setting(
        "REDIS_URL",
        "",
        "The broker; without it one is started beside the program.",
        "redis://127.0.0.1:6379/0",
        parsing.url("redis", "rediss", "unix", "redis+socket"),
        secret=True,
    ),
    Setting(
        "SMTP_URL",
        "",
        "The relay, or a provider's HTTP API (docs/routes.md); without it the built-in mailbox. "
        "`connections` is per worker process.",
        "smtp://user:pass@mail.example.org:587?starttls=1&connections=8",
        parsing.smtp_url,
        secret=True,
    ),
    Setting(
        "INBOUND_URL",
        "",
        "Where mails come in: those that unsubscribe somebody, bounces and complaints. A mailbox "
        "that is read, `imap://` (STARTTLS) or `imaps://`; or `lmtp://127.0.0.1:2424`, where a "
        "mail server hands them over. Mails name the user's address, or else `?address=`, to "
        "unsubscribe. See docs/feedback.md.",
        "imaps://digest:secret@mail.example.org/INBOX?address=unsubscribe@example.org",
        parsing.inbound_url,
        secret=True,
    ),
    Setting(
        "SMTP_PROVIDER",
        "",
        "Whose relay SMTP_URL is, where its name doesn't tell: mails then carry what this provider "
        "repeats with its events.",
        "postal",
        parsing.provider,
    ),
    Setting(
        "SES_CONFIGURATION_SET",
        "",
        "Amazon SES publishes events only of mails that name a configuration set.",
        "digest",
        parsing.one_line,
    ),
    Setting(
        "HOOKS",
        "",
        "What proves that a call of `/hooks/<provider>/` is the provider's: `provider=secret`, "
        "with spaces between; one twice while its secret changes. Without it nobody may call. See "
        "docs/feedback.md.",
        "postmark=twenty-random-letters mailgun=its-signing-key",
        parsing.hooks,
        secret=True,
    ),
    Setting(
        "BASE_URL",
        "",
        "Links in mails are made from it alone; https unless on loopback. "
        "Without it http://127.0.0.1:<port>.",
        "https://news.example.org",
        parsing.base_url,
    ),
    Setting(
        "ALLOWED_HOSTS",
        "",
        "Host names that are served; without it the host of BASE_URL and localhost.",
        "news.example.org",
        parsing.hosts,
    ),
    Setting(
        "FROM_ADDRESS",
        "Digest <digest@example.org>",
        "Who the mails are from, unless the topic says otherwise.",
        "Media Desk <news@example.org>",
        parsing.sender,
    ),
    Setting(
        "POSTAL_ADDRESS",
        "",
        "Printed in each mail's foot, unless the topic has its own; approval is blocked without it "
        "when the relay is not on loopback.",
        "Example Press, 1 Example Street, London",
        parsing.one_line,
    ),
    Setting(
        "BOUNCE_DOMAIN",
        "",
        "Domain of the envelope sender; without it that of the From.",
        "bounces.example.org",
        parsing.domain,
    ),
    Setting(
        "MESSAGE_ID_DOMAIN",
        "",
        "Domain in Message-ID; without it that of the From.",
        "example.org",
        parsing.domain,
    ),
    Setting(
        "SECRET_KEY",
        "",
        "Signs links and sessions; without it one is made (mode 0600) and "
        "kept in DATA_DIR. Machines that share a database must share it.",
        "fifty or more random characters",
        secret=True,
    ),
    Setting(
        "DATA_DIR",
        "var",
        "Where the program keeps its files.",
        "/var/lib/digest",
        lambda text: Path(text).expanduser().resolve(),
    ),
    Setting(
        "SEND_RATE",
        "",
        "Messages a second over all workers; without it unlimited.",
        "70",
        parsing.rate,
    ),
    Setting(
        "JOURNAL_FSYNC",
        "off",
        "Survive power loss too, not only a killed process; slower.",
        "on",
        parsing.switch,
    ),
    Setting(
        "DKIM_DOMAIN",
        "",
        "Signs mails for this domain; goes with the two that follow. Several, with commas between: "
        "each topic is signed for the one that its sender is in, else for the first.",
        "example.org",
        parsing.one_line,
    ),
    Setting(
        "DKIM_SELECTOR",
        "",
        "Names the key in DNS: <selector>._domainkey.<domain>.",
        "digest2026",
        parsing.one_line,
    ),
    Setting(
        "DKIM_KEY_FILE",
        "",
        "The private key, PEM, RSA of 2048 bits or more. `{domain}` in it stands for the domain.",
        "/etc/digest/dkim.pem",
        lambda text: Path(text).expanduser().resolve() if text else None,
    ),
    Setting(
        "FETCH_NETWORKS",
        "",
        "Networks that feeds and pages may be fetched from although they are private, on any "
        "port, with commas between; without it the public internet alone.",
        "10.20.0.0/16",
        parsing.networks,
    ),
    Setting(
        "TRUSTED_PROXIES",
        "127.0.0.1,::1",
        "Networks of your own web servers in front of the program, with commas between: what they "
        "write into X-Forwarded-For is believed, and nobody else's. As it is, those "
        "on this machine; name them too where you name others.",
        "10.20.0.0/16",
        parsing.networks,
    ),
    Setting(
        "SIGNUP_LIMITS",
        "client=100/h network=400/h domain=5000/h all=50000/h",
        "How many may sign up, per s, m, h or d: from one address (IPv6: one /64), from one "
        "network (/24, /48), at one mail domain, in all. Each web process counts for itself.",
        "client=20/h network=100/h domain=1000/h all=20000/h",
        parsing.limits,
    ),
    Setting(
        "BRAKE",
        "bounces=5%/200 complaints=0.3%/5",
        "Holds a mailing for a person: at this share of hard bounces, of at least so many "
        "attempted; at this share of complaints, and at least so many of them. Warns at half of "
        "either. See docs/brake.md.",
        "bounces=3%/500 complaints=0.1%/10",
        parsing.brake,
    ),
    Setting(
        "DNS_SERVER",
        "",
        "The one name server that `digest doctor` asks; without it each domain's own, as the world "
        "does.",
        "192.0.2.53",
        parsing.server,
    ),
    Setting(
        "TIME_SERVER",
        "pool.ntp.org",
        "Against which `digest doctor` holds the machine's clock.",
        "time.example.net",
        parsing.server,
    ),
    Setting(
        "METRICS_TOKEN",
        "",
        "Lets a program elsewhere read /metrics: `Authorization: Bearer …`; without it only "
        "programs on this machine may.",
        "thirty or more random characters",
        parsing.token,
        secret=True,
    ),
    Setting(
        "ALERT_MAIL",
        "",
        "Who is mailed when something is wrong, and when it is over; with commas between.",
        "ops@example.org",
        parsing.addresses,
    ),
    Setting(
        "ALERT_SMTP_URL",
        "",
        "The relay for these mails, as in SMTP_URL; without it SMTP_URL's, which can't tell that "
        "it is down itself.",
        "smtp://user:pass@other.example.net:587?starttls=1",
        parsing.smtp_url,
        secret=True,
    ),
    Setting(
        "ALERT_WEBHOOK_URL",
        "",
        "Is posted the same as JSON, signed with the secret that follows.",
        "https://ops.example.org/digest-alerts",
        parsing.url("https", "http"),
        secret=True,
    ),
    Setting(
        "ALERT_WEBHOOK_SECRET",
        "",
        "Signs what is posted, by the Standard Webhooks rules (HMAC-SHA256).",
        "thirty or more random characters",
        parsing.token,
        secret=True,
    ),
    Setting(
        "DEBUG", "off", "Show error pages with details; never on a server.", "on", parsing.switch
    ),
    Setting(
        "LOG_LEVEL",
        "info",
        "debug, info, warning or error.",
        "warning",
        parsing.one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        "LOG_FORMAT",
        "human",
        "human, or json for one JSON object a line.",
        "json",
        parsing.one_of("human", "json"),
    ),
    Setting(
        "LOG_ADDRESSES",
        "off",
        "Show readers' addresses in logs, which else hide all but their first letter and domain.",
        "on",
        parsing.switch,
    ),
)


def read_env_file(path: Path) -> dict[str, str]:
    """Name → value from a ``.env`` file; nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        return env_file.values(path.read_text("utf-8-sig"))
    except env_file.Unreadable as problem:
        _refuse(f"{path} {problem}; nothing was started. Write for example SEND_RATE=70")
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not UTF-8"
        _refuse(f"{path} can't be read ({why}); nothing was started. Mend it, or take it away.")


def _refuse(told: str) -> NoReturn:
    sys.stderr.write(f"{told}\n")
    raise BadSetting(2)


def load(environ: Mapping[str, str] = os.environ, path: Path = Path(".env")) -> dict[str, Any]:
    """Every setting by name, read and checked."""
    given = {**read_env_file(path), **environ}
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = given.get(setting.name) or setting.default
        try:
            values[setting.name] = setting.read(text)
        except ValueError as problem:
            shown = "its value" if setting.secret else repr(text)
            _refuse(
                f"Setting {setting.name}: {shown} {problem}; nothing was started. "
                f"Write for example {setting.name}={setting.example}"
            )
    for names in _TOGETHER:
        _refuse_some(names, values)
    return values


_TOGETHER = (
    ("DKIM_DOMAIN", "DKIM_SELECTOR", "DKIM_KEY_FILE"),
    ("ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET"),
)
"""What somebody believes to be signed must not go out unsigned."""


def _refuse_some(names: Sequence[str], values: Mapping[str, Any]) -> None:
    missing = [name for name in names if not values[name]]
    if 0 < len(missing) < len(names):
        others = " and ".join(name for name in names if name != missing[0])
        _refuse(
            f"Setting {missing[0]}: is empty, and goes with {others}; nothing was started. "
            "Set all of them, or none."
        )


def as_markdown() -> str:
    """The table as ``docs/settings.md``, which a test holds against it."""
    lines = [
        "# Settings",
        "",
        "From the environment, else from `.env` in the working directory; the environment wins.",
        "One that can't be read stops the start with its name and an example.",
        "",
        "This page is printed from the table in `config/environment.py`:",
        "`python -m config.environment > docs/settings.md`",
        "",
        "| name | default | meaning | example |",
        "|---|---|---|---|",
    ]
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        meaning = setting.meaning.replace("<", "&lt;")
        lines.append(f"| `{setting.name}` | {default} | {meaning} | `{setting.example}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
