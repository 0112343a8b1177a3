"""A briefing as assembly sees it: plain data.  ``drafting.py`` fetches them."""

import datetime as dt
from typing import NamedTuple


class Candidate(NamedTuple):
    """A briefing as assembly sees it.  A tuple: a hundred thousand are made within a second."""

    id: int
    slug: str
    headline: str
    published_at: dt.datetime
    changed_at: dt.datetime  # the source's updated_at, else when we had the change
    importance: int = 0
    sources: int = 1  # independent ones
    tag: str = ""
    full_characters: int = 0  # of everything
    short_characters: int = 0  # of summary and takeaway
    carried_number: int | None = None  # of the latest approved update that carried it
    moved_on: bool = False  # materially changed since that update
    status_changed: bool = False  # so has its status
    closed: bool = False  # by its status, in that update and still
    waited: int | None = None  # number of the update that had no room for it
    dropped: int | None = None  # number of the update that an editor took it out of
    late: bool = False  # received after the last assembly, though published before its cut-off
    withdrawn: bool = False
    held: bool = False  # nobody has looked at it yet, and somebody should
    keys: bytes = b""  # by which others like it are found (same_story/pairing.py)
