"""Markdown to sanitised HTML and to plain text, footnotes kept in both.

CommonMark with ``[^1]`` footnotes; raw HTML is printed as text, pictures become links.
Bounded: what holds more markup than people write is shown as plain text, and the
time grows with the length alone (marks are looked for in a few characters only).
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_ref

from digest.parts import Part

MARKUP = 4_000
"""Characters with a meaning in Markdown; a long article has some hundred. At 20 µs each
the parser stays under a tenth of a second."""

LINES = 2_000
"""Lines of Markdown; a block costs the parser about 50 µs."""

NESTING = 20
"""Levels of quotes and lists (two for a list) at which the parser stops; it also tries each
bracket so often."""

_MARK = re.compile(r"\[\^[^\s\[\]]{1,60}\]")
_SPECIAL = "[]*_`<\\&~^#"
_ITEM = re.compile(r"\n\s*\n")
_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")
_FRAME = {"footnote_block_open", "footnote_close", "footnote_anchor", "footnote_block_close"}
_TAGS = {
    *("p", "br", "em", "strong", "a", "sup", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "h3", "h4", "hr"),
}
_ATTRIBUTES = {"a": {"href", "id", "name"}, "ol": {"start"}}


class Note(Part):
    """A footnote: ``anchor`` is its place, ``back`` that of its mark in the text."""

    number: int
    anchor: str
    back: str
    html: str
    text: str


class Prose(Part):
    """Markdown, rendered.

    ``text`` names footnotes and then ``links`` by numbers in brackets, counted on
    through both; ``bare`` are the numbers of marks whose note is missing.
    """

    html: str
    text: str
    notes: tuple[Note, ...] = ()
    links: tuple[tuple[int, str], ...] = ()
    bare: tuple[int, ...] = ()


def render(source: str, anchor: str) -> Prose:
    """The prose of a Markdown text; ``anchor`` begins its ids, so that they stay unique."""
    if _is_beyond_people(source):
        return _as_it_is(source)
    env: EnvType = {"anchor": anchor}
    tokens = _PARSER.parse(source, env)
    if any(token.level >= NESTING - 2 for token in tokens):
        return _as_it_is(source)
    main, notes = _parted(tokens)
    marks = env.get("footnotes", {}).get("list", {})
    env["noted"] = {number for number, content in notes.items() if content}
    writer = _Writer(first_link=len(marks) + 1)
    return Prose(
        html=sanitised(_PARSER.renderer.render(main, _PARSER.options, env)),
        text=writer.blocks(main),
        notes=tuple(_note(number, notes[number], env) for number in sorted(env["noted"])),
        links=tuple((number, url) for url, number in writer.links.items()),
        bare=tuple(number for number in sorted(notes) if number not in env["noted"]),
    )


def render_plainly(source: str, anchor: str) -> Prose:
    """The same, of paragraphs and links alone; other marks are printed as they were typed."""
    if _is_beyond_people(source):
        return _as_it_is(source)
    env: EnvType = {"anchor": anchor}
    tokens = _PLAIN_PARSER.parse(source, env)
    writer = _Writer(first_link=1)
    return Prose(
        html=sanitised(_PLAIN_PARSER.renderer.render(tokens, _PLAIN_PARSER.options, env)),
        text=writer.blocks(tokens),
        links=tuple((number, url) for url, number in writer.links.items()),
    )


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a plain text: parted by empty lines, each on one line."""
    return [one_line(part) for part in _ITEM.split(text) if part.strip()]


def one_line(text: str) -> str:
    """The same with one space between two words; one that must not break stays as it is."""
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """What a line may be broken between, hence with the spaces that must not break."""
    return [word for word in _SPACES.split(text) if word]


