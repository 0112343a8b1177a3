"""A briefing from Markdown with YAML front matter: the parts above, the body below.

The front matter takes the names of the contract's "Briefing JSON".  Of YAML only
lists, mappings and text are taken: a headline `No` stays "No", a time stays as it
was written, and aliases, tags and keys given twice are refused.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import yaml

from digest.intake.fields import briefing_from
from digest.intake.outcomes import Accepted, Outcome, Rejected, Unfit, shown

FRONT_MATTER = 64_000  # characters; YAML is read slowly, and a body doesn't belong in it
BRACKETS = 500  # YAML looks for a key in front of each open one, again at each further one
_FIRST_LINE = 2  # of the source, where YAML's own count says 0
_NULL = "tag:yaml.org,2002:null"
_TAGS = {_NULL, *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))}
_FENCE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_TITLE = re.compile(r"^#[ \t]+(.+)$", re.MULTILINE)
_CODE = re.compile(r"^(```|~~~).*?(?:^\1|\Z)", re.MULTILINE | re.DOTALL)


def read_markdown(text: str, source: str, topic: str | None = None) -> Iterator[Outcome]:
    """The one outcome of a Markdown text; its body keeps its footnotes."""
    try:
        fields, body, body_line = _parted(text.replace("\r\n", "\n").replace("\r", "\n"))
        _add_body(fields, body, body_line)
        briefing, warnings = briefing_from(fields, topic)
    except Unfit as problem:
        yield Rejected(source, problem.line or 1, problem.why)
    else:
        yield Accepted(source, 1, briefing, warnings)


def _parted(text: str) -> tuple[dict[str, Any], str, int]:
    """The front matter's fields, the body, and the line on which the body begins."""
    opening = text.index("\n") + 1
    closing = _FENCE.search(text, opening, opening + FRONT_MATTER)
    if not closing:
        raise Unfit("the front matter has no end: close it, within 64 kB, with a line of ---")
    fields = _yaml(text[opening : closing.start()])
    if not isinstance(fields, dict):
        raise Unfit("the front matter names no parts: write for example headline: …")
    return fields, text[closing.end() :], 1 + text.count("\n", 0, closing.end())


def _add_body(fields: dict[str, Any], body: str, line: int) -> None:
    """Put the body in, its own title told apart from the story."""
    found = list(islice(_TITLE.finditer(_CODE.sub(_blank, body)), 2))
    if found and not body[: found[0].start()].strip():
        titles = [_plain_title(match[1]) for match in found]
        own = fields.get("headline")
        rivals = titles if own is None else [str(own).strip(), titles[0]]
        if len(rivals) > 1 and rivals[0] != rivals[1]:
            where = line + body.count("\n", 0, found[0 if own is not None else 1].start())
            raise Unfit(f"two headlines: {shown(rivals[0])} and {shown(rivals[1])}", where)
        fields["headline"] = titles[0]
        body = body[found[0].end() :]
    if body.strip():
        if fields.get("body"):
            raise Unfit("two bodies: one in the front matter, one below it", line)
        fields["body"] = body.strip("\n")


def _plain_title(title: str) -> str:
    """Without the closing hashes that Markdown allows (CommonMark 4.2)."""
    return title.strip().rstrip("#").strip() if " #" in title else title.strip()


def _blank(code: re.Match[str]) -> str:
    """As many characters without a heading in them, so that positions stay."""
    return re.sub(r"[^\n]", " ", code[0])


class _Plain(yaml.SafeLoader):
    """Takes every scalar as the text it is, but for YAML's spellings of nothing."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] == _NULL]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _yaml(text: str) -> Any:
    if text.count("[") + text.count("{") > BRACKETS:
        raise Unfit(f"more than {BRACKETS} brackets in the front matter: put each item on a line")
    try:
        return _value(_Plain(text).get_single_node(), set())
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        why = f"broken front matter: {problem.problem or problem.context}"
        raise Unfit(why, mark.line + _FIRST_LINE if mark else None) from None
    except yaml.reader.ReaderError as problem:
        raise Unfit(f"a control character in the front matter: {problem.reason}") from None
    except RecursionError:
        raise Unfit("nested too deep") from None


def _value(node: yaml.Node | None, seen: set[int]) -> Any:
    """What a node of YAML says; each may be met once, so nothing is shared or endless."""
    if node is None:
        return None
    line = node.start_mark.line + _FIRST_LINE
    if id(node) in seen:
        raise Unfit("an alias (*name) in the front matter: write the value out", line)
    seen.add(id(node))
    if node.tag not in _TAGS:
        raise Unfit(f"the tag {shown(node.tag)} in the front matter: only plain values", line)
    if isinstance(node, yaml.SequenceNode):
        return [_value(part, seen) for part in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, seen)
    return None if node.tag == _NULL else node.value


def _mapping(node: yaml.MappingNode, seen: set[int]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, part in node.value:
        line = key.start_mark.line + _FIRST_LINE
        if not isinstance(key, yaml.ScalarNode):
            raise Unfit("a key in the front matter is no word", line)
        if key.value in kept:
            twice = f"{shown(key.value)} is given twice"
            raise Unfit("two headlines" if key.value == "headline" else twice, line)
        kept[key.value] = _value(part, seen)
    return kept
