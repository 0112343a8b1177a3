"""How quick the desk is.  Run: python -m benchmarks.desk

The draft's page with 500 candidates over HTTP, and the time from a key in the editor's note to the
preview's frame in a real Chromium: on SQLite, and on a PostgreSQL of its own from the wheel or the
empty one that DATABASE_URL names.  Then the script that each page of the desk fetches, compressed.
"""

import datetime as dt
import gzip
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Row, at_most, missing
from benchmarks.signup import cpu

CANDIDATES = 500
ROUNDS = 30
EDITS = 20
TOPIC = "harbour"
TAGS = ("Law", "Money", "Stage")
SCRIPT = re.compile(r'<script src="([^"]+)"')

_SHOWN = """() => {
  window.took = [];
  let typed = 0;
  document.getElementById("note").addEventListener("input", () => { typed = performance.now(); });
  document.addEventListener("desk:shown", () => window.took.push(performance.now() - typed));
}"""
_REQUESTS = """() => performance.getEntriesByType("resource")
  .filter((one) => one.name.includes("/draft/") && one.startTime > window.begun)
  .map((one) => [
    new URL(one.name).pathname.split("/draft/")[1], one.responseEnd - one.requestStart])
"""


def fill() -> str:
    """A topic with its candidates and draft; the session of somebody who edits it."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.test import Client
    from django.utils import timezone

    from digest import drafting, staff
    from digest.models import Topic
    from tests import newsroom

    topic = Topic.objects.create(slug=TOPIC, name="Harbour News", zone="Europe/London")
    now = timezone.now()
    for n in range(CANDIDATES):
        newsroom.briefing(
            topic,
            f"Candidate {n}: the harbour board votes on quay {n}, and says what it costs",
            published_at=now - dt.timedelta(minutes=n),
            importance=n % 4,
            summary="The board met on Tuesday and put off what it had promised. " * 5,
            key_takeaway="Ships wait, and so do those who unload them. " * 2,
            body="The quays were built for ships half as long. " * 40,
            tag=TAGS[n % 3],
            sources=[{"name": "Harbour Wire", "url": f"https://wire.example.org/{n}"}],
        )
    drafting.draft(topic)
    client = Client()
    client.force_login(staff.add_user("edda@example.org", "publisher"))
    session = client.session
    assert isinstance(session, SessionStore)
    return str(session.session_key)


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """The pages by gunicorn, as in production: where, and the process above all that serve."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}"]
    command += ["--worker-class=gthread", "--threads=8", "--no-control-socket"]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[1], stderr=(folder / "web.log").open("w")
    ) as process:
        try:
            site = f"http://127.0.0.1:{port}"
            _wait_for(site)
            yield site, process.pid
        finally:
            process.terminate()


def _wait_for(site: str) -> None:
    for _ in range(150):
        try:
            urllib.request.urlopen(f"{site}/healthz", timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The pages did not answer within 15 seconds.")


def fetched(site: str, path: str, session: str) -> str:
    request = urllib.request.Request(site + path, headers={"Cookie": f"sessionid={session}"})
    with urllib.request.urlopen(request) as answer:
        return str(answer.read().decode())


def page_times(site: str, session: str) -> list[float]:
    """Milliseconds of each whole answer."""
    taken = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        fetched(site, f"/desk/{TOPIC}/draft/", session)
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def processor(pid: int) -> float:
    """Seconds of processor that the pages, and whatever renders for them, have used so far."""
    return sum(cpu(pid).values())


def edit_times(site: str, session: str, chromium: str) -> tuple[list[float], str]:
    """Milliseconds from each key to its frame; and what the requests in between took."""
    from playwright.sync_api import sync_playwright

    from tests.browser.looks import ARGUMENTS

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
        page.goto(f"{site}/desk/{TOPIC}/draft/")
        page.wait_for_load_state("networkidle")
        page.evaluate(_SHOWN)
        page.evaluate("() => { window.begun = performance.now(); }")
        page.focus("#note")
        for n in range(EDITS + 2):
            page.keyboard.press(chr(ord("a") + n))
            while page.evaluate("window.took.length") <= n:
                page.wait_for_timeout(20)
        taken = page.evaluate("window.took")[2:]
        requests: dict[str, list[float]] = {}
        for name, took in page.evaluate(_REQUESTS):
            requests.setdefault(name or "page", []).append(took)
        browser.close()
    each = ", ".join(f"{name} {statistics.median(took):.0f}" for name, took in requests.items())
    return taken, f"200 of it waiting for the next key; requests, ms: {each}"


def script_bytes(site: str, session: str) -> dict[str, int]:
    """Of each page of the desk, the compressed bytes of all its scripts."""
    pages = {
        "Draft": "draft/", "Briefings": "briefings/", "A briefing": "write/",
        "Sources": "sources/", "Settings": "settings/",
    }  # fmt: skip
    sizes: dict[str, int] = {}
    for name, path in pages.items():
        scripts = SCRIPT.findall(fetched(site, f"/desk/{TOPIC}/{path}", session))
        sizes[name] = sum(
            len(gzip.compress(fetched(site, script, session).encode(), 9)) for script in scripts
        )
    return sizes


def measured(name: str) -> list[Row]:
    """The figures on the database at hand."""
    from tests.browser.looks import CHROMIUM

    session = fill()
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    frame = f"… from a key to the preview's frame, {name}"
    with served(Path(os.environ["DATA_DIR"])) as (site, pid):
        fetched(site, f"/desk/{TOPIC}/draft/", session)  # warm
        before = processor(pid)
        taken = page_times(site, session)
        each = (processor(pid) - before) / ROUNDS * 1000
        figure = f"Draft's page, {CANDIDATES} candidates, {name}"
        rows = [told(figure, 300, taken, f"{each:.0f} ms of processor each; {load}")]
        if chromium:
            before = processor(pid)
            taken, requests = edit_times(site, session, chromium)
            each = (processor(pid) - before) / (EDITS + 3) * 1000
            rows.append(
                told(frame, 500, taken, f"{each:.0f} ms of the server's processor; {requests}")
            )
        else:
            rows.append(missing(frame, "≤ 500 ms", "Chromium"))
        if name == "SQLite":
            rows += [
                at_most(f"{page}: script, compressed", 60, size / 1024, "{:.1f} KB")
                for page, size in script_bytes(site, session).items()
            ]
    return rows


def told(figure: str, most: float, taken: list[float], remark: str) -> Row:
    p95 = statistics.quantiles(taken, n=20)[-1]
    return at_most(
        figure, most, statistics.median(taken), "{:.0f} ms", f"p95 {p95:.0f} ms; {remark}"
    )


def on(name: str, database: str) -> list[Row]:
    """Everything on one database, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATABASE_URL": database, "DATA_DIR": folder, "BASE_URL": "", "REDIS_URL": "",
            "SMTP_URL": "", "LOG_LEVEL": "warning", "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        return measured(name)


def main() -> int:
    if sys.argv[1:] == ["--sqlite"]:
        rows = on("SQLite", "")
    else:
        from tests.servers import postgres

        first = subprocess.run([sys.executable, "-m", "benchmarks.desk", "--sqlite"], check=False)
        rows = on("PostgreSQL", os.environ.get("DATABASE_URL") or postgres())
        if first.returncode:
            return first.returncode
    table = Table("figure", "target", "measured", "", "")
    for row in rows:
        table.add_row(row.figure, row.target, row.measured, row.verdict, row.remark)
    Console(width=140).print(table)
    return 0 if all(row.reached is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
