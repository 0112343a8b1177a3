"""The demo: the main job on sample briefings, told as it happens.

Everything is real: the briefings are loaded from files, the updates rendered, checked and
approved, and sent by the Celery workers that ``digest up`` runs, into the built-in mailbox.
Only time is short: three weeks' updates are made one right after the other, each with the
cut-off that it would have had.
"""

import datetime as dt
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding

from digest import approval, arranging, drafting, editions
from digest.checks import Finding, Level
from digest.depths import Depth
from digest.errors import CheckFailed, DigestError, Refused
from digest.intake import store
from digest.models import Topic, Update
from digest.staff import Role, add_user, one_time_link
from subscribers import importing, segments
from workers import progress
from workers.balance import Sheet, sheet
from workers.mailbox.reading import decoded
from workers.mailbox.store import Mailbox
from workers.models import Delivery, DeliveryState

HERE = Path(__file__).parent
SLUG, NAME = "medias-ai-pivot", "Media's AI Pivot"
CUT_OFF = dt.datetime(2026, 6, 3, 15, tzinfo=dt.UTC)
"""Of the fourth update, as the files are dated; the ones before are a week apart."""

SENT, DRAFT = (1, 2, 3), 4
READERS = 200
PATIENCE = 120.0
"""Seconds that one mailing may take; three are usual."""

YOU = "robin@example.org"
BY = "demo"
_DATES = {"published_at", "updated_at", "date"}

Mails = Counter[tuple[str, str]]
"""(subject, address) → how many."""

console = Console(highlight=False, soft_wrap=True)


def once() -> int:
    """Run the main job and look whether everything is accounted for; the exit status."""
    return _told(serves=False)


def and_serve() -> int:
    """The same, then say where to look; the pages are served until Ctrl-C."""
    return _told(serves=True)


def _told(*, serves: bool) -> int:
    began = time.monotonic()
    try:
        mailed = _main_job()
        sheets = [(update.label, found) for update, found in mailed]
        wrong = list(amiss(sheets, _kept(), _expected(update for update, _ in mailed)))
        _say_sum(mailed, wrong, time.monotonic() - began)
        _draft_waits(serves=serves)
    except DigestError as problem:
        console.print(f"[red]The demo stopped:[/] {escape(str(problem))}")
        return problem.status
    return 1 if wrong else 0


# ---- the main job ------------------------------------------------------------------------


def _main_job() -> list[tuple[Update, Sheet]]:
    """Three updates assembled, approved and sent; each with its balance sheet."""
    topic = Topic.objects.create(slug=SLUG, name=NAME, items_budget=12, minutes_budget=0)
    names = _readers(topic)
    return [_one_update(topic, number, names) for number in SENT]


def _readers(topic: Topic) -> list[str]:
    with (HERE / "subscribers.csv").open("rb") as file:
        report = importing.load(
            file, "subscribers.csv", topics=[topic.slug], consent="Made up for the demo", by=BY
        )
    rules: dict[str, Any] = json.loads((HERE / "segments.json").read_text("utf-8"))
    for name, rule in rules.items():
        segments.save(name, rule)
    console.print(
        f"[bold]{escape(topic.name)}[/] has {report.created} readers in {len(rules)} segments: "
        f"{', '.join(rules)}\n"
    )
    return list(rules)


def _one_update(topic: Topic, number: int, names: list[str]) -> tuple[Update, Sheet]:
    update = _assembled(topic, number)
    approval.approve(update, BY, at=update.until, segments=names)
    console.print(f"  approved for {', '.join(names)}; the workers send it")
    return update, _sent(update)


def _assembled(topic: Topic, number: int) -> Update:
    """Load a week's briefings and draft the update."""
    folder = dated_anew(number)
    loaded = store.load([str(folder)], topic.slug, by=BY)
    if loaded.rejected:
        raise CheckFailed(f"{loaded.rejected[0].source}: {loaded.rejected[0].why}")
    update = drafting.draft(topic, until=_cut_off(number), by=BY)
    items = list(update.items.select_related("briefing"))
    # As an editor would: the second story in full too, so that both in the title are.
    arranging.set_depth(update, items[1].briefing.slug, Depth.LEAD, BY)
    kinds = Counter(item.get_kind_display().lower() for item in items)
    console.print(f"[bold]Update #{number}: {escape(update.title)}[/]")
    console.print(
        f"  {loaded.read} briefings loaded ({loaded.created} created, {loaded.updated} updated), "
        f"{len(items)} in it: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}"
    )
    return update


def _sent(update: Update) -> Sheet:
    """Show the mailing until it has ended; its balance sheet."""
    until = time.monotonic() + PATIENCE
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        while True:
            mailing = update.mailings.select_related("update__topic", "topic").first()
            if mailing is not None:
                found = sheet(mailing)
                live.update(progress.told(mailing, found))
                if mailing.state in progress.ENDED:
                    break
                if mailing.state in progress.WANTS_A_PERSON:
                    raise Refused(f"{update.label} is {mailing.state}: {mailing.why}")
            if time.monotonic() > until:
                raise CheckFailed(
                    f"{update.label} was not sent in {PATIENCE:g} s; what was sent is kept. "
                    f"The workers' logs are in {settings.DATA_DIR / 'log'}"
                )
            time.sleep(0.1)
    console.print(
        Padding(Group(progress.bar(found), progress.words(found)), (0, 0, 1, 2), expand=False)
    )
    return found


