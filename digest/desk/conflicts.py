"""Two people at one text: whoever saves second is shown both texts, and chooses.

A form sends with each text what it ``was`` when its page was made. Where somebody else has changed
it meanwhile theirs stands, and mine is kept in the session until I have chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest

from digest import arranging
from digest.desk.posts import typed
from digest.models import Item, Update

_KEY = "conflicts"
WORDS = ("title", "subject", "preheader", "note")
OWN = ("headline", "summary")
"""What an item may say otherwise in this update."""


@dataclass(frozen=True)
class Conflict:
    """One text that two have changed. ``field``: its id on the page; ``to``: where it is posted."""

    what: str
    by: str
    theirs: str
    mine: str
    name: str
    field: str
    to: str
    do: str


def words(request: HttpRequest, update: Update, by: str) -> None:
    """Set title, subject, preheader and note to what was typed, but for what others changed."""
    with transaction.atomic():
        Update.objects.select_for_update(no_key=True).get(pk=update.pk)
        update.refresh_from_db()
        now = {name: str(getattr(update, name)) for name in WORDS}
        fresh = _fresh(request, update, now, "")
        if fresh:
            arranging.reword(update, by, **fresh)
            messages.success(request, "Saved.")


def own(request: HttpRequest, update: Update, slug: str, by: str) -> None:
    """The same for an item's own headline and summary."""
    with transaction.atomic():
        Update.objects.select_for_update(no_key=True).get(pk=update.pk)
        item = update.items.filter(briefing__slug=slug).first()
        now = {name: str(getattr(item, name)) if item else "" for name in OWN}
        fresh = _fresh(request, update, now, slug)
        if fresh or item is None:
            said = now | fresh
            arranging.override(update, slug, said["headline"], said["summary"], by)


def _fresh(
    request: HttpRequest, update: Update, now: Mapping[str, str], slug: str
) -> dict[str, str]:
    """Of what was typed: what nobody else has changed meanwhile. The rest is kept as conflicts."""
    before = _kept(request, update)
    kept, fresh = dict(before), {}
    for name in (name for name in now if name in request.POST):
        text, key = typed(request, name), f"{slug} {name}"
        was = typed(request, f"was_{name}") if f"was_{name}" in request.POST else None
        if "settles" in request.POST:
            kept.pop(key, None)
        if text in {was, now[name]}:
            continue
        if was is not None and was != now[name]:
            kept[key] = text
        else:
            kept.pop(key, None)
            fresh[name] = text
    if kept != before:
        everywhere = {**request.session.get(_KEY, {}), str(update.pk): kept}
        request.session[_KEY] = {key: texts for key, texts in everywhere.items() if texts}
    return fresh


def of(request: HttpRequest, update: Update) -> list[Conflict]:
    """What is to be chosen between, on the page of the draft."""
    kept = _kept(request, update)
    if not kept:
        return []
    others = update.versions.exclude(by=request.user.get_username())
    by = others.values_list("by", flat=True).first() or "Somebody else"
    items = {item.briefing.slug: item for item in update.items.select_related("briefing")}
    found = []
    for key, mine in kept.items():
        slug, _, name = key.partition(" ")
        one = _conflict(update, items.get(slug), name, mine, by)
        if one.theirs != mine and (not slug or slug in items):
            found.append(one)
    return found


def _conflict(update: Update, item: Item | None, name: str, mine: str, by: str) -> Conflict:
    home = f"/desk/{update.topic.slug}/draft/"
    if item is None:
        theirs, what = str(getattr(update, name, "")), f"the {name}"
        return Conflict(what, by, theirs, mine, name, name, f"{home}words/", "")
    slug = item.briefing.slug
    what, theirs = f"the {name} of “{item.briefing.headline}”", str(getattr(item, name))
    return Conflict(
        what, by, theirs, mine, name, f"{name}-{slug}", f"{home}items/{slug}/", "reword"
    )


def _kept(request: HttpRequest, update: Update) -> dict[str, str]:
    kept: dict[str, dict[str, str]] = request.session.get(_KEY, {})
    return dict(kept.get(str(update.pk), {}))
