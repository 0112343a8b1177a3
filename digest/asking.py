"""Asking for an approval, and what is answered.

A request is about one content, by its hash. Where a topic takes two people, nothing is approved
that another hasn't asked for.
"""

from django.db import transaction
from django.utils import timezone

from digest import editions, ending, fitting
from digest.audit import audit
from digest.errors import Refused
from digest.models import Stage, Update
from digest.rendering.view import content_hash
from digest.teamwork import Answer, ApprovalRequest

LONGEST = 2000
"""Characters of a note, or of why something is sent back or goes out despite a check."""


@transaction.atomic
def ask(update: Update, by: str, seen: str, note: str = "") -> ApprovalRequest:
    """Ask that the draft be approved as it was ``seen``: the hash of its content then."""
    Update.objects.select_for_update(no_key=True).get(pk=update.pk)
    update.refresh_from_db()
    fitting.refuse_text("The note", note, LONGEST)
    if update.stage != Stage.DRAFT:
        raise Refused(f"{update.label} is approved already; nobody was asked.")
    ending.refuse_ended(update.topic, "nobody was asked")
    if not update.items.exists():
        raise Refused("The draft has no items; nobody was asked. Include some first.")
    content = content_hash(editions.view_of(update))  # now that nobody else can change it
    if seen != content:
        raise Refused(
            "The draft has changed since you looked at it; nobody was asked. Look at it again, "
            "then ask."
        )
    waiting = standing(update)
    if waiting and waiting.hash == content:
        raise Refused(f"{waiting.by} has asked for it already; it waits for a publisher.")
    if waiting:
        _answer(waiting, Answer.VOID, by, "The draft was changed since.")
    audit(by, "asked for approval of", update, note=note)
    return update.requests.create(hash=content, by=by, note=note)


def standing(update: Update) -> ApprovalRequest | None:
    """The request that waits for an answer."""
    return update.requests.filter(answer=Answer.OPEN).first()


@transaction.atomic
def send_back(update: Update, by: str, words: str) -> ApprovalRequest:
    """Say what is to be changed before it may go out."""
    fitting.refuse_text("The answer", words, LONGEST)
    Update.objects.select_for_update(no_key=True).get(pk=update.pk)
    waiting = standing(update)
    if waiting is None:
        raise Refused("Nobody asks for this approval any more; nothing was sent back.")
    if not words.strip():
        raise Refused("Say what is to be changed; nothing was sent back.")
    _answer(waiting, Answer.SENT_BACK, by, words.strip())
    audit(by, "sent back", update, words=words.strip())
    return waiting


def void(update: Update, by: str, did: str, content: str) -> None:
    """The draft's content is this now: a request for another one asks for what is no more."""
    waiting = standing(update)
    if waiting and waiting.hash != content:
        _answer(waiting, Answer.VOID, by, f"{by} {did}.")


def refuse_alone(update: Update, by: str, content: str) -> None:
    """Refused, of a topic that takes two people, where nobody else has asked for this content."""
    waiting = standing(update)
    how = (
        f"{update.topic} takes two people: one asks for the approval at the desk, another gives "
        "it. Nothing was approved. "
    )
    if waiting is None:
        raise Refused(f"{how}Nobody has asked for it yet: open the draft and ask.")
    if waiting.hash != content:
        raise Refused(f"{how}It was changed after {waiting.by} asked: ask anew.")
    if waiting.by == by:
        raise Refused(f"{how}You asked for it yourself, so somebody else is to approve it.")


def approved(update: Update, by: str) -> None:
    """It was approved: whoever asked has the answer."""
    waiting = standing(update)
    if waiting:
        _answer(waiting, Answer.APPROVED, by, "")


def _answer(request: ApprovalRequest, answer: Answer, by: str, words: str) -> None:
    request.answer, request.answered_by, request.words = answer, by, words
    request.answered_at = timezone.now()
    request.save(update_fields=["answer", "answered_by", "words", "answered_at"])
