"""Whether Gmail shows the whole mail, and which stories weigh most."""

from collections.abc import Iterator

from digest.checks.findings import Context, Finding, Level, stories
from digest.rendering.rendered import GMAIL_CLIPS, RenderedEmail
from digest.rendering.view import EmailView

NAME = "weight"
_PERSONAL = 1024  # bytes that a reader's own links may add
_NEAR = 0.9


def check(view: EmailView, email: RenderedEmail, _context: Context) -> Iterator[Finding]:
    """Blocks past what Gmail shows, warns from nine tenths of it."""
    weight = len(email.html.encode()) + _PERSONAL
    said = f"{weight / 1024:.0f} KB of HTML"
    if weight <= _NEAR * GMAIL_CLIPS:
        yield Finding(NAME, Level.OK, f"{said}; Gmail cuts mails off at {GMAIL_CLIPS // 1024} KB.")
        return
    heaviest = by_story(view, email)[:3]
    named = ", ".join(f"{slug!r} {size / 1024:.0f} KB" for slug, size in heaviest)
    level = Level.BLOCK if weight > GMAIL_CLIPS else Level.WARN
    yield Finding(
        NAME,
        level,
        f"{said}; Gmail cuts mails off at {GMAIL_CLIPS // 1024} KB. The heaviest: {named}.",
        "Show these at a lesser depth, shorten them, or leave one for the next update.",
        heaviest[0][0] if heaviest else "",
    )


def by_story(view: EmailView, email: RenderedEmail) -> list[tuple[str, int]]:
    """Slug and bytes of HTML of each story, the heaviest first."""
    begins = [(email.html.find(f' id="{story.anchor}"'), story.slug) for story in stories(view)]
    begins.sort()
    ends = [at for at, _ in begins[1:]] + [email.html.find('class="foot"')]
    sizes = [
        (slug, len(email.html[at:end].encode()))
        for (at, slug), end in zip(begins, ends, strict=True)
    ]
    return sorted(sizes, key=lambda pair: -pair[1])
