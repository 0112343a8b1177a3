"""A person lets a mailing go on that the brake holds, with the figures that they saw."""

from django.db import transaction
from django.utils import timezone

from digest.audit import audit
from digest.errors import Refused
from workers.brake import judging
from workers.brake.models import Braking, Level
from workers.brake.verdict import Seen, Verdict
from workers.models import Mailing


def judged(mailing: Mailing) -> tuple[Mailing, Verdict]:
    """The mailing whose figures it is held for, which may be one before it, and what they are."""
    about = mailing
    if mailing.started_at is None:
        about = judging.before(mailing, timezone.now()) or mailing
    return about, judging.verdicts([about])[about.id]


def refusal(mailing: Mailing) -> Refused:
    """What is said to whoever resumes it without a word on its figures."""
    about, said = judged(mailing)
    words = said.words or mailing.why
    return Refused(
        f"The brake holds mailing {mailing.id}. {words} Nothing was changed. Look at what came "
        f"back of mailing {about.id}; then, if it is to go on all the same: "
        f'digest resume {mailing.id} --despite "why it may"'
    )


def seen_from(text: str) -> Seen | None:
    """The shares that a page had shown, as it sends them back."""
    parts = text.split()
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return Seen(*(min(int(part), 1_000_000) for part in parts))


@transaction.atomic
def let_go(mailing: Mailing, by: str, despite: str, shown: Seen | None = None) -> None:
    """Keep that these figures were seen: it is held again when they get worse by a step.

    ``shown``: as a page had them; what came back since was not seen.
    """
    about, said = judged(mailing)
    now_at = Seen(said.figures.bounces, said.figures.complaints)
    seen = Seen(*map(min, zip(shown, now_at, strict=True))) if shown else now_at
    Braking.objects.update_or_create(
        mailing=about,
        defaults={
            "level": Level.WARNED if said.level is not Level.CALM else Level.CALM,
            "words": said.words,
            "bounces_seen": seen.bounces,
            "complaints_seen": seen.complaints,
            "seen_by": by,
            "seen_at": timezone.now(),
        },
    )
    Braking.objects.filter(mailing=mailing).update(held=False)
    figures = {"despite": despite, "why": said.words, "of_mailing": about.id}
    audit(by, "let mailing go on", str(mailing.id), **figures)
