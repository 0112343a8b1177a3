"""Editions: an update (or another mail) rendered once, checked, and kept under its hash."""

import dataclasses
import hashlib
import json

from django.conf import settings

from digest import checks
from digest.models import Depths, Edition, Topic, Update, from_address
from digest.rendering import bounded, story
from digest.rendering.language import direction
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import ConfirmView, EmailView, Mail, View
from digest.updates import provisional_number


def view_of(update: Update, kind: Mail = "update", variant: str = Depths.ARRANGED) -> EmailView:
    """What the update says, as it would be (or was) approved: with the number it gets."""
    return story.email_view(
        update,
        story.imprint_of(update.topic),
        number=provisional_number(update),
        kind=kind,
        variant=variant,
    )


def rendered(view: View) -> RenderedEmail:
    """The view as subject, HTML and text, in the bounded process; RenderingFailed in words."""
    return bounded.render(view)


def checked(update: Update, view: EmailView, email: RenderedEmail) -> checks.Report:
    """What is to be mended before it may go out, and what is worth a look."""
    context = checks.Context(
        from_address=from_address(update.topic),
        relay_on_loopback=settings.RELAY_ON_LOOPBACK,
        minutes_budget=update.topic.minutes_budget,
        items_budget=update.topic.items_budget,
    )
    return checks.run(view, email, context)


def keep(view: View, email: RenderedEmail, topic: Topic, update: Update | None) -> Edition:
    """The frozen edition; one that says the same is kept once."""
    said = [view.kind, topic.pk, update and update.pk, email.subject, email.html, email.text]
    edition, _ = Edition.objects.get_or_create(
        hash=hashlib.sha256(json.dumps(said).encode()).hexdigest(),
        defaults={
            "update": update,
            "topic": topic,
            "kind": view.kind,
            "view": view.model_dump(mode="json"),
            "subject": email.subject,
            "preheader": email.preheader,
            "html": email.html,
            "text": email.text,
            "nonce": email.nonce,
        },
    )
    return edition


def as_kept(update: Update, email: RenderedEmail) -> RenderedEmail:
    """The rendering as approval froze it, where it did; else the one given."""
    edition = update.editions.filter(kind="update").first()
    if edition is None:
        return email
    return dataclasses.replace(
        email,
        subject=edition.subject,
        preheader=edition.preheader,
        html=edition.html,
        text=edition.text,
        nonce=edition.nonce,
    )


def for_test(update: Update) -> Edition:
    """The update as it stands, marked as a test."""
    view = view_of(update, kind="test")
    return keep(view, rendered(view), update.topic, update)


def confirmation(topic: Topic) -> Edition:
    """The mail that asks whether somebody meant to follow this topic."""
    view = ConfirmView(
        lang=topic.language,
        dir=direction(topic.language),
        accent=topic.accent,
        imprint=story.imprint_of(topic),
        topics=(topic.name,),
        subject=f"Confirm: {topic.name}",
        preheader="One click, and the next update comes to you.",
    )
    return keep(view, rendered(view), topic, None)
