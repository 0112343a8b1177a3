"""What tells a story from others, taken from its text once, when it comes in."""

import datetime as dt
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import snowballstemmer

from digest.parts import BriefingData
from digest.same_story import publishers
from digest.same_story.quantities import CURRENCIES, DAYS, MONTHS, SCALES, SPELT, numbers_and_days

VERSION = 2
"""Of the rule by which signatures are made; those of another are made again when wanted."""

BODY = 600
"""Characters of a body that are read: news says first what happened."""

MOST = 80
"""Stems, names or numbers that are kept of each."""

KEYS = 12
"""By which pairs are found among many (pairing.py)."""

_POSSESSIVE = re.compile(r"[’']s?$")
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_SENTENCE = re.compile(r"(?<=[.!?:;])[\"”’)]*\s+|\n+|[\"“”]")
_AHEAD = re.compile(
    r"\b(?:to|will|may|could|would|plans?|likely|expected|poised|ahead|prepares?|wants?)\b",
    re.IGNORECASE,
)
_WILL = re.compile(r"\b(?:will|would|(?:plans?|set|due|expected|poised) to)\b", re.IGNORECASE)
_MARKUP = re.compile(r"\[\^[^\]]+\]:.*$|\[\^[^\]]+\]|[*_`#>]|\]\([^)]*\)|\[", re.MULTILINE)
_SMALL = """a about after again against ago all also am among an and another any are as at away
back be because been before being below between both but by came can could day days did do does
doing down during each even ever every few first for former from further get gets got had has
have having he her here him his how however i if in into is it its itself just last later least
less like made make makes many may me might month months more most much must my near new next no
nor not now of off on once one only or other our out over own per put said same say says set
several she should since so some still such take takes than that the their them then there these
they this those though through time to too told two under until up upon us very was we week
weeks well were what when where whether which while who whom whose why will with within without
would year years yet you your mr mrs ms dr according accused"""
_STOP = frozenset(_SMALL.split())
COLUMNS = ["signature", "signature_version", "story_keys", "independent_sources"]
"""Of a briefing's row, as ``columns`` makes them."""

_NO_NAMES = frozenset([*DAYS, *MONTHS, *(name[:3] for name in MONTHS), "ai", "i"])
_COUNTING = frozenset([*SCALES, *CURRENCIES, *SPELT, "cent", "percent", "pct", "per"])
_SAYS_LITTLE = _STOP | _NO_NAMES | _COUNTING


