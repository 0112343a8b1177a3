"""What each kind of alert waits for before it is told, and what to do about it, in a sentence.

docs/operations.md has a section for each, by the same name.
"""

import datetime as dt
from typing import NamedTuple

from workers.watch.alert import AlertKind


class Advice(NamedTuple):
    """How long it must last to be told, and what to do."""

    patience: dt.timedelta
    mend: str


_AT_ONCE = dt.timedelta(0)
_MINUTE = dt.timedelta(minutes=1)

ADVICE = {
    AlertKind.MAILING_STUCK: Advice(
        _AT_ONCE,
        "Look at its page for why it waits, and at DATA_DIR/log for what a worker says. Pausing "
        "and resuming does no harm.",
    ),
    AlertKind.MAILING_HELD: Advice(
        _AT_ONCE, "Read why on its page, then resume it if it is still wanted, or cancel it."
    ),
    AlertKind.BRAKE: Advice(
        _AT_ONCE,
        "Look at what came back, on its page: whose fault was it? Then let it go on with these "
        "figures, or cancel the rest.",
    ),
    AlertKind.PROVIDER_REFUSES: Advice(
        _AT_ONCE,
        "Read what it answers, and mend that: SPF, DKIM, a block list, its postmaster page. Its "
        "share is tried again by itself; all else goes on.",
    ),
    AlertKind.RELAY_DOWN: Advice(
        2 * _MINUTE,
        "See that the relay runs and takes our login. Nobody is lost meanwhile, and it goes on by "
        "itself.",
    ),
    AlertKind.UNCERTAIN: Advice(
        5 * _MINUTE,
        "Look in the relay’s log for the addresses, then settle: digest settle MAILING "
        "--accept, or --resend.",
    ),
    AlertKind.OUT_OF_BALANCE: Advice(
        _MINUTE,
        "Pause the mailing, keep a copy of the database and what digest audit MAILING --json says, "
        "and report it: this is a fault of the program.",
    ),
    AlertKind.SLOT_LATE: Advice(
        _MINUTE, "See that a worker for tick and the schedule run: digest status."
    ),
    AlertKind.SLOT_HELD: Advice(
        _AT_ONCE, "Assemble it now, or let it go: the queue’s page has a button for each."
    ),
    AlertKind.NO_WORKER: Advice(
        _MINUTE, "Start the workers: digest up, or what runs them on your machines."
    ),
    AlertKind.QUEUE_LAG: Advice(
        _MINUTE,
        "See whether workers for that queue are alive, and what keeps them; start more.",
    ),
    AlertKind.TICK_LATE: Advice(
        _AT_ONCE,
        "See that the schedule (beat) and a worker for tick run, and that the broker does.",
    ),
    AlertKind.BROKER_DOWN: Advice(
        _MINUTE,
        "Start Redis or Valkey again. What waits is in the database, and goes on by itself.",
    ),
    AlertKind.DATABASE_DOWN: Advice(
        2 * _MINUTE, "Start the database again. Workers keep what they know until it is back."
    ),
    AlertKind.FEEDS_AILING: Advice(
        _AT_ONCE, "Look at the topic’s Sources on the desk: mend the address, pause or remove it."
    ),
    AlertKind.INBOX_UNREADABLE: Advice(
        _AT_ONCE, "Look at INBOUND_URL and the mailbox: mails that unsubscribe wait in it."
    ),
    AlertKind.DISK_FULL: Advice(
        _AT_ONCE, "Make room on the disk that holds DATA_DIR before sending must wait for it."
    ),
    AlertKind.DOCTOR: Advice(
        _AT_ONCE,
        "Do what it says, then have it examined anew: Queue → Doctor, or digest doctor.",
    ),
}