# ---- what there is in the end -------------------------------------------------------------


def amiss(sheets: Iterable[tuple[str, Sheet]], kept: Mails, expected: Mails) -> Iterator[str]:
    """What isn't as it must be: sheets that don't balance, mails too few or too many."""
    for label, found in sheets:
        if not found.balanced:
            yield f"The sheet of {label} does not balance."
        if (found.candidates, found.accepted) != (READERS, READERS):
            yield (
                f"{label}: {found.accepted} of {found.candidates} accepted; "
                f"{READERS} of {READERS} were expected."
            )
    for (subject, address), n in (kept - expected).items():
        yield f"{n} more in the mailbox than the ledger says: {subject}, to {address}"
    for (subject, address), n in (expected - kept).items():
        yield f"{n} fewer in the mailbox than the ledger says: {subject}, to {address}"


def _kept() -> Mails:
    mails = Mailbox(settings.DATA_DIR / "mailbox").newest()
    return Counter((decoded(mail.subject), " ".join(mail.recipients)) for mail in mails)


def _expected(updates: Iterable[Update]) -> Mails:
    return Counter(
        (update.subject, address)
        for update in updates
        for address in Delivery.objects.filter(
            mailing__update=update, state=DeliveryState.ACCEPTED
        ).values_list("address", flat=True)
    )


def _say_sum(mailed: list[tuple[Update, Sheet]], wrong: list[str], seconds: float) -> None:
    if wrong:
        for line in wrong[:20]:
            console.print(f"[red]✗[/] {escape(line)}")
        return
    total = sum(found.accepted for _, found in mailed)
    console.print(
        f"[green]✓[/] The mailbox holds {total} mails: one for each of {READERS} readers of each "
        f"of {len(mailed)} updates, none twice. It took {seconds:.0f} s."
    )


def _draft_waits(*, serves: bool) -> None:
    """Load the fourth week, draft the update, and say where to look."""
    topic = Topic.objects.get(slug=SLUG)
    console.print()
    update = _assembled(topic, DRAFT)
    view = editions.view_of(update)
    report = editions.checked(update, view, editions.rendered(view))
    for finding in report.findings:
        _say_finding(finding)
    console.print("  It waits as a draft: two of its stories may be one.\n")
    you = add_user(YOU, Role.ADMIN, by=BY)
    if serves:
        _go_slowly()
        _say_where(one_time_link(you, "desk"))
    else:
        mails = settings.DATA_DIR / "mailbox"
        console.print(f"The mails are in {mails}. To see the pages: [bold]make demo[/]")


def _go_slowly() -> None:
    """Leave something in the queue to look at; ``slow.py`` says what."""
    ended = subprocess.run([sys.executable, "-m", "workers.demo.slow"], check=False).returncode
    if ended != -signal.SIGKILL:
        raise CheckFailed("The correction that should go out slowly was not made; the rest stands.")
    console.print(
        "  A correction of Update #3 goes out slowly, and the first worker that sent it was "
        "killed:\n  whether one reader got it is for you to settle, in the queue.\n"
    )


def _say_finding(finding: Finding) -> None:
    if finding.level != Level.OK:
        colour = "red" if finding.level == Level.BLOCK else "yellow"
        console.print(
            f"  [{colour}]{finding.level}[/] {escape(finding.message)} {escape(finding.mend)}"
        )


def _say_where(desk: str) -> None:
    base = settings.BASE_URL
    console.print("[bold]Where to look[/]")
    for what, where in {
        "what was sent": f"{base}/t/{SLUG}/",
        "the mails": f"{base}/mailbox/",
        "the desk, where Update #4 waits": desk,
        "the queue, once you are in": f"{base}/queue/",
    }.items():
        console.print(f"  {what:<32} [link={where}]{where}[/]")
    console.print(f"\nThe link to the desk lets you in once, as {YOU}. Ctrl-C ends the demo.")


# ---- dates -------------------------------------------------------------------------------


def shift() -> dt.timedelta:
    """Whole days by which everything is moved, so that the last cut-off has just been."""
    return dt.timedelta(days=(timezone.now() - CUT_OFF) // dt.timedelta(days=1))


def _cut_off(number: int) -> dt.datetime:
    return CUT_OFF - (DRAFT - number) * dt.timedelta(weeks=1) + shift()


def dated_anew(number: int) -> Path:
    """The folder of an update's briefings with all dates moved, made in DATA_DIR."""
    folder: Path = settings.DATA_DIR / "briefings" / f"update-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted((HERE / "briefings" / folder.name).glob("*.json")):
        briefing = moved(json.loads(file.read_text("utf-8")), shift())
        (folder / file.name).write_text(
            json.dumps(briefing, ensure_ascii=False, indent=2) + "\n", "utf-8"
        )
    return folder


def moved(value: Any, by: dt.timedelta, key: str = "") -> Any:
    """The same JSON with every date and time in it moved."""
    if isinstance(value, dict):
        return {name: moved(part, by, name) for name, part in value.items()}
    if isinstance(value, list):
        return [moved(part, by, key) for part in value]
    if key in _DATES and isinstance(value, str):
        if len(value) == len("2026-05-13"):
            return (dt.date.fromisoformat(value) + by).isoformat()
        return (dt.datetime.fromisoformat(value) + by).isoformat()
    return value
