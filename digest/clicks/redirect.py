"""Where a counted link leads: on, at once, whoever follows it.

The address that is led to comes from the row alone. What is kept of the visit is a number, one
higher; no cookie is set, and the page that is reached is not told where its reader comes from.
"""

import re
from collections import OrderedDict
from threading import Lock

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from digest.clicks.models import Link
from digest.clicks.tally import TALLY

REMEMBERED = 10_000
"""Links whose targets a process remembers; those of the updates that people read just now."""

_PROGRAMS = re.compile(
    r"^$|bot\b|crawl|spider|slurp|scan|preview|prefetch|monitor|headless|fetch|^curl|^wget|python"
    r"|^java|okhttp|go-http|libwww|httpclient|axios|facebookexternalhit|proofpoint|mimecast"
    r"|barracuda",
    re.IGNORECASE,
)
"""What programs call themselves that follow links with nobody there; most browsers say Mozilla."""

_AHEAD = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
"""Fields by which a browser says that it only fetches ahead, or shows a preview."""


@require_safe
def follow(request: HttpRequest, key: str) -> HttpResponse:
    """Lead on; 404 for a link that is none."""
    found = _LINKS.get(key)
    if found is None:
        raise Http404
    link_id, target = found
    if request.method == "GET" and not by_a_program(request):
        TALLY.count(link_id)
    return HttpResponse(
        status=302,
        headers={
            "Location": target,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex, nofollow",
        },
    )


def by_a_program(request: HttpRequest) -> bool:
    """Whether it is plain that nobody has clicked."""
    ahead = (request.headers.get(name, "").lower() for name in _AHEAD)
    if any("prefetch" in said or "preview" in said for said in ahead):
        return True
    return bool(_PROGRAMS.search(request.headers.get("User-Agent", "")))


class _Links:
    """Links as they were found, the latest kept: they never lead elsewhere."""

    def __init__(self) -> None:
        self._lock, self._found = Lock(), OrderedDict[str, tuple[int, str]]()

    def get(self, key: str) -> tuple[int, str] | None:
        """Number and target; None for a link that is none."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = Link.objects.filter(key=key).values_list("pk", "target").first()
        if found is not None:
            with self._lock:
                self._found[key] = found
                while len(self._found) > REMEMBERED:
                    self._found.popitem(last=False)
        return found


_LINKS = _Links()