def sanitised(html: str) -> str:
    """Nothing but the tags that prose needs, and links to the web, to mail and to notes."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


# ---- bounds ------------------------------------------------------------------------


def _is_beyond_people(source: str) -> bool:
    return source.count("\n") > LINES or sum(map(source.count, _SPECIAL)) > MARKUP


def _as_it_is(source: str) -> Prose:
    parts = paragraphs(source)
    return Prose(
        html="\n".join(f"<p>{escape(part, quote=False)}</p>" for part in parts),
        text="\n\n".join(parts),
    )


def _bounded_mark(state: StateInline, silent: bool) -> bool:
    """The plugin's rule looks for a mark's end in all of the text, from each ``[^``."""
    return bool(_MARK.match(state.src, state.pos)) and footnote_ref(
        state, silent, always_match=True
    )


# ---- HTML --------------------------------------------------------------------------


def _mark(
    _self: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType
) -> str:
    number = tokens[at].meta["id"] + 1
    if number not in env["noted"]:
        return f"<sup>{number}</sup>"
    again = tokens[at].meta["subId"]
    anchor, back = _anchors(env, number)
    own = "" if again else f' id="{back}" name="{back}"'
    return f'<sup><a href="#{anchor}"{own}>{number}</a></sup>'


def _heading(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """The story's headline is the second level, so its own headings begin at the third."""
    tokens[at].tag = "h3" if tokens[at].tag in {"h1", "h2", "h3"} else "h4"
    return self.renderToken(tokens, at, options, env)


def _picture(
    _self: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType
) -> str:
    """A link in words: pictures in mails are fetched from elsewhere, and tell on readers."""
    url = str(tokens[at].attrGet("src") or "")
    return f'<a href="{escapeHtml(url)}">{escapeHtml(tokens[at].content or url)}</a>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING})
    parser.use(footnote_plugin, inline=False, always_match_refs=True)
    parser.inline.ruler.at("footnote_ref", _bounded_mark)
    parser.add_render_rule("footnote_ref", _mark)
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    parser.add_render_rule("image", _picture)
    return parser


def _parted(tokens: Sequence[Token]) -> tuple[list[Token], dict[int, list[Token]]]:
    """The text's tokens, and those of each note by its number; none where it is missing."""
    main: list[Token] = []
    notes: dict[int, list[Token]] = {}
    into = main
    for token in tokens:
        if token.type == "footnote_open":
            into = notes.setdefault(token.meta["id"] + 1, [])
        elif token.type not in _FRAME:
            into.append(token)
    return main, notes


def _note(number: int, tokens: list[Token], env: EnvType) -> Note:
    anchor, back = _anchors(env, number)
    if [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]:
        html = _PARSER.renderer.render(tokens[1:2], _PARSER.options, env)
    else:
        html = _PARSER.renderer.render(tokens, _PARSER.options, env)
    text = _Writer(first_link=None).blocks(tokens)
    return Note(number=number, anchor=anchor, back=back, html=sanitised(html), text=text)


def _anchors(env: EnvType, number: int) -> tuple[str, str]:
    return f"{env['anchor']}-n{number}", f"{env['anchor']}-m{number}"


# ---- text --------------------------------------------------------------------------


class _Writer:
    """Writes tokens as text; links are numbered from ``first_link``, or written out if None."""

    def __init__(self, first_link: int | None) -> None:
        self.first_link = first_link
        self.links: dict[str, int] = {}

    def blocks(self, tokens: Sequence[Token]) -> str:
        """Blocks parted by empty lines, items of a tight list by line ends."""
        written = ""
        was_tight = False
        for text, tight in self._each_block(tokens):
            if written:
                written += "\n" if tight and was_tight else "\n\n"
            written += text
            was_tight = tight
        return written

    def _each_block(self, tokens: Sequence[Token]) -> Iterator[tuple[str, bool]]:
        lead: list[str] = []  # what stands before a block: "> ", "- ", "3. " or spaces
        counts: list[int | None] = []
        tight = False
        for token in tokens:
            kind = token.type
            if kind == "blockquote_open":
                lead.append("> ")
            elif kind in {"bullet_list_open", "ordered_list_open"}:
                counts.append(int(token.attrGet("start") or 1) if token.tag == "ol" else None)
            elif kind in {"bullet_list_close", "ordered_list_close"}:
                counts.pop()
            elif kind == "list_item_open":
                count = counts[-1]
                lead.append("- " if count is None else f"{count}. ")
                counts[-1] = None if count is None else count + 1
            elif kind in {"blockquote_close", "list_item_close"}:
                lead.pop()
            elif kind == "paragraph_open":
                tight = token.hidden
            elif text := self._block(token):
                yield "".join(lead) + text, tight and bool(counts)
                lead = ["> " if part == "> " else " " * len(part) for part in lead]

    def _block(self, token: Token) -> str:
        if token.type == "inline":
            return self._line(token.children or [])
        if token.type in {"fence", "code_block"}:
            return "\n".join(f"    {line}" for line in token.content.rstrip("\n").split("\n"))
        return "* * *" if token.type == "hr" else ""

    def _line(self, tokens: Sequence[Token]) -> str:
        said: list[str] = []
        opened: list[tuple[str, int]] = []
        for token in tokens:
            if token.type == "footnote_ref":
                said.append(f" [{token.meta['id'] + 1}]")
            elif token.type == "link_open":
                opened.append((str(token.attrGet("href") or ""), len(said)))
            elif token.type == "link_close":
                url, begun = opened.pop()
                said.append(self._named(url, "".join(said[begun:])))
            elif token.type == "image":
                said.append(token.content + self._named(str(token.attrGet("src") or ""), ""))
            elif token.type in {"softbreak", "hardbreak"}:
                said.append(" ")
            else:
                said.append(token.content)
        return one_line("".join(said))

    def _named(self, url: str, words: str) -> str:
        """What follows a link's words: its number or, in notes, the address itself."""
        if not url or words == url or url == f"mailto:{words}":
            return ""
        if self.first_link is None:
            return f" ({url})"
        return f" [{self.links.setdefault(url, self.first_link + len(self.links))}]"


_PARSER = _parser()
_PLAIN_PARSER = MarkdownIt("zero", {"html": False}).enable(["link", "newline", "escape", "entity"])
