"""What rendering gives, and how it fails."""

from dataclasses import dataclass

from digest.errors import Refused

GMAIL_CLIPS = 102 * 1024
"""Bytes of HTML past which Gmail cuts a mail off."""


class RenderingFailed(Refused):
    """An email could not be rendered as it should be; nothing was kept or sent of it."""


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """An email, but for its personal parts: tokens with this ``nonce`` stand for them."""

    subject: str
    preheader: str
    html: str
    text: str
    mjml: str
    nonce: str