@dataclass(frozen=True, slots=True)
class Signature:
    """Names, stems, numbers and days of a story, those of the headline first.

    ``pages`` and ``houses``: the addresses it cites, and who stands behind them.
    """

    published: str
    words: tuple[str, ...] = ()
    headed: int = 0  # how many of the words stand in the headline
    ahead: bool = False  # whether headline or summary tell of what is to come
    names: tuple[str, ...] = ()
    spelt: tuple[str, ...] = ()  # the names, as the text has them
    numbers: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    houses: tuple[str, ...] = ()

    @property
    def plain(self) -> dict[str, Any]:
        """As the database keeps it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def keys(self) -> bytes:
        """Short hashes of what is most its own; two that tell the same share some."""
        own = [number for number in self.numbers if len(number) > 2]
        chosen = [*own[:4], *self.names[:6], *sorted(self.words[:8], key=len, reverse=True)]
        hashes = [zlib.crc32(key.encode()) for key in dict.fromkeys(chosen)]
        return array("I", hashes[:KEYS]).tobytes()


def kept(plain: dict[str, Any]) -> Signature:
    """The signature that the database kept."""
    parts: dict[str, Any] = {
        name: tuple(part) if isinstance(part, list) else part for name, part in plain.items()
    }
    return Signature(**parts)


def columns(data: BriefingData, language: str) -> dict[str, Any]:
    """What the database keeps of a briefing beside its text, so that stories are told apart."""
    made = signature(data, language)
    return {
        "signature": made.plain,
        "signature_version": VERSION,
        "story_keys": made.keys,
        "independent_sources": publishers.independent(made.houses),
    }


def signature(data: BriefingData, language: str = "en") -> Signature:
    """Of the headline, the summary, the takeaway and where the body begins."""
    text = "\n".join([data.headline, data.summary, data.key_takeaway, _plain(data.body)])
    published = data.published_at.astimezone(dt.UTC)
    numbers, days = numbers_and_days(text, published.date())
    names = _names(text, language)
    words = dict.fromkeys(_stems(text, language))
    headline = set(_stems(data.headline, language))
    urls = [data.url, *(source.url for source in data.sources)]
    return Signature(
        published=published.isoformat(),
        names=tuple(names)[:MOST],
        spelt=tuple(names.values())[:MOST],
        words=tuple(list(words)[:MOST]),
        headed=len(headline),
        ahead=bool(_AHEAD.search(data.headline) or _WILL.search(data.summary)),
        numbers=tuple(numbers[:MOST]),
        days=tuple(days[:MOST]),
        pages=tuple(dict.fromkeys(filter(None, map(publishers.page, urls))))[:MOST],
        houses=tuple(publishers.told_by(data.sources))[:MOST],
    )


def _plain(body: str) -> str:
    return _MARKUP.sub(" ", body[: 2 * BODY])[:BODY]


def _names(text: str, language: str) -> dict[str, str]:
    """Stems of capitalised words, each with its spelling, but for those that only a sentence's
    beginning capitalises."""
    inside: dict[str, str] = {}
    spelt: dict[str, str] = {}
    opening: Counter[str] = Counter()
    lower: set[str] = set()
    headline = text.partition("\n")[0]
    shouted = len(headline) if _titled(_WORD.findall(headline)) else 0  # characters to come
    for sentence in _SENTENCE.split(text):
        words = _WORD.findall(sentence)
        titled = shouted > 0
        shouted -= len(sentence) + 1
        for at, word in enumerate(words):
            if not (stem := stemmed(word, language)):
                continue
            if not word[0].isupper():
                lower.add(stem)
            elif titled:
                continue
            elif at or word[1:].lower() != word[1:]:  # NASA, YouTube
                inside.setdefault(stem, _POSSESSIVE.sub("", word))
            else:
                opening[stem] += 1
                spelt.setdefault(stem, _POSSESSIVE.sub("", word))
    twice = [stem for stem, times in opening.items() if times > 1 and stem not in lower]
    return inside | {stem: spelt[stem] for stem in twice if stem not in inside}


def _titled(words: list[str]) -> bool:
    """Whether Every Word Is Capitalised, so that capitals say nothing."""
    heavy = [word for word in words if len(word) > 3]
    return len(heavy) > 2 and sum(word[0].isupper() for word in heavy) > 0.7 * len(heavy)


def _stems(text: str, language: str) -> Iterator[str]:
    return filter(None, (stemmed(word, language) for word in _WORD.findall(text)))


@lru_cache(65_536)
def stemmed(word: str, language: str) -> str:
    """The word's stem; empty for one that says little.  News repeats its words."""
    bare = _POSSESSIVE.sub("", word.casefold())
    if len(bare) < 3 or bare in _SAYS_LITTLE:
        return ""
    stemmer = _stemmer(language.partition("-")[0])
    return str(stemmer.stemWord(bare)) if stemmer else bare


_ALGORITHMS = {
    "ar": "arabic", "da": "danish", "de": "german", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "it": "italian", "nl": "dutch", "no": "norwegian",
    "nb": "norwegian", "pl": "polish", "pt": "portuguese", "ru": "russian", "sv": "swedish",
    "tr": "turkish",
}  # fmt: skip


@cache
def _stemmer(language: str) -> Any:
    name = _ALGORITHMS.get(language)
    return snowballstemmer.stemmer(name) if name else None
