"""Editions: an update (or another mail) rendered once, checked, and kept under its hash."""

import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from digest import checks
from digest.clicks import linking
from digest.depths import Depths
from digest.models import Edition, Stage, Topic, Update, from_address
from digest.rendering import bounded, story
from digest.rendering.language import words
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView, View, content_hash
from digest.updates import provisional_number

_REMEMBERED = 30  # updates whose subjects a new one is held against


def view_of(update: Update, variant: str = Depths.ARRANGED) -> EmailView:
    """What the update says, as it would be (or was) approved: with the number it gets."""
    return story.email_view(
        update,
        story.imprint_of(update.topic),
        number=provisional_number(update),
        variant=variant,
    )


def rendered(view: View) -> RenderedEmail:
    """The view as subject, HTML and text, in the bounded process; RenderingFailed in words."""
    return _KEPT.rendered(view)


def remembered(seen: str) -> RenderedEmail | None:
    """The rendering of the view with this hash, if it was made here a moment ago."""
    return _KEPT.remembered(seen)


class _Kept:
    """The latest renderings: a desk's page and its frames ask for the same one, and so do checks
    and approval. A rendering is a function of its view, so none of them is ever stale."""

    def __init__(self, most: int) -> None:
        self.most, self._lock = most, threading.Lock()
        self._emails: OrderedDict[str, RenderedEmail] = OrderedDict()

    def remembered(self, key: str) -> RenderedEmail | None:
        with self._lock:
            if key in self._emails:
                self._emails.move_to_end(key)
            return self._emails.get(key)

    def rendered(self, view: View) -> RenderedEmail:
        key = content_hash(view)
        if email := self.remembered(key):
            return email
        email = bounded.render(view)
        with self._lock:
            self._emails[key] = email
            while len(self._emails) > self.most:
                self._emails.popitem(last=False)
        return email


_KEPT = _Kept(24)


def checked(update: Update, view: EmailView, email: RenderedEmail) -> checks.Report:
    """What is to be mended before it may go out, and what is worth a look."""
    context = replace(
        sender_context(update.topic),
        minutes_budget=update.topic.minutes_budget,
        items_budget=update.topic.items_budget,
        earlier_subjects=_earlier_subjects(update),
        withdrawn=_withdrawn(update),
    )
    return checks.run(view, email, context)


def sender_context(topic: Topic) -> checks.Context:
    """What the checks of the sender look at besides the mail."""
    domains = (name.strip().lower() for name in settings.DKIM_DOMAIN.split(","))
    return checks.Context(
        from_address=from_address(topic),
        relay_on_loopback=settings.RELAY_ON_LOOPBACK,
        dkim_domains=tuple(filter(None, domains)),
    )


def _earlier_subjects(update: Update) -> dict[str, str]:
    """The subjects of the topic's last updates, without capitals, each with its update's name."""
    others = Edition.objects.filter(topic=update.topic, kind="update", update__number__isnull=False)
    others = others.exclude(update=update).order_by("-update__number")
    told = others.values_list("subject", "update__number")[:_REMEMBERED]
    return {subject.casefold(): f"Update #{number}" for subject, number in told}


def _withdrawn(update: Update) -> tuple[str, ...]:
    """Slugs of a draft's briefings that were taken back since it was assembled."""
    if update.stage != Stage.DRAFT:
        return ()
    gone = update.items.filter(briefing__withdrawn_at__isnull=False)
    folded = update.shown_folds().filter(briefing__withdrawn_at__isnull=False)
    slugs = [*gone.values_list("briefing__slug"), *folded.values_list("briefing__slug")]
    return tuple(slug for (slug,) in slugs)


def made(
    view: View,
    email: RenderedEmail,
    topic: Topic,
    update: Update | None,
    variant: str = Depths.ARRANGED,
    kind: str = "",
) -> Edition:
    """The edition of this rendering, not kept; its hash is that of all a reader gets of it.

    ``kind``: the view's, unless it is a test of it.
    """
    sender = from_address(topic)
    said = [kind or view.kind, variant, topic.pk, update and update.pk, sender]
    said += [email.subject, email.html, email.text]
    return Edition(
        hash=hashlib.sha256(json.dumps(said).encode()).hexdigest(),
        update=update,
        topic=topic,
        kind=kind or view.kind,
        variant=variant,
        view=view.model_dump(mode="json"),
        sender=sender,
        subject=email.subject,
        preheader=email.preheader,
        html=email.html,
        text=email.text,
        nonce=email.nonce,
    )


def keep(
    view: View,
    email: RenderedEmail,
    topic: Topic,
    update: Update | None,
    variant: str = Depths.ARRANGED,
    kind: str = "",
) -> Edition:
    """The frozen edition; one that says the same is kept once."""
    edition = made(view, email, topic, update, variant, kind)
    with transaction.atomic():
        Edition.objects.bulk_create([edition], ignore_conflicts=True)
        linking.keep(edition)
    return Edition.objects.get(hash=edition.hash)


def frozen(update: Update, variant: str = Depths.ARRANGED) -> Edition | None:
    """The edition that approval froze; None before, and for a variant that could not go out."""
    return update.editions.filter(kind="update", variant=variant).first()


class Variant(NamedTuple):
    """An update as the readers of some segments get it: all in full, or all short."""

    name: Depths
    view: EmailView
    email: RenderedEmail
    faults: list[checks.Finding]
    """What blocks it that does not block the update as arranged."""


def variants(update: Update, arranged: checks.Report) -> list[Variant]:
    """The update's other variants, rendered and checked."""
    known = {finding.name for finding in arranged.blocking}
    others = []
    for name in (Depths.FULL, Depths.SHORT):
        view = view_of(update, variant=name)
        email = rendered(view)
        blocking = checked(update, view, email).blocking
        faults = [finding for finding in blocking if finding.name not in known]
        others.append(Variant(name, view, email, faults))
    return others


def for_test(update: Update, variant: str = Depths.ARRANGED) -> Edition:
    """The update as it stands. Its subject is marked as a test's; all else is what readers get."""
    view = view_of(update, variant)
    email = rendered(view)
    mark = words(view.lang).gettext("[Test #%(number)s] %(subject)s")
    marked = mark % {"number": view.number, "subject": email.subject}
    return keep(view, replace(email, subject=marked), update.topic, update, variant, kind="test")
