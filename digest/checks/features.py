"""What an HTML mail is made of, by the names that caniemail.com gives features."""

import functools
import re

_OLD = """
    a b br em font i meta sub sup tbody thead tfoot td th title tr u s html head o:p
    border clear color font-family font-style text-size-adjust
"""
EVERYWHERE = frozenset(_OLD.split())
"""Tags and properties older than any mail program, of which caniemail keeps no record."""

_SEMANTICS = """
    article aside details figcaption figure footer header main mark nav section summary time
"""
_TOLD_OF = """
    align aria-describedby aria-hidden aria-label aria-labelledby background cellpadding
    cellspacing dir height hidden lang loading role srcset target valign width
"""
_ATTRIBUTES = frozenset(_TOLD_OF.split())
_FOLDED = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "li", "dl", "dt", "dd"), "html-lists"),
    **dict.fromkeys(_SEMANTICS.split(), "html-semantics"),
}
_FAMILY = re.compile(
    r"(border|margin|padding)-(?!collapse|image|radius|spacing|inline|block)[a-z-]+"
    r"|(border-)(?:[a-z]+-){2}(radius)"
)
_NOT_SHOWN = re.compile(r"<!--.*?-->", re.DOTALL)
_SHEET = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_TAG = re.compile(r"<([a-z][a-z0-9:]*)((?:\s[^<>]*)?)>")
_ATTRIBUTE = re.compile(r"""\s([a-z:-]+)=("[^"]*"|'[^']*')""")
_RULE = re.compile(r"([^{}]*)\{([^{}]*)")
_AT_HEAD = re.compile(r"@[a-z-]+[^{};]*\{(?=[^{}]*\{)")  # what goes around rules
_IMAGE = re.compile(r'<img[^>]*\ssrc="[^"?#]*\.([a-z]{3,4})["?#]')
_UNIT = re.compile(r"(?<![\w#.-])[\d.]+(r?em|ex|ch|vh|vw|vmin|vmax|cm|mm|in|pc|px|%)")
_SELECTORS = {
    ">": "css-selector-child",
    "+": "css-selector-adjacent-sibling",
    "~": "css-selector-general-sibling",
    "[": "css-selector-attribute",
    "*": "css-selector-universal",
    "#": "css-selector-id",
    ".": "css-selector-class",
}
_FUNCTIONS = {
    "calc(": "css-unit-calc",
    "var(": "css-variables",
    "rgba(": "css-rgba",
    "rgb(": "css-rgb",
    "light-dark(": "css-function-light-dark",
    "linear-gradient(": "css-linear-gradient",
    "url(": "css-background-image",
    "clamp(": "css-function-clamp",
    "min(": "css-function-min",
    "max(": "css-function-max",
}


def used(content: str) -> set[str]:
    """What the HTML is made of, by caniemail's names; ``html-x`` or ``css-x`` for others."""
    content = _NOT_SHOWN.sub("", content)
    found = {"html-doctype"} if content.startswith("<!DOCTYPE") else set()
    found |= {f"image-{kind.replace('jpeg', 'jpg')}" for kind in _IMAGE.findall(content)}
    if 'href="#' in content:
        found.add("html-anchor-links")
    if 'href="mailto:' in content:
        found.add("html-mailto-links")
    if 'name="color-scheme"' in content:
        found.add("html-meta-color-scheme")
    sheets = "".join(_SHEET.findall(content))
    return found | _of_markup(_SHEET.sub("<style>", content)) | _of_sheets(sheets)


def _of_markup(content: str) -> set[str]:
    tags = set(_TAG.findall(content))
    found = {_FOLDED.get(tag, f"html-{tag}") for tag, _ in tags if tag not in EVERYWHERE}
    said = {pair for _, rest in tags for pair in _ATTRIBUTE.findall(rest)}
    found |= {f"html-{name}" for name, _ in said if name in _ATTRIBUTES}
    for name, value in said:
        if name == "style":
            found |= _of_declarations(value[1:-1])
    return found


def _of_sheets(sheets: str) -> set[str]:
    found = {f"css-at-{name}" for name in re.findall(r"@([a-z-]+)", sheets)}
    if "prefers-color-scheme" in sheets:
        found.add("css-at-media-prefers-color-scheme")
    if "/*" in sheets:
        found.add("css-comments")
    for selectors, declarations in _RULE.findall(_AT_HEAD.sub("", sheets)):
        found |= _of_selectors(" ".join(selectors.strip("} \n").split()))
        found |= _of_declarations(declarations)
    return found


def _of_selectors(selectors: str) -> set[str]:
    found = {slug for mark, slug in _SELECTORS.items() if mark in selectors}
    found |= {f"css-pseudo-element-{name}" for name in re.findall(r"::([a-z-]+)", selectors)}
    found |= {f"css-pseudo-class-{name}" for name in re.findall(r"(?<!:):([a-z-]+)", selectors)}
    if "," in selectors:
        found.add("css-selector-grouping")
    if re.search(r"[\w\]] +[\w.\[#]", selectors):
        found.add("css-selector-descendant")
    if re.search(r"\w\.[\w-]+\.|[\w-]\.\w", selectors):
        found.add("css-selector-chaining")
    if re.search(r"(?:^|[\s,>])[a-z]", selectors):
        found.add("css-selector-type")
    return found


@functools.lru_cache(maxsize=512)
def _of_declarations(declarations: str) -> frozenset[str]:
    found = {
        slug
        for call, slug in _FUNCTIONS.items()
        if re.search(rf"\b{re.escape(call)}", declarations)
    }
    found |= {f"css-unit-{unit.replace('%', 'percent')}" for unit in _UNIT.findall(declarations)}
    if "!important" in declarations:
        found.add("css-important")
    for one in declarations.split(";"):
        name, _, value = one.partition(":")
        name, value = name.strip().lower(), value.replace("!important", "").strip().lower()
        if name.startswith(("-", "mso-")) or not name or name in EVERYWHERE:
            continue  # a prefixed property is meant for one program alone
        family = _FAMILY.fullmatch(name)
        found.add(f"css-{''.join(filter(None, family.groups())) if family else name}")
        if name == "display" and value in {"none", "flex", "grid"}:
            found.add(f"css-display-{value}")
    return frozenset(found)
