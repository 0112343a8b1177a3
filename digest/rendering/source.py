"""MJML source made safe for mrml, which was not written for hostile input.

mrml 6.0.1 prints attribute values in Rust's debug format: a backslash, a quote, a line
end, NBSP, soft hyphen or combining mark comes out broken or as an injection.  It drops a
line end that stands alone between two tags.  And some thousand nested tags overflow its stack.
"""

import html
import re

DEPTH = 50
"""Tags within tags; mrml dies at some thousand, our templates and prose need 25."""

SIZE = 300_000
"""Characters of source: three times what Gmail shows."""

# A tag whose quoted values may hold anything but quotes.  Text never holds a bare "<".
_TAG = re.compile(r'</?[a-zA-Z][^"<>]*(?:"[^"]*"[^"<>]*)*>')
_VALUE = re.compile(r'"([^"]*)"')
_UNSAFE = re.compile(r"[^A-Za-z0-9 _.,:;/#?=%+()@!*-]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_GAP = re.compile(r"(</(?:a|b|code|em|span|strong|sup)>)\s+(?=<(?:a|b|code|em|span|strong|sup)\b)")
_VOID = re.compile(r"<(?:br|hr|img|input|meta|wbr)\b")


def references(text: str) -> str:
    """Every character but plain letters, digits and safe punctuation as ``&#N;``.

    What begins like a comment gets a space: libxml2 would write it into the attribute as it is,
    and Outlook heeds a ``<!--[if`` wherever it stands.
    """
    text = text.replace("<!--", "<! --")
    return _UNSAFE.sub(lambda match: f"&#{ord(match[0])};", text)


def hardened(source: str) -> str:
    """The source with each attribute value, and each space between two words that are tags,
    spelled so that mrml prints it as it was."""
    return _GAP.sub(r"\1&#32;", _TAG.sub(_with_safe_values, source))


def printable(text: str) -> str:
    """The text without control characters and what else no XML or mail may hold."""
    return _UNPRINTABLE.sub("", text)


def depth(source: str) -> int:
    """How deep the tags nest."""
    now = deepest = 0
    for match in _TAG.finditer(source):
        tag = match[0]
        if tag[1] == "/":
            now -= 1
        elif not tag.endswith("/>") and not _VOID.match(tag):
            now += 1
            deepest = max(deepest, now)
    return deepest


def _with_safe_values(tag: re.Match[str]) -> str:
    return _VALUE.sub(lambda value: f'"{references(html.unescape(value[1]))}"', tag[0])
