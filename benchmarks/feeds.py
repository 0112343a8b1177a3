"""How long a feed of a thousand entries takes.  Run: python -m benchmarks.feeds

In a SQLite file of its own.  The reading process is warm, as a worker's is after its first feed;
of each time the best of some rounds is told, for what else a machine does only adds to it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from xml.sax.saxutils import escape

from benchmarks.figures import at_most

ENTRIES = 1000
ROUNDS = 5
TEXT = (
    "<p>A ferry firm has <b>bought</b> the town’s newspaper, its owner said at the quay.</p>"
    '<p>Nobody loses <a href="/work">their work</a>, whose boats have carried it for years.</p>'
)


def feed() -> bytes:
    """RSS 2.0 with two paragraphs an entry, of the last hours."""
    now = time.time()
    items = "".join(
        f"<item><title>Ferry firm buys paper {at}</title><guid>{at}</guid>"
        f"<link>https://wire.example.org/{at}</link><pubDate>{_date(now - at)}</pubDate>"
        f"<description>{escape(TEXT)}</description></item>"
        for at in range(ENTRIES)
    )
    head = "<title>Harbour Wire</title><link>https://wire.example.org/</link>"
    return f'<rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


def _date(when: float) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(when))


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of the quickest round."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def measured() -> dict[str, float]:
    """Seconds by what is done."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    call_command("migrate", verbosity=0)
    from digest.feeds import Feed
    from digest.intake import feed_briefings, feed_entries, reading_process
    from digest.intake.fetch import Fetched
    from digest.models import Topic

    data = feed()
    answer = Fetched("https://wire.example.org/feed", 200, data, {"content-type": "text/xml"})
    source = Feed.objects.create(
        topic=Topic.objects.create(slug="size", name="Size"), url=answer.url
    )
    now = timezone.now()
    begun = time.perf_counter()
    reading_process.read_channel(data)
    cold = time.perf_counter() - begun

    def read() -> None:
        channel = reading_process.read_channel(data)
        list(feed_briefings.briefings(channel, "in", "size", now))

    took = {"cold": cold, "read": best(read)}
    took["new"] = best(lambda: feed_entries.keep(source, answer, now), 1)
    took["again"] = best(lambda: feed_entries.keep(source, answer, now))
    return took


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": "", "DATA_DIR": folder,
        }  # fmt: skip
        took = measured()
    rows = [
        at_most(f"Reading {ENTRIES:,} entries", 1.0, took["read"], "{:.2f} s", "warm"),
        at_most("… and starting the process", 2.0, took["cold"], "{:.2f} s", "the first feed"),
        at_most("… and keeping them, all new", 3.0, took["new"], "{:.2f} s", "SQLite"),
        at_most("… again, with nothing new", 1.5, took["again"], "{:.2f} s"),
    ]
    form = "{:30}{:>10}{:>12}   {:10} {}\n"
    for row in rows:
        sys.stdout.write(form.format(row.figure, row.target, row.measured, row.verdict, row.remark))


if __name__ == "__main__":
    main()
