"""Mailings on a terminal: the balance bar in the house's order, colours and words."""

import time
from collections.abc import Iterable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from digest.errors import Refused
from digest.models import Update
from workers import balance
from workers.balance import Sheet
from workers.brake import rests
from workers.models import Mailing, MailingKind, MailingState, Worker

COLOURS = {
    "accepted": "green",
    "queued": "white",
    "deferred": "yellow",
    "failed": "red",
    "excluded": "bright_black",
    "uncertain": "blue",
}
MARKS = {
    "accepted": "█",
    "queued": "░",
    "deferred": "▒",
    "failed": "▓",
    "excluded": "▚",
    "uncertain": "◆",
}
"""Told apart without colour too."""

WIDTH = 60
ENDED = {MailingState.DONE, MailingState.CANCELLED}
WANTS_A_PERSON = {MailingState.HELD, MailingState.QUARANTINED}


def numbers(sheet: Sheet) -> dict[str, int]:
    """State → deliveries, in the order in which the sheet shows them everywhere."""
    return {
        state: sheet.excluded_total if state == "excluded" else getattr(sheet, state)
        for state in balance.STATES
    }


def bar(sheet: Sheet) -> Text:
    """The balance bar; a state that has anybody in it has at least one mark."""
    text = Text()
    for state, n in numbers(sheet).items():
        if n:
            marks = max(1, round(n / max(1, sheet.candidates) * WIDTH))
            text.append(MARKS[state] * marks, COLOURS[state])
    return text or Text("nobody yet", "bright_black")


def words(sheet: Sheet) -> Text:
    """The bar in words, ending in "= 300,000 candidates ✓ balances"."""
    text = Text()
    for state, n in numbers(sheet).items():
        if n or state in {"accepted", "queued"}:
            text.append(f"{MARKS[state]} ", COLOURS[state])
            text.append(f"{n:,} {state}  ")
    text.append(f"= {sheet.candidates:,} candidates ")
    text.append(
        "✓ balances" if sheet.balanced else "✗ does not balance",
        "green" if sheet.balanced else "bold red",
    )
    return text


def told(mailing: Mailing, sheet: Sheet | None = None) -> Group:
    """One mailing: what it is, its state and why, its bar and its words."""
    sheet = sheet or balance.sheet(mailing)
    head = Text(f"{mailing.id}  {mailing.update or mailing.topic}", "bold")
    if mailing.kind != MailingKind.SCHEDULED:
        head.append(f" ({mailing.get_kind_display().lower()})")
    head.append(f"  {sheet.state}", "bold yellow" if sheet.state in WANTS_A_PERSON else "")
    if why := mailing.why or rests.why(mailing):
        head.append(f"  {why}", "yellow")
    return Group(head, bar(sheet), words(sheet))


def watch_update(update: Update, console: Console | None = None) -> Sheet:
    """Show the update's main mailing until it has ended, and give its sheet."""
    console = console or Console(stderr=True)
    mailing = _made(update, console)
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while True:
            mailing.refresh_from_db()
            sheet = balance.sheet(mailing)
            live.update(told(mailing, sheet))
            if mailing.state in ENDED:
                return sheet
            if mailing.state in WANTS_A_PERSON:
                raise Refused(f"Mailing {mailing.id} is {mailing.state}: {mailing.why}")
            time.sleep(0.25)


def _made(update: Update, console: Console) -> Mailing:
    """The update's main mailing, once a worker has made it."""
    since = time.monotonic()
    said = False
    while True:
        found = Mailing.objects.filter(update=update, kind=MailingKind.SCHEDULED).first()
        if found is not None:
            return Mailing.objects.select_related("update__topic", "topic").get(id=found.id)
        if not said and time.monotonic() - since > 5:
            said = True
            console.print(
                "Approved; no worker has taken it up yet. Start them with: digest up "
                "(it goes out then, whether this waits or not)."
            )
        time.sleep(0.2)


def listed(mailings: Iterable[Mailing]) -> Group:
    """Several mailings, one below the other."""
    shown = [told(mailing) for mailing in mailings]
    return (
        Group(*shown)
        if shown
        else Group(
            Text(
                "No mailing yet. Approve an update with: digest approve TOPIC/draft", "bright_black"
            )
        )
    )


def workers(found: Iterable[Worker]) -> Text:
    """Who is alive, in a line."""
    names = [f"{one.queues} on {one.host.rpartition('-')[0]} (process {one.pid})" for one in found]
    return Text(
        f"{len(names)} workers: {', '.join(names)}"
        if names
        else "No worker is running. Start them with: digest up"
    )
