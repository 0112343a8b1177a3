"""The last thing that somebody did to a draft, while it can still be undone at one click.

It is kept in their session, and forgotten with the next thing that they do.
"""

from typing import Any

from django.http import HttpRequest

from digest import arranging, ordering
from digest.models import Update

_KEY = "undo"


def of(request: HttpRequest, update: Update) -> dict[str, Any] | None:
    """What can be undone: ``said`` tells it in words."""
    last: dict[str, Any] | None = request.session.get(_KEY)
    return last if last and last["update"] == update.pk else None


def forget(request: HttpRequest) -> None:
    """Something else is done."""
    request.session.pop(_KEY, None)


def keep_drop(request: HttpRequest, update: Update, slug: str, by: str) -> None:
    """Leave an item out, so that it can be taken back as it was."""
    headline = _headline(update, slug)
    was = arranging.drop(update, slug, by)
    _keep(request, update, slug, said=f"Left out “{headline}”.", dropped=was)


def keep_place(
    request: HttpRequest, update: Update, slug: str, index: int, under: str | None, seen: str,
    by: str,
) -> None:  # fmt: skip
    """Put an item at a place, so that it can be put back to the one it had."""
    headline = _headline(update, slug)
    was = ordering.place_at(update, slug, index, by, section=under, looked_at=seen)
    now = ordering.seen_now(update)
    _keep(request, update, slug, said=f"Moved “{headline}”.", placed=was, seen=now)


def act(update: Update, last: dict[str, Any], by: str) -> None:
    """Undo it."""
    if "dropped" in last:
        arranging.take_back(update, last["slug"], last["dropped"], by)
    else:
        index, under = last["placed"]
        ordering.place_at(update, last["slug"], index, by, section=under, looked_at=last["seen"])


def _keep(request: HttpRequest, update: Update, slug: str, **more: Any) -> None:
    request.session[_KEY] = {"update": update.pk, "slug": slug, **more}


def _headline(update: Update, slug: str) -> str:
    item = update.items.select_related("briefing").filter(briefing__slug=slug).first()
    return item.said_headline if item else slug
