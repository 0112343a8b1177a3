"""Whether Gmail shows the whole mail, and what of it weighs most."""

import html
from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, Place, stories
from digest.checks.links import outward
from digest.clicks.models import KEY
from digest.rendering.rendered import GMAIL_CLIPS, RenderedEmail
from digest.rendering.view import EmailView

NAME = "weight"
_PERSONAL = 1024  # bytes that a reader's own links may add
_NEAR = 0.9
_NAMED = 6  # sections that are named one by one
_STYLES, _OPENING, _PERSPECTIVES, _FOOT = "styles", "opening", "perspectives", "foot"


def check(view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Blocks past what Gmail shows, warns from nine tenths of it; says what each section takes."""
    weight = len(email.html.encode()) + _PERSONAL + longer_by(view)
    said = f"{weight / 1024:.0f} KB of HTML; Gmail cuts mails off at {GMAIL_CLIPS // 1024} KB"
    said += f". {_told(by_section(view, email))}."
    if weight <= _NEAR * GMAIL_CLIPS:
        yield Finding(NAME, Level.OK, said)
        return
    heaviest = by_story(view, email)
    yield Finding(
        NAME,
        Level.BLOCK if weight > GMAIL_CLIPS else Level.WARN,
        said,
        "Show the heaviest at a lesser depth, shorten them, or leave one for the next update.",
        heaviest[0][0] if heaviest else "",
        place=Place.ITEMS,
    )


def longer_by(view: EmailView) -> int:
    """Bytes that a mail gains, about, where stored links stand for its own (``clicks``)."""
    if not view.clicks:
        return 0
    stored = len(f"{view.imprint.base_url}/l/") + KEY
    return sum(max(0, stored - len(url)) for url in outward(view))


def by_story(view: EmailView, email: RenderedEmail) -> list[tuple[str, int]]:
    """Slug and bytes of HTML of each story, the heaviest first."""
    slugs = {story.slug for story in stories(view)}
    sizes = [(name, size) for name, size in by_section(view, email) if name in slugs]
    return sorted(sizes, key=lambda pair: -pair[1])


def by_section(view: EmailView, email: RenderedEmail) -> list[tuple[str, int]]:
    """Name and bytes of each section in the mail's order; together they are the whole HTML.

    A story goes by its slug; beside them there are "styles" (the head), "opening" (masthead,
    title, note, contents), "perspectives" and "foot".
    """
    content = email.html
    begins = [(0, _STYLES), (max(0, content.find("<body")), _OPENING)]
    begins += [(content.find(f' id="{one.anchor}"'), one.slug) for one in stories(view)]
    foot = content.find('class="foot"')
    begins.append((_perspectives(view, content, max(begins)[0], foot), _PERSPECTIVES))
    begins.append((foot, _FOOT))
    begins = sorted(pair for pair in begins if pair[0] >= 0)
    ends = [at for at, _ in begins[1:]] + [len(content)]
    return [
        (name, len(content[at:end].encode())) for (at, name), end in zip(begins, ends, strict=True)
    ]


def _perspectives(view: EmailView, content: str, after: int, before: int) -> int:
    """Where the block of shared perspectives begins; -1 where there is none."""
    if not view.perspectives:
        return -1
    named = content.find(html.escape(view.perspectives[0].party), after, before)
    return content.rfind("<tr", after, named) if named > 0 else -1


def _told(sections: list[tuple[str, int]]) -> str:
    """The heaviest sections by name, the rest as a sum."""
    ordered = sorted(sections, key=lambda pair: -pair[1])
    named = [f"{name} {size / 1024:.1f}" for name, size in ordered[:_NAMED]]
    rest = ordered[_NAMED:]
    if rest:
        named.append(f"{len(rest)} more {sum(size for _, size in rest) / 1024:.1f}")
    return f"In KB: {', '.join(named)}"
