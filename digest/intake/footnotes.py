"""Plain text as Markdown, and the footnote marks that lost their shape in a copy.

On the page a mark is a raised link after a word; in the copy it is a bare number:
``… rather than as a spinout 1. Serrena …``.  Its note is not in the copy.
"""

import re

# A small number standing alone: a space before it, and after it the end or punctuation that
# belongs to no number ("2.0", "5-12", "2%", "1.5bn", "3,000" are none).
_END = r"[.,;:!?)\]”’\"']"
_LONE = re.compile(rf"(?<=\S) (?P<number>[1-9]\d?)(?=\n|$|{_END}(?!\d)| [1-9]\d?{_END})", re.ASCII)
_WORD = re.compile(r"(\w+)\W?$")
_BEFORE_A_NUMBER = """
    a about above after against all almost and are around article as at average before below between
    but by chapter channel class day episode exceeded factor figure for formula from gen grew group
    had has have hit in into is its item just least less level line more most nearly no number of on
    only or over page part per phase plus point q quarter rank ranked reached roughly round rule
    scored season section series stage step table than that the their these this to top total
    totalled under until up update version vol volume was week were with year
    january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec
"""  # then it is one of the sentence's own: "in Article 5.", "rose to 2,", "on May 1."
_TAKES_A_NUMBER = frozenset(_BEFORE_A_NUMBER.split())


_MEANS_SOMETHING = re.compile(
    r"[\\`*<]|\[(?!\^\d)|(?<!\w)_|_(?!\w)|~~|&(?=#?\w+;)"  # anywhere; [^1] is a mark already
    r"|^(?:#|[+>-](?=\s)|=|\d+(?=[.)]\s))",  # at the beginning of a line
    re.MULTILINE,
)


def as_markdown(text: str) -> str:
    """Plain text so that Markdown shows just that: `5 * 3` stays a product."""
    return _MEANS_SOMETHING.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    # A number at the beginning of a line makes a list by the mark after it.
    return match[0] + "\\" if match[0].isdigit() else "\\" + match[0]


def with_marks(body: str) -> str:
    """The body with its bare footnote numbers as Markdown marks, ``[^1]``, ``[^2]``, ….

    Only numbers that come in rising order from 1 are taken; marks that are
    already Markdown stay, and then bare numbers are left alone.
    """
    if "[^" in body:
        return body
    expected, pieces, done = 1, [], 0
    for match in _LONE.finditer(body):
        if int(match["number"]) == expected and not _belongs(body, match.start(), done):
            pieces += [body[done : match.start()], f"[^{expected}]"]
            expected, done = expected + 1, match.end()
    return "".join([*pieces, body[done:]])


def _belongs(body: str, position: int, last_mark: int) -> bool:
    """Whether the number after ``position`` is part of its sentence, not a mark."""
    before = body[max(last_mark, position - 40) : position]
    word = _WORD.search(before)
    if word is None:
        return bool(before) and before[-1] not in '.!?"”’)»,;:'
    singular = word[1].lower().removesuffix("s")
    return word[1].lower() in _TAKES_A_NUMBER or singular in _TAKES_A_NUMBER
