"""The form of one briefing with all its parts: what was typed, what it means, what is wrong.

Texts stay as they were typed until they make a whole ``BriefingData``, so that a mistake
never costs an editor the rest.
"""

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from digest.intake.fields import reading_minutes
from digest.intake.slugs import slug_from
from digest.models import Topic
from digest.parts import LINE, BriefingData, Image

PLAIN = (
    "headline",
    "short_headline",
    "summary",
    "key_takeaway",
    "body",
    "tag",
    "status",
    "importance",
    "read_minutes",
    "url",
    "published_at",
    "updated_at",
    "plain_english",
    "root_causes",
    "image_url",
    "image_alt",
    "first_update",
    "first_title",
    "first_date",
)
"""Parts that are one text in the form."""

GROUPS = {
    "image": ("image_url", "image_alt"),
    "first_reported": ("first_update", "first_title", "first_date"),
}
"""Parts that are several texts in the form; all others are one, under their own name."""

ROWS: dict[str, tuple[str, ...]] = {
    "sources": ("name", "date", "url"),
    "next": ("kind", "text"),
    "perspectives": ("party", "text"),
}
"""Parts that repeat, with the texts of one row."""

SPARE = 1
"""Empty rows to write in, beyond those that are filled."""

_TIMES = ("published_at", "updated_at")
_PLACES = {  # where BriefingData finds a mistake -> where the form shows it
    "analysis.plain_english": "plain_english",
    "analysis.root_causes": "root_causes",
    "image.url": "image_url",
    "image.alt": "image_alt",
    "first_reported_in.update": "first_update",
    "first_reported_in.title": "first_title",
    "first_reported_in.date": "first_date",
}

Row = dict[str, str]
Typed = dict[str, Any]
"""A form's texts and rows: ``{"texts": {name: text}, "rows": {name: [{key: text}]}}``."""


@dataclass
class BriefingForm:
    """What was typed, and what is wrong with it by place ("headline", "sources.0.url")."""

    topic: Topic
    texts: dict[str, str]
    rows: dict[str, list[Row]]
    before: BriefingData | None = None
    more: str = ""
    """The part that another row was asked for, by a page without scripts."""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def typed(self) -> Typed:
        """Everything that stands in the form, as JSON keeps it."""
        return {"texts": self.texts, "rows": self.rows}

    @property
    def minutes(self) -> int:
        """What its texts take to read."""
        parts = self._parts()
        parts.pop("read_minutes")
        return reading_minutes(parts)

    def says_the_same_as(self, other: "BriefingForm") -> bool:
        """Whether saving would make no difference between the two, spaces aside."""
        texts, theirs = _stripped(self.texts), _stripped(other.texts)
        return texts == theirs and self.rows == other.rows

    def read(self) -> BriefingData | None:
        """The briefing as typed; None when something is wrong, and ``errors`` says what."""
        self.errors = {}
        parts = self._parts()
        if not (self.texts["summary"].strip() or self.texts["body"].strip()):
            self.errors["summary"] = "Write a summary or a body; readers need one of them."
        try:
            made = BriefingData.model_validate(parts)
        except ValidationError as problem:
            for error in problem.errors(include_url=False):
                self.errors.setdefault(_place(error["loc"]), _said(error))
            return None
        if made.image and not made.image.alt and not self._had_no_alt(made.image):
            self.errors["image_alt"] = "Say what it shows, for those who don’t see it."
        return None if self.errors else made

    def lenient(self, now: dt.datetime) -> BriefingData:
        """What of it can be shown already, while it is being typed."""
        given = {"headline": "…", "published_at": now}
        parts = copy.deepcopy(_filled(self._parts()))
        parts["slug"] = self.before.slug if self.before else "new"
        while True:
            try:
                return BriefingData.model_validate(given | parts)
            except ValidationError as problem:
                wrong = {_whole(error["loc"]) for error in problem.errors(include_url=False)}
            for place in sorted(wrong, key=_last_first):
                _leave_out(parts, place)

    def _had_no_alt(self, image: Image) -> bool:
        """What came in without a text for its picture is no fault of who mends something else."""
        return bool(self.before and self.before.image == image)

    def shown_rows(self, name: str) -> list[Row]:
        """The filled rows of a part, and some empty ones to write in."""
        spare = SPARE + (name == self.more)
        return [*self.rows[name], *([dict.fromkeys(ROWS[name], "")] * spare)]

    def _parts(self) -> dict[str, Any]:
        texts = {name: text.strip() for name, text in self.texts.items()}
        slug = self.before.slug if self.before else slug_from(texts["headline"][: LINE + 1])
        parts: dict[str, Any] = {
            name: texts[name]
            for name in ("headline", "short_headline", "summary", "key_takeaway", "body")
        } | {name: texts[name] for name in ("tag", "status", "url")}
        parts |= {"slug": slug, "topic": self.topic.slug}
        parts |= {"extra": self.before.extra if self.before else {}}
        parts["sources"] = [_filled(row) for row in self.rows["sources"]]
        parts["perspectives"] = self.rows["perspectives"]
        parts["analysis"] = {
            "plain_english": texts["plain_english"],
            "root_causes": texts["root_causes"],
            "next": self.rows["next"],
        }
        parts |= _filled({"importance": texts["importance"]})
        if texts["image_url"] or texts["image_alt"]:
            parts["image"] = {"url": texts["image_url"], "alt": texts["image_alt"]}
        first = {name: texts[f"first_{name}"] for name in ("update", "title", "date")}
        if any(first.values()):
            parts["first_reported_in"] = _filled(first)
        parts |= {name: self._moment(name) for name in _TIMES if texts[name]}
        parts["read_minutes"] = texts["read_minutes"] or reading_minutes(parts)
        return parts

    def _moment(self, name: str) -> Any:
        """The moment typed in the topic's zone; unchanged text means the very same moment."""
        text = self.texts[name].strip()
        known = getattr(self.before, name) if self.before else None
        if known and text == _local(known, self.topic):
            return known
        try:
            return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.topic.zone))
        except ValueError:
            return text


