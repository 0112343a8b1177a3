"""The one door through which every change of a draft passes."""

import contextlib
from collections.abc import Iterator

from django.db import transaction

from digest import asking, versions
from digest.audit import audit
from digest.drafting import word
from digest.errors import Refused
from digest.models import Stage, Update


@contextlib.contextmanager
def editing(update: Update, by: str, verb: str, slug: str, *more: str) -> Iterator[None]:
    """One change of a draft: refused unless it is one; worded anew, audited and kept after.

    ``verb`` and ``slug`` say what is done to which briefing ("moved", "a-pier-reopens"), ``more``
    the same of another ("into", "the-ferry"); a slug of none stands for itself ("the update").
    """
    with transaction.atomic():
        Update.objects.select_for_update(no_key=True).get(pk=update.pk)
        update.refresh_from_db()
        if update.stage != Stage.DRAFT:
            raise Refused(f"{update.label} is approved; unapprove it to change it.")
        yield
        word(update)
        did = " ".join([verb, _named(update, slug), *(_named(update, one) for one in more)])
        kept = versions.keep(update, by, did)
        if not (kept.did == did and kept.begun_at < kept.at):  # nobody's pauses are news
            audit(by, "edited update", update, did=did)
        asking.void(update, by, did, kept.hash)


def _named(update: Update, slug: str) -> str:
    """The briefing's headline, by which people know it, where that is a briefing's slug."""
    headline = update.topic.briefings.filter(slug=slug).values_list("headline", flat=True).first()
    return f"“{headline}”" if headline else slug
