"""Whether the pages that a mail links to are there: asks each, so only when somebody wants it.

Links come from briefings, which anybody may have written, so they are asked through the one
door to the network (``intake/fetch.py``).
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from digest.checks import links
from digest.checks.findings import Finding, Level
from digest.intake.addresses import Resolve, resolved
from digest.intake.fetch import NoSuchSite, NotFetched, Private, fetch
from digest.rendering.view import EmailView

NAME = "reachability"
AT_ONCE = 8

_GONE = {404, 410}
_NO_HEAD = {405, 501} | _GONE
"""Answers to HEAD after which a page is asked for properly: some sites don't know HEAD."""


def check(view: EmailView, resolve: Resolve = resolved) -> Iterator[Finding]:
    """Blocks on a page that is not there, warns of one that could not be asked.

    A page that is shown to browsers alone (401, 403, 429, …) counts as there.
    """
    wanted = links.outward(view)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda url: _asked(url, resolve), wanted)
        found = [
            Finding(NAME, level, f"“{url}” {why}.", "Correct the link, or remove it.", slug)
            for (url, slug), (level, why) in zip(wanted.items(), answers, strict=True)
            if level != Level.OK
        ]
    yield from found or [Finding(NAME, Level.OK, f"All {len(wanted)} links to other sites answer.")]


def _asked(url: str, resolve: Resolve) -> tuple[Level, str]:
    try:
        status = _status(url, "HEAD", resolve)
        if status in _NO_HEAD:
            status = _status(url, "GET", resolve)
    except Private:
        return Level.BLOCK, "leads into a private network, which readers can't reach"
    except NoSuchSite as problem:
        return Level.BLOCK, str(problem)
    except NotFetched as problem:
        return Level.WARN, str(problem)
    if status in _GONE:
        return Level.BLOCK, f"is not there ({status})"
    if status >= 500:
        return Level.WARN, f"has a site in trouble ({status})"
    return Level.OK, ""


def _status(url: str, method: str, resolve: Resolve) -> int:
    return fetch(url, method=method, resolve=resolve, with_body=False).status
