"""Django's settings, made from the table in ``environment.py``.  Wiring only."""

import os
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF

from config import environment, parsing

ENV = environment.load()
ROOT = Path(__file__).resolve().parent.parent

DATA_DIR: Path = ENV["DATA_DIR"]
DEBUG: bool = ENV["DEBUG"]


def _kept(name: str, make: str) -> str:
    """The text of a private file in DATA_DIR; made, readable by its owner alone, when absent."""
    path = DATA_DIR / name
    try:
        # Its database holds readers' addresses: nobody else on the machine may look into it.
        DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(make)
            try:
                # A link fails where the file came to be meanwhile: two starts at once agree.
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as problem:
        sys.stderr.write(
            f"Setting DATA_DIR: {DATA_DIR} can't be used ({problem.strerror}); nothing "
            f"was started. Name a folder you may write to, e.g. DATA_DIR=var\n"
        )
        raise SystemExit(3) from None


SECRET_KEY: str = ENV["SECRET_KEY"] or _kept("secret-key", secrets.token_urlsafe(48))
SECRET_KEY_IS_KEPT = not ENV["SECRET_KEY"]  # in DATA_DIR, so that a backup can bring its own

# ---- addresses ---------------------------------------------------------------------
_BASE_URL_FILE = DATA_DIR / "base-url"  # written by `digest up`, so that other commands agree
BASE_URL: str = ENV["BASE_URL"] or (
    _BASE_URL_FILE.read_text().strip() if _BASE_URL_FILE.is_file() else "http://127.0.0.1:8000"
)
ALLOWED_HOSTS: list[str] = ENV["ALLOWED_HOSTS"] or [
    str(urlsplit(BASE_URL).hostname),
    "localhost",
    "127.0.0.1",
    "[::1]",
]
FROM_ADDRESS: str = ENV["FROM_ADDRESS"]
POSTAL_ADDRESS: str = ENV["POSTAL_ADDRESS"]
BOUNCE_DOMAIN: str = ENV["BOUNCE_DOMAIN"]
MESSAGE_ID_DOMAIN: str = ENV["MESSAGE_ID_DOMAIN"]

# ---- relay and broker --------------------------------------------------------------
# Where the built-in mailbox listens: handed down by `digest up`, or by docker-compose.yml.
MAILBOX_HOST = os.environ.get("DIGEST_MAILBOX_HOST", "127.0.0.1")
MAILBOX_PORT = int(os.environ.get("DIGEST_MAILBOX_PORT", "0"))
MAILBOX_IS_RELAY = not ENV["SMTP_URL"]
SMTP_URL: str = ENV["SMTP_URL"] or f"smtp://{MAILBOX_HOST}:{MAILBOX_PORT}?connections=4"
SMTP_PROVIDER: str = ENV["SMTP_PROVIDER"]
SES_CONFIGURATION_SET: str = ENV["SES_CONFIGURATION_SET"]
HOOKS: dict[str, tuple[str, ...]] = ENV["HOOKS"]
# The mailbox in a container of its own is no more the outside world than one on loopback.
RELAY_ON_LOOPBACK = MAILBOX_IS_RELAY or parsing.leads_to_loopback(SMTP_URL)
SEND_RATE: float | None = ENV["SEND_RATE"]
# What an update would be asked for, routes counted in: only the workers' room knows these.
RATE_ASKED = "workers.routes.choosing.asked"
JOURNAL_FSYNC: bool = ENV["JOURNAL_FSYNC"]
DKIM_DOMAIN: str = ENV["DKIM_DOMAIN"]
DKIM_SELECTOR: str = ENV["DKIM_SELECTOR"]
DKIM_KEY_FILE: Path | None = ENV["DKIM_KEY_FILE"]
FETCH_NETWORKS: tuple[parsing.Network, ...] = ENV["FETCH_NETWORKS"]
INBOUND_URL: str = ENV["INBOUND_URL"]
TRUSTED_PROXIES: tuple[parsing.Network, ...] = ENV["TRUSTED_PROXIES"]
BRAKE: tuple[tuple[int, int], tuple[int, int]] = ENV["BRAKE"]
SIGNUP_LIMITS: dict[str, str] = ENV["SIGNUP_LIMITS"]
DNS_SERVER: str = ENV["DNS_SERVER"]
TIME_SERVER: str = ENV["TIME_SERVER"]
SETTING_NAMES = [setting.name for setting in environment.SETTINGS]
METRICS_TOKEN: str = ENV["METRICS_TOKEN"]
ALERT_MAIL: list[str] = ENV["ALERT_MAIL"]
ALERT_SMTP_URL: str = ENV["ALERT_SMTP_URL"] or SMTP_URL
ALERT_WEBHOOK_URL: str = ENV["ALERT_WEBHOOK_URL"]
ALERT_WEBHOOK_SECRET: str = ENV["ALERT_WEBHOOK_SECRET"]
REDIS_URL: str = ENV["REDIS_URL"]  # `digest up` sets it for its children when it is empty

# ---- database ----------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.parse(
        ENV["DATABASE_URL"] or f"sqlite:///{DATA_DIR / 'digest.sqlite3'}",
        conn_max_age=600,
    )
}
DATABASE_IS_EMBEDDED = not ENV["DATABASE_URL"]
DATABASE_URL: str = ENV["DATABASE_URL"]
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE took "database is locked" from thousands to none in a write storm: a transaction
    # that begins as a reader can't be upgraded while another writes, however long it waits.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous="
        + ("FULL" if JOURNAL_FSYNC else "NORMAL")
        + "; PRAGMA mmap_size=134217728;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # The session's connections end when a web or worker thread is idle long; a statement that
    # waits for a lost server must end as well.
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "connect_timeout": 5,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "application_name": "digest",
    }
# Counts of sign-ups alone: in memory, since pages must not need a broker, and bounded.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- the program -------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "ninja",
    "digest",
    "subscribers",
    "workers",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "digest.outage.Middleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates" / "pages"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "digest.staff.page_context",
            ],
            "builtins": [
                "django.templatetags.static",
                "digest.templatetags.house",
                "digest.templatetags.words",
            ],
            "libraries": {"django_htmx": "django_htmx.templatetags.django_htmx"},
        },
    }
]
EMAIL_TEMPLATES = ROOT / "templates" / "emails"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en-gb"

# ---- staff sign in -----------------------------------------------------------------
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/desk/"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600

# ---- the browser -------------------------------------------------------------------
_HTTPS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [SELF],
        "form-action": [SELF],
        # The mail previews carry their own inline styles, in frames that run no script.
        "style-src": [SELF, "'unsafe-inline'"],
        "script-src": [SELF],
    }
}
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns of one that is not there
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

LOG_LEVEL: str = ENV["LOG_LEVEL"]
LOG_FORMAT: str = ENV["LOG_FORMAT"]
LOG_ADDRESSES: bool = ENV["LOG_ADDRESSES"]
LOGGING_CONFIG = None  # `digest.logs` sets it up, for the web, the workers and the commands alike
