"""A segment's rule in words: “tag is newsroom, and country is one of DE, AT”.

Pure, and of the checked tree alone: whatever ``rules.read`` takes has a sentence. A value that the
sentence could be mistaken about stands in quotes; what can't be printed is spelt out.
"""

import datetime as dt
import re
from typing import Any

from digest.errors import Refused
from subscribers import builder, rules
from subscribers.rules import Condition, Every, Node, Not, Some, Span

SHOWN = 8
"""Values of a list that are told one by one."""

_PLAIN = re.compile(r"[^\W_][\w.@/+-]*(?: [\w.@/+-]+)*")
_MANY = {"topic": "has {} topic", "tag": "has {} tag", "received": "got {} update"}
"""What has no single value: whether there is one."""
_ASKS = {meant: word for word, meant in builder.WORDS.items()}
_JOINED = {
    "is": "on",
    "before": "before",
    "after": "after",
    "at_least": "on or after",
    "at_most": "on or before",
    "exists": "at some time",
}


def in_words(rule: Any) -> str:
    """What the rule asks, without a full stop. Refused as ``rules.read`` refuses."""
    return _said(rules.read(rule), turned=False, inside=False)


def shown(rule: Any) -> str:
    """The same for a page, which also says it of a kept rule that can't be read any more."""
    try:
        return in_words(rule)
    except Refused as problem:
        return f"This rule can't be read: {problem}"


def _said(node: Node, *, turned: bool, inside: bool) -> str:
    """``turned``: the contrary; ``inside``: among others, where a list wants brackets."""
    match node:
        case Not(part):
            return _said(part, turned=not turned, inside=inside)
        case Every((part,)) | Some((part,)):
            return _said(part, turned=turned, inside=inside)
        case Every(parts) | Some(parts):
            joint = ", and " if isinstance(node, Every) else ", or "
            listed = joint.join(_said(part, turned=False, inside=True) for part in parts)
            if turned:
                return f"not ({listed})"
            return f"({listed})" if inside else listed
    return _condition(node, turned=turned)


def _condition(one: Condition, *, turned: bool) -> str:
    if one.field == "joined":
        did = "didn't join" if turned else "joined"
        return f"{did} {_JOINED[one.operator]}{_when(one.value)}"
    if one.field == "sample":
        return _sample(one, turned=turned)
    if one.operator == "exists" and one.field in _MANY:
        return _MANY[one.field].format("no" if turned else "a" if one.field != "received" else "an")
    subject = f"attribute {_quoted(one.name)}" if one.field == "attribute" else one.field
    if one.field == "received":
        did = "didn't get" if turned else "got"
        return f"{did} {'any of ' if len(one.value) > 1 else ''}{_listed(one.value)}"
    if one.operator == "exists":
        return f"{subject} {_ASKS['exists', turned]}"
    if one.operator == "in":
        several = "in" if len(one.value) > 1 else "is"
        return f"{subject} {_ASKS[several, turned]} {_listed(one.value)}"
    return f"{subject} {_ASKS[one.operator, turned]} {_value(one.value)}"


def _listed(values: tuple[Any, ...]) -> str:
    told = ", ".join(_value(value) for value in values[:SHOWN])
    more = len(values) - SHOWN
    return told + (f" and {more:,} more" if more > 0 else "")


def _value(value: Any) -> str:
    match value:
        case (slug, number):
            return f"{slug}/{number}"
        case float():
            return f"{value:.15g}"
        case dt.date():
            return value.isoformat()
    return _quoted(value)


def _quoted(text: str) -> str:
    """The text as it is where nobody can mistake it, else in quotes."""
    if _PLAIN.fullmatch(text):
        return text
    spelt = (c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return f"“{''.join(spelt)}”"


def _when(value: Span | bool) -> str:
    """A day, or a moment; with a blank before it."""
    if isinstance(value, bool):
        return ""
    if value.first == value.last:
        return f" {value.first.isoformat().replace('+00:00', 'Z')}"
    return f" {value.first.date().isoformat()}"


def _sample(one: Condition, *, turned: bool) -> str:
    """How the form calls it: halves A and B, or so many in a hundred."""
    first = one.operator == "before"
    share = one.value if first else 100 - one.value
    if one.value == 50:
        which = "half A" if first else "half B"
    else:
        which = f"the {'first' if first else 'last'} {share:.15g} %"
    return f"is {'not ' if turned else ''}in {which} of the sample {_quoted(one.name)}"


# ---- the place of a mistake ----------------------------------------------------------------------


def place(path: str) -> str:
    """A place as rules.Mistake has it, in words: ``all[1].not.field`` is “2nd part of all, what
    its not turns round, field”."""
    told = []
    for step in re.findall(r"[^.\[\]]+(?:\[\d+\])?", path):
        word, _, at = step.partition("[")
        if at:
            told.append(f"{_nth(int(at.rstrip(']')) + 1)} {_PARTS.get(word, 'value')} of {word}")
        else:
            told.append("what its not turns round" if word == "not" else word)
    return ", ".join(told) or "the rule"


_PARTS = {"all": "part", "any": "part"}


def _nth(number: int) -> str:
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"
