"""Columns that nobody has explained and that may say who has left.

Lists have more names for leaving than anybody can collect, and a column that is taken for an
attribute would let in, as people who agreed, those whom it keeps out. So where a list is none
of a service that is known, a row in which such a column speaks is refused until somebody says
what the column holds.
"""

import re
from collections.abc import Callable

from digest.errors import Refused
from subscribers.importing.services import CONFIRMED, WORDS, Field, plain
from subscribers.importing.values import NO

Doubt = Callable[[str], bool]
"""Whether a cell may say that somebody is not to be mailed."""

_LEAVING = re.compile(
    r"unsub|opt(ed)? ?out|do not|don't|bounc|complain|abuse|spam|black ?list|block(ed|list)"
    r"|suppress|cancel|delet|remov|inactiv|disabl|abmeld|abgemeldet|gesperrt|d[eé]sabon"
    r"|d[eé]sins|\bbaja\b|disiscri|uitgeschr|afgemeld"
)
"""In a column's name: what isn't empty or a no may say that they left."""

_AGREEING = re.compile(
    r"opt(ed)? ?in|subscri|consent|permission|newsletter|marketing|einwillig|zustimm|abonn"
    r"|inscri|suscri|iscri"
)
"""In a column's name: a no may say that they never agreed."""

_OUT = frozenset(word for word, standing in WORDS.items() if standing is not CONFIRMED)


ASK = "Say what that column holds"
"""In the words of every refusal for a doubt."""


def is_unsure(name: str) -> bool:
    """Whether a column of this name may say who is to be mailed."""
    return bool(_LEAVING.search(plain(name)) or _AGREEING.search(plain(name)))


def doubt(name: str) -> Doubt:
    """What to ask of each cell of a column that nobody explained."""
    if _LEAVING.search(plain(name)):
        return lambda text: text.lower() not in NO
    if _AGREEING.search(plain(name)):
        return lambda text: text.lower() in NO or text.lower() in _OUT
    return lambda text: text.lower() in _OUT


def refuse(name: str, text: str) -> None:
    """Refuse the row for what it says there."""
    if text.lower() in _OUT:
        likely = Field.STATUS
    else:
        likely = Field.LEFT if _LEAVING.search(plain(name)) else Field.SUBSCRIBED
    raise Refused(
        f"its {name!r} is {text[:60]!r}: perhaps they are not to be mailed. {ASK}: "
        f"“{likely.label}”, or “{Field.ATTRIBUTE.label}” where it is no such thing."
    )
