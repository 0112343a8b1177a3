"""Which statuses close a story: an open vocabulary, so a list, a topic's own or the usual one."""

import unicodedata

from digest.models import Topic

USUAL = (
    "Resolved", "Closed", "Concluded", "Completed", "Ended", "Final", "Settled",
    "Abgeschlossen", "Beendet", "Beigelegt", "Erledigt", "Geklärt", "Gelöst", "Entschieden",
    "مغلق", "مغلقة", "منتهٍ", "منتهية", "انتهى", "انتهت",
    "محسوم", "محسومة", "تم الحل", "مكتمل", "مكتملة",
)  # fmt: skip
"""In the languages that mails speak; a status in another is a topic's own to name."""


def closes(status: str, topic: Topic) -> bool:
    """Whether a story with this status is over, until its status says otherwise."""
    said = _plain(status)
    return bool(said) and said in {_plain(one) for one in topic.closing or USUAL}


def _plain(status: str) -> str:
    """A status but for capitals, spacing, accents (Arabic vowel marks too) and a full stop."""
    apart = unicodedata.normalize("NFKD", status.casefold())
    bare = "".join(mark for mark in apart if not unicodedata.combining(mark))
    return " ".join(bare.split()).rstrip(".")
