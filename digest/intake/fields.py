"""From a mapping of the contract's "Briefing JSON" to a checked briefing.

Every reader ends here, so the rules stand once: what is required, what is worked
out when absent, what is kept of unknown keys, and how a mistake is told.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from digest.intake.outcomes import Unfit, shown
from digest.intake.slugs import slug_from
from digest.parts import LINE, BriefingData

WORDS_A_MINUTE = 238  # silent reading of English non-fiction (Brysbaert 2019)
MOST = 4  # mistakes told of one briefing
DEEPEST = 20  # levels of lists and objects in one briefing; honest ones need five
_READ = ("headline", "summary", "key_takeaway", "body", "analysis", "perspectives")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

_MISSING = {
    "published_at": "no published_at: add when it was published, e.g. 2026-05-15T09:00:00Z",
    "topic": "no topic: name it with --topic, or as topic in the briefing",
}
_FORMS = {
    "slug": "may have only a–z, 0–9 and single hyphens, e.g. netflix-confirms-inkubator",
    "topic": "may have only a–z, 0–9 and single hyphens, e.g. medias-ai-pivot",
}


def briefing_from(
    given: Mapping[str, Any], topic: str | None = None
) -> tuple[BriefingData, tuple[str, ...]]:
    """The briefing that a mapping describes, and warnings about it.

    ``topic`` wins over the mapping's own.  Raises Unfit with the mistakes found.
    """
    measure(given)
    fields = without_nulls(given)
    warnings = _settle_topic(fields, topic) + _settle_name(fields)
    fields.setdefault("read_minutes", reading_minutes(fields))
    missing = []
    if "slug" not in fields:
        missing.append("no headline and no slug: add one of them")
    if not (_text(fields, "summary") or _text(fields, "body")):
        missing.append("no summary and no body: add one of them")
    briefing, mistakes = _checked(fields, warnings)
    if briefing is None or missing:
        raise Unfit("; ".join(missing + mistakes))
    return briefing, tuple(warnings)


def reading_minutes(fields: Mapping[str, Any]) -> int:
    """Whole minutes that all the texts of a briefing take to read, at least one.

    Scripts without spaces count two characters as a word.
    """
    words = 0
    for text in _texts([fields.get(part) for part in _READ]):
        characters = len(_UNSPACED.findall(text))
        words += len(_UNSPACED.sub(" ", text).split()) + characters // 2
    return min(600, max(1, round(words / WORDS_A_MINUTE)))


def measure(value: Any) -> None:
    """Refuse what the database couldn't keep or would recurse over too deeply.

    Walks with its own stack: a value nested thousands deep must not end the process.
    """
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > DEEPEST:
            raise Unfit(f"nested more than {DEEPEST} levels deep")
        if isinstance(item, dict):
            waiting += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list):
            waiting += [(part, depth + 1) for part in item]
        elif isinstance(item, str) and ("\0" in item or not _is_unicode(item)):
            raise Unfit(f"{shown(item)} holds a NUL or half a character")
        elif isinstance(item, float) and not math.isfinite(item):
            raise Unfit("a number is too large")


def without_nulls(given: Mapping[str, Any]) -> dict[str, Any]:
    """A copy in which what is null is absent, also inside; the given one stays as it is."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): clean(part) for key, part in value.items() if part is not None}
        return [clean(part) for part in value] if isinstance(value, list) else value

    return {str(key): clean(part) for key, part in given.items() if part is not None}


def _settle_topic(fields: dict[str, Any], topic: str | None) -> list[str]:
    own = _text(fields, "topic")
    if not topic:
        return []
    fields["topic"] = topic
    if own and own != topic:
        return [f"topic {shown(own)} in the input, loaded into {topic} as asked"]
    return []


def _settle_name(fields: dict[str, Any]) -> list[str]:
    """Slug from headline, or headline from slug; neither is invented from anything else."""
    slug, headline = _text(fields, "slug"), _text(fields, "headline")
    if headline and "slug" not in fields:
        fields["slug"] = slug_from(headline[: LINE + 1])
    elif slug and "headline" not in fields:
        fields["headline"] = slug.replace("-", " ").capitalize()
        return ["no headline: made from the slug"]
    return []


def _checked(fields: dict[str, Any], warnings: list[str]) -> tuple[BriefingData | None, list[str]]:
    """The briefing or its mistakes in words; unknown keys go to ``extra``, with a warning."""
    try:
        return BriefingData.model_validate(fields), []
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    mistakes = [
        _mistake(dict(error))
        for error in errors
        if error["type"] != "extra_forbidden" and not _is_told_elsewhere(dict(error))
    ]
    if mistakes or not unknown:
        return None, mistakes[:MOST] + [f"and {len(mistakes) - MOST} more"][: len(mistakes) > MOST]
    warnings += _set_aside(fields, unknown)
    return _checked(fields, warnings)


def _is_told_elsewhere(error: dict[str, Any]) -> bool:
    return error["type"] == "missing" and error["loc"] in {("slug",), ("headline",)}


def _set_aside(fields: dict[str, Any], unknown: list[tuple[int | str, ...]]) -> list[str]:
    """Move unknown keys into ``extra``, those inside a part under their dotted place."""
    extra = fields.setdefault("extra", {})
    for place in unknown:
        holder: Any = fields
        for step in place[:-1]:
            holder = holder[step]
        extra[".".join(map(str, place))] = holder.pop(place[-1])
    names = {".".join(step for step in place if isinstance(step, str)) for place in unknown}
    return [f"unknown key {shown(name)}: kept under extra" for name in sorted(names)]


def _mistake(error: dict[str, Any]) -> str:
    place = ".".join(map(str, error["loc"]))
    field, kind, limits = str(error["loc"][0]), error["type"], error.get("ctx", {})
    value = error["input"]
    if kind == "missing":
        return _MISSING.get(place, f"no {place}")
    if kind == "string_too_long":
        return f"{place} has {len(value):,} characters, at most {limits['max_length']:,} may be"
    if kind in {"string_too_short", "too_short"}:
        return f"{place} is empty"
    if kind == "string_pattern_mismatch" and place in _FORMS:
        return f"{place} {shown(value)} {_FORMS[field]}"
    if kind == "string_pattern_mismatch":
        return f"{place} has a line break or control character: {shown(value)}"
    if kind == "value_error":
        return f"{place} {shown(value)} {limits['error']}"
    if kind == "greater_than_equal":
        return f"{place} is {shown(value)}, at least {limits['ge']} is needed"
    if kind == "less_than_equal":
        return f"{place} is {shown(value)}, at most {limits['le']} may be"
    return f"{place}: {_EXPECTED.get(kind, error['msg'])}, not {_kind_of(value)}"


_EXPECTED = {
    "string_type": "expected text",
    "tuple_type": "expected a list",
    "model_type": "expected an object with its parts named",
    "dict_type": "expected an object",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "int_parsing_size": "expected a smaller number",
}


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else shown(value)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    return value.strip() if isinstance(value, str) else ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
