"""The article in a web page, by trafilatura, as a feed of one entry.

Runs in the process that may die (``reading_process.py``).
"""

import re
from typing import Any

from digest.intake.channel import Channel, Entry
from digest.intake.html_markdown import absolute
from digest.intake.html_text import MOST_TAGS
from digest.intake.outcomes import Unfit

SHORTEST = 200
"""Characters of text that make an article: less is a page of links, or one to sign in at."""


def read_article(data: bytes, base: str) -> Channel:
    """The article that a page holds.  Raises Unfit where there is none."""
    import trafilatura  # takes half a second to begin, which feeds needn't wait for

    if data.count(b"<") > MOST_TAGS:
        raise Unfit(f"an HTML page of more than {MOST_TAGS:,} tags")
    found: Any = trafilatura.bare_extraction(
        data, url=base or None, with_metadata=True, include_tables=True, include_links=False
    )
    text = str(getattr(found, "text", None) or "") if found else ""
    if len(text) < SHORTEST:
        raise Unfit("a web page in which no article could be found")
    title = " ".join(str(found.title or "").split())
    body = _without(title, _body(data, base) or text)
    day = str(found.date or "")
    source = " ".join(str(found.sitename or found.hostname or "").split())
    link = absolute(str(found.url or ""), base) or base
    entry = Entry(
        id=link,
        link=link,
        title=title,
        published=f"{day}T00:00:00+00:00" if re.fullmatch(r"\d{4}-\d\d-\d\d", day) else "",
        summary=" ".join(str(found.description or "").split()) or _without(title, text),
        body=body,
        source=source,
        source_link=link,
        image=absolute(str(found.image or ""), base),
    )
    return Channel(format="a web page", title=source, link=link, entries=[entry])


def _without(title: str, text: str) -> str:
    """A text that doesn't begin by saying its title again."""
    first, _, rest = text.partition("\n")
    return rest.strip() if title and first.strip("# ") == title else text


def _body(data: bytes, base: str) -> str:
    """The article's text as Markdown, with its links."""
    import trafilatura

    written = trafilatura.extract(
        data, url=base or None, output_format="markdown", include_links=True, include_images=False
    )
    return (written or "").strip()