def blank(topic: Topic, now: dt.datetime) -> BriefingForm:
    """An empty form, dated now."""
    texts = dict.fromkeys(PLAIN, "") | {"importance": "0"}
    texts["published_at"] = _local(now.replace(second=0, microsecond=0), topic)
    return BriefingForm(topic, texts, {name: [] for name in ROWS})


def of_data(topic: Topic, data: BriefingData) -> BriefingForm:
    """The form that says what the briefing says."""
    image, first = data.image, data.first_reported_in
    texts = {name: str(getattr(data, name, "") or "") for name in PLAIN} | {
        "importance": str(data.importance),
        "plain_english": data.analysis.plain_english,
        "root_causes": data.analysis.root_causes,
        "image_url": image.url if image else "",
        "image_alt": image.alt if image else "",
        "first_update": str(first.update) if first else "",
        "first_title": first.title if first else "",
        "first_date": str(first.date or "") if first else "",
    }
    for name in _TIMES:
        moment = getattr(data, name)
        texts[name] = _local(moment, topic) if moment else ""
    lists = {
        "sources": data.sources,
        "next": data.analysis.next,
        "perspectives": data.perspectives,
    }
    rows = {
        name: [{key: str(getattr(part, key) or "") for key in ROWS[name]} for part in parts]
        for name, parts in lists.items()
    }
    return BriefingForm(topic, texts, rows, before=data)


def of_post(topic: Topic, post: QueryDict, before: BriefingData | None) -> BriefingForm:
    """The form as it was sent; rows left empty are dropped.

    ``more`` asks a page without scripts for a row ("sources") or for something to be done with
    one ("sources.1.up").
    """
    texts = {name: post.get(name, "").replace("\r\n", "\n") for name in PLAIN}
    rows = {name: _rows(post, name, keys) for name, keys in ROWS.items()}
    more = post.get("more", "")
    name, _, rest = more.partition(".")
    if name in rows and rest:
        _rearrange(rows[name], rest)
    return BriefingForm(topic, texts, rows, before=before, more=more)


def of_typed(topic: Topic, typed: Typed, before: BriefingData | None) -> BriefingForm:
    """The form as it was left; parts that it did not have then are empty."""
    texts = dict.fromkeys(PLAIN, "") | typed["texts"]
    return BriefingForm(topic, texts, {name: typed["rows"].get(name, []) for name in ROWS}, before)


def _rearrange(rows: list[Row], asked: str) -> None:
    """Do what is asked with one row: "1.up", "1.down" or "1.remove"."""
    place, _, act = asked.partition(".")
    at = int(place) if place.isascii() and place.isdigit() and len(place) < 5 else len(rows)
    if at >= len(rows):
        return
    row = rows.pop(at)
    if act != "remove":
        rows.insert(max(0, at - 1) if act == "up" else at + 1, row)


def _rows(post: QueryDict, name: str, keys: Sequence[str]) -> list[Row]:
    columns = [post.getlist(f"{name}.{key}") for key in keys]
    rows = [
        {key: text.replace("\r\n", "\n").strip() for key, text in zip(keys, texts, strict=True)}
        for texts in zip(*columns, strict=False)
    ]
    return [row for row in rows if any(row.values())]


def _stripped(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in texts.items()}


def _whole(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The place of the row, or else of the part, that a mistake spoils."""
    at = next((at for at, key in enumerate(loc) if isinstance(key, int)), 0)
    return loc[: at + 1]


def _last_first(place: tuple[int | str, ...]) -> int:
    """Of a list the last row goes first, or the others would move up meanwhile."""
    return -max((key for key in place if isinstance(key, int)), default=-1)


def _leave_out(parts: dict[str, Any], place: tuple[int | str, ...]) -> None:
    holder: Any = parts
    for key in place[:-1]:
        holder = holder[key]
    del holder[place[-1]]


def _filled(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Without the empty texts, so that what may be absent is absent."""
    return {name: text for name, text in texts.items() if text}


def _local(moment: dt.datetime, topic: Topic) -> str:
    """As a ``datetime-local`` field has it, in the topic's zone."""
    local = moment.astimezone(ZoneInfo(topic.zone)).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def _place(loc: tuple[int | str, ...]) -> str:
    place = ".".join(map(str, loc)).removeprefix("analysis.next.")
    if loc[:2] == ("analysis", "next"):
        return f"next.{place}"
    return _PLACES.get(".".join(map(str, loc)), place)


_WORDS = {
    "int_parsing": "Write a whole number.",
    "int_parsing_size": "Write a smaller number.",
    "string_too_short": "This can’t be empty.",
    "too_short": "This can’t be empty.",
    "missing": "This can’t be empty.",
    "string_pattern_mismatch": "This has a line break or a character that can’t be shown.",
}


def _said(error: ErrorDetails) -> str:
    """The mistake as an editor reads it."""
    limits = error.get("ctx", {})
    kind = error["type"]
    if kind == "string_too_long":
        return f"This has {len(error['input']):,} characters; {limits['max_length']:,} fit."
    if kind in {"greater_than_equal", "less_than_equal"}:
        bound = "at least" if "ge" in limits else "at most"
        return f"Write a number of {bound} {limits.get('ge', limits.get('le'))}."
    if kind == "value_error":
        return f"“{str(error['input'])[:60]}” {limits['error']}."
    return _WORDS.get(kind, error["msg"])
