"""Whether every link is finished and leads somewhere from a mail."""

import html
import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from digest.checks.findings import Context, Finding, Level, stories, texts
from digest.rendering.markup import Prose
from digest.rendering.rendered import RenderedEmail
from digest.rendering.tokens import tokens
from digest.rendering.view import EmailView, StoryView

NAME = "links"
FINE = "All links are complete."
_HREF = re.compile(r'<a\b[^<>]*?\shref="([^"]*)"')
_PLACEHOLDER = re.compile(
    r"\{\{|\}\}|%[A-Z_]{2,30}%|\*\|[A-Z_]{2,30}\|\*|\b(?:TODO|TKTK|FIXME)\b|\b(?:insert|your)[-_](?:link|url)\b",
)
_UNFINISHED = re.compile(r"https?://(?![^\s)\],.;\"'<>…])")


def check(view: EmailView, email: RenderedEmail, context: Context) -> Iterator[Finding]:
    """Blocks on a link that can't be followed; warns of two names for one page."""
    named: set[str] = set()
    for slug, text, url in _links(view):
        if why := _wrong(url, context):
            named.add(url)
            yield _finding(url, why).at(slug, text)
    for slug, part, text in texts(view):
        if _UNFINISHED.search(text):
            yield _finding("https://", f"stands unfinished in the {part}").at(slug, part)
    yield from _inside(email, named)
    for story in stories(view):
        yield from _twice(story)


def outward(view: EmailView) -> dict[str, str]:
    """Each link to the web that is not to our own pages, once, with a story that has it."""
    ours = f"{view.imprint.base_url}/"
    found: dict[str, str] = {}
    for slug, _, url in _links(view):
        if url.startswith(("http://", "https://")) and not url.startswith(ours):
            found.setdefault(url, slug)
    return found


def _twice(story: StoryView) -> Iterator[Finding]:
    """Sources that are named apart and are one page: one of the two links is a slip."""
    names: dict[str, str] = {}
    for source in story.sources:
        first = names.setdefault(source.url, source.name) if source.url else source.name
        if first != source.name:
            yield Finding(
                NAME,
                Level.WARN,
                f"“{first}” and “{source.name}” lead to one page, “{_shown(source.url)}”.",
                "Give each source its own link, or name it once.",
            ).at(story.slug, "sources")


def _links(view: EmailView) -> Iterator[tuple[str, str, str]]:
    """Each link with the slug of its story and the text that it is in, as ``texts`` names it."""
    yield "", "", view.web_url
    if view.note:
        yield from (("", "note", url) for url in _prose_links(view.note))
    if view.partner:
        yield "", "partner block", view.partner.url
        yield from (("", "partner block", url) for url in _prose_links(view.partner.text))
    ours = view.imprint.base_url  # said once, of the mail's own page
    for story in stories(view):
        first = {url: text for text, url in reversed(list(_story_links(story)))}
        for url, text in reversed(first.items()):
            if not url.startswith(f"{ours}/"):
                yield story.slug, text, url


def _story_links(story: StoryView) -> Iterator[tuple[str, str]]:
    yield "url", story.url
    if story.body:
        yield from (("body", url) for url in _prose_links(story.body))
    yield from (("sources", source.url) for source in story.sources if source.url)
    if story.image:
        yield "image_url", story.image.url


def _prose_links(prose: Prose) -> Iterator[str]:
    """Those of the text first: a link that is no address at all is cleaned out of the HTML."""
    yield from (url for _, url in prose.links)
    for part in (prose.html, *(note.html for note in prose.notes)):
        yield from (url for url in _hrefs(part) if not url.startswith("#"))


def _inside(email: RenderedEmail, named: set[str]) -> Iterator[Finding]:
    """Links in the finished mail: places in it, and whatever the view's links missed."""
    places = set(re.findall(r' id="([^"]*)"', email.html))
    personal = tokens(email.nonce)
    for url in set(_hrefs(email.html)) - named:
        if url.startswith("#") and url[1:] not in places:
            yield _finding(url, "leads to a place that is not in the mail")
        elif not url.startswith("#") and not url.startswith(tuple(personal)) and _wrong(url, None):
            yield _finding(url, str(_wrong(url, None)))


def _hrefs(content: str) -> list[str]:
    return [html.unescape(url) for url in _HREF.findall(content)]


def _wrong(url: str, context: Context | None) -> str:
    """Why a link can't be followed; empty when it can."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "is no address"
    if re.search(r"\s", url):
        return "holds a space"
    if _PLACEHOLDER.search(url):
        return "holds a placeholder that nobody filled in"
    if parts.scheme == "mailto":
        return "" if "@" in parts.path else "names no mailbox"
    if parts.scheme not in {"http", "https"}:
        return "is no address of the web: it leads nowhere from a mail"
    if not host or ("." not in host and host != "localhost" and ":" not in host):
        return "is unfinished"
    if context and not context.relay_on_loopback and _is_local(host):
        return "leads to this machine, which readers can't reach (see BASE_URL)"
    return ""


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _finding(url: str, why: str) -> Finding:
    return Finding(NAME, Level.BLOCK, f"“{_shown(url)}” {why}.", "Complete the link, or remove it.")


def _shown(url: str) -> str:
    return url if len(url) <= 80 else f"{url[:79]}…"
