"""The pictures of ours that mails show; the same for everybody, and for ever."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from digest.pictures import Picture

YEAR = 365 * 24 * 60 * 60
"""Seconds; the address changes with the picture, so nobody need ask again (RFC 8246)."""


@require_safe
def picture(_request: HttpRequest, hash: str, ending: str) -> HttpResponse:  # noqa: A002 - as in the address
    """A topic's logo, or a picture that an editor has uploaded for a briefing."""
    found = get_object_or_404(Picture, hash=hash, format=ending)
    response = HttpResponse(bytes(found.content), content_type=found.get_format_display())
    patch_cache_control(response, public=True, max_age=YEAR, immutable=True)
    return response
