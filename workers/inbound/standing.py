"""How the inbox fares, in words, for whoever watches the queue."""

from workers.inbound import reading


def trouble() -> str:
    """Why the mails that come in can't be read; "" where they can, or none are expected."""
    inbox = reading.current()
    if inbox is None or not inbox.trouble:
        return ""
    return (
        f"Mails that unsubscribe, and bounces, can't be read: {inbox.trouble}. They wait in "
        f"{inbox.name}, and it is tried again by itself. If it goes on, look at INBOUND_URL."
    )


def waiting() -> str:
    """How many mails wait there for a person; "" where none do."""
    inbox = reading.current()
    if inbox is None or not inbox.unread:
        return ""
    mails = "1 unread mail is" if inbox.unread == 1 else f"{inbox.unread:,} unread mails are"
    return (
        f"{mails} in {inbox.name}: what people write by hand, and what tells of a mail but proves "
        "none of ours. They wait for a person."
    )
