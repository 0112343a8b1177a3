"""A mail's links stored as they are approved, and stored ones put in their place as it is sent.

An edition keeps its own links: what is looked at, checked and archived leads straight on. Only
the message has ours, made of rows that approval wrote; a topic's settings of later change nothing.
"""

from collections.abc import Iterator
from html import escape

from django.conf import settings
from django.db import transaction

from digest.clicks.models import Link, Place
from digest.clicks.outward import Outward, outward
from digest.models import Edition, Update

COUNTED = ("update", "correction")
"""Kinds of mail whose links are counted: what goes to readers, and not a test to colleagues."""

Name = tuple[str, str, str]
"""What a link is known by in an update: place, slug and target."""


@transaction.atomic
def keep(edition: Edition) -> None:
    """Store the links of an edition that says that they are counted; those of another stay."""
    if not is_counted(edition) or edition.update_id is None:
        return
    # Two editions of one update at once would else store what they share twice.
    Update.objects.select_for_update(no_key=True, of=("self",)).get(pk=edition.update_id)
    known = set(_known(edition))
    new: dict[Name, Link] = {}
    for found in _found(edition):
        name = _name(edition, found)
        if name not in known and name not in new:
            place, slug, target = name
            new[name] = Link(
                update_id=edition.update_id,
                place=place,
                slug=slug,
                target=target,
                words=found.words[:200],
            )
    Link.objects.bulk_create(new.values())


def counted_html(edition: Edition) -> str:
    """The edition's HTML as it is sent: stored links in place of those that they lead to."""
    if not is_counted(edition):
        return edition.html
    known, parts, at = _known(edition), [], 0
    for found in _found(edition):
        if key := known.get(_name(edition, found)):
            parts += [edition.html[at : found.begins], escape(address(key))]
            at = found.ends
    return "".join([*parts, edition.html[at:]])


def address(key: str) -> str:
    """Where a stored link stands."""
    return f"{settings.BASE_URL}/l/{key}"


def is_counted(edition: Edition) -> bool:
    """Whether it tells its readers so."""
    return edition.kind in COUNTED and bool(edition.view.get("clicks"))


def _known(edition: Edition) -> dict[Name, str]:
    rows = Link.objects.filter(update=edition.update)
    return {
        (place, slug, target): key
        for place, slug, target, key in rows.values_list("place", "slug", "target", "key")
    }


def _found(edition: Edition) -> Iterator[Outward]:
    told = [*edition.view.get("corrections", ()), *edition.view["stories"]]
    stories = {story["anchor"]: story["slug"] for story in told}
    return outward(edition.html, edition.view["imprint"]["base_url"], stories)


def _name(edition: Edition, found: Outward) -> Name:
    if found.slug:
        return Place.STORY, found.slug, found.target
    # A correction's only links beside its stories' are those of its own words.
    is_note = found.opens or edition.kind == "correction"
    return Place.NOTE if is_note else Place.PARTNER, "", found.target
