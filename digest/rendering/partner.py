"""The partner block of an update, as every rendering of it has it."""

from urllib.parse import urlsplit

from digest.models import Update
from digest.partners import PartnerBlock
from digest.rendering import markup
from digest.rendering.view import Logo, PartnerView

WIDTH = 536
"""CSS pixels that its picture takes up in a mail at most: the width of its text."""


def partner_view(update: Update, base_url: str) -> PartnerView | None:
    """What the update's partner says; None where it has none."""
    block = PartnerBlock.objects.filter(update=update).select_related("picture").first()
    if block is None:
        return None
    return PartnerView(
        label=block.label,
        name=block.name,
        text=markup.render_plainly(block.text, "partner"),
        url=block.url,
        site=_site(block.url),
        place="last" if block.place == "last" else "first",
        picture=_picture(block, base_url),
        alt=block.alt,
    )


def _site(url: str) -> str:
    """The host as readers know it; the whole address where there is none."""
    try:
        return (urlsplit(url).hostname or url).removeprefix("www.")
    except ValueError:
        return url


def _picture(block: PartnerBlock, base_url: str) -> Logo | None:
    picture = block.picture
    if picture is None:
        return None
    width = min(WIDTH, picture.width)
    height = max(1, round(picture.height * width / picture.width))
    return Logo(url=base_url + picture.get_absolute_url(), width=width, height=height)
