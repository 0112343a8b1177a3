"""The few mails that a person waits for: tests, confirmations, welcomes, letters.

Whoever asks writes a row of their own room and never needs the broker; the tick finds it here.
"""

from collections.abc import Sequence

import structlog
from django.db import DatabaseError, transaction
from django.db.models.functions import Now

from digest import editions, mails, reader_letters
from digest.audit import audit
from digest.errors import DigestError
from digest.models import Edition, Letter, Topic, Update
from digest.requesting import RequestedTest
from digest.seldom import Seldom
from subscribers.locales import spoken
from subscribers.models import Subscriber, Subscription
from subscribers.requested import ConfirmationRequest, LetterRequest, WelcomeRequest
from workers import schedule
from workers.mailings import GIVE_UP
from workers.models import Batch, Delivery, Mailing, MailingKind, MailingState

log = structlog.get_logger()

_OPEN = 500
"""Requests taken up at once."""

_UNFORESEEN = "It could not be made, by a fault of the program; the workers’ log tells of it."

_Request = ConfirmationRequest | WelcomeRequest

_TESTS = Seldom(lambda: RequestedTest.objects.filter(taken_at=None))
_LETTERS = Seldom(lambda: LetterRequest.objects.filter(taken_at=None))
_WAITING = {
    MailingKind.CONFIRM: Seldom(lambda: ConfirmationRequest.objects.filter(taken_at=None)),
    MailingKind.WELCOME: Seldom(lambda: WelcomeRequest.objects.filter(taken_at=None)),
}


def take_requested_tests() -> int:
    """Make a mailing of every test that somebody asked for; how many."""
    if not _TESTS.any():
        return 0
    taken = 0
    asked = RequestedTest.objects.filter(taken_at=None).select_related("update__topic")
    for request in asked.order_by("id")[:_OPEN]:
        try:
            taken += _take_test(request)
        except DatabaseError:
            raise
        except Exception as problem:  # else this one would keep all others from theirs
            log.exception("a test could not be made", update=request.update.ref)
            told = str(problem) if isinstance(problem, DigestError) else _UNFORESEEN
            RequestedTest.objects.filter(id=request.id).update(taken_at=Now(), trouble=told)
            audit("workers", "could not make a test of", request.update, why=str(problem))
    return taken


def _take_test(request: RequestedTest) -> bool:
    """Make this test's mailing; False where another tick has just done so."""
    edition = editions.for_test(request.update, request.variant)
    with transaction.atomic():
        if not RequestedTest.objects.filter(id=request.id, taken_at=None).update(taken_at=Now()):
            return False
        mailing = _make_small(
            edition,
            MailingKind.TEST,
            request.update,
            [Delivery(address=address) for address in dict.fromkeys(request.addresses)],
        )
        Mailing.objects.filter(id=mailing.id).update(asked_for=request)
    return True


def take_confirmations() -> int:
    """Make a mailing of the confirmations that name the same topics; how many people."""
    return _take(ConfirmationRequest, MailingKind.CONFIRM)


def take_welcomes() -> int:
    """Make one mailing per topic of the welcomes to those who confirmed; how many people."""
    return _take(WelcomeRequest, MailingKind.WELCOME)


def _take(asked: type[_Request], kind: MailingKind) -> int:
    if not _WAITING[kind].any():
        return 0
    waiting = asked.objects.filter(taken_at=None).select_related(
        "subscription__subscriber", "subscription__topic"
    )
    found: list[_Request] = list(waiting.order_by("id")[:_OPEN])
    others = _others(found) if kind == MailingKind.CONFIRM else {}
    alike: dict[tuple[Topic, tuple[Topic, ...]], list[_Request]] = {}
    for request in found:
        said = (request.subscription.topic, others.get(request.subscription_id, ()))
        alike.setdefault(said, []).append(request)
    taken = 0
    for (topic, also), requests in alike.items():
        try:
            taken += _take_topic(_edition(topic, also, kind), kind, asked, requests)
        except DatabaseError:
            raise
        except Exception:  # one topic's trouble must not keep the others
            log.exception("small mails could not be made", kind=kind, topic=topic.slug)
    return taken


def _others(requests: list[_Request]) -> dict[int, tuple[Topic, ...]]:
    """By subscription: what else that person asked for, for one mail asks of all of it."""
    people = {request.subscription.subscriber_id for request in requests}
    theirs = Subscription.objects.filter(subscriber__in=people).select_related("topic")
    wanted: dict[int, list[Topic]] = {}
    for one in theirs.order_by("topic__name"):
        if one.is_asked_for:
            wanted.setdefault(one.subscriber_id, []).append(one.topic)
    return {
        one.id: tuple(t for t in wanted.get(one.subscriber_id, []) if t.pk != one.topic_id)
        for one in (request.subscription for request in requests)
    }


def _take_topic(
    edition: Edition, kind: MailingKind, asked: type[_Request], requests: list[_Request]
) -> int:
    """Make the mailing of these requests, which all say the same; how many people."""
    with transaction.atomic():
        still = asked.objects.select_for_update().filter(
            id__in=[request.id for request in requests], taken_at=None
        )
        open_ids = set(still.values_list("id", flat=True))
        asked.objects.filter(id__in=open_ids).update(taken_at=Now())
        people = {request.subscription.subscriber for request in requests if request.id in open_ids}
        if people:
            _make_small(edition, kind, None, [_delivery(person, kind) for person in people])
    return len(people)


def take_letters() -> int:
    """Write the letters that readers asked for, one mailing for those that say the same; how
    many."""
    if not _LETTERS.any():
        return 0
    waiting = LetterRequest.objects.filter(taken_at=None).select_related("subscriber", "topic")
    alike: dict[tuple[Topic, str, str], list[LetterRequest]] = {}
    for request in waiting.order_by("id")[:_OPEN]:
        said = (request.topic, request.letter, spoken(request.subscriber, request.topic))
        alike.setdefault(said, []).append(request)
    taken = 0
    for (topic, letter, lang), requests in alike.items():
        try:
            edition = reader_letters.edition(Letter(letter), topic, lang)
            taken += _take_letters(edition, requests)
        except DatabaseError:
            raise
        except Exception:  # one topic's trouble must not keep the others
            log.exception("letters could not be written", letter=letter, topic=topic.slug)
    return taken


def _take_letters(edition: Edition, requests: list[LetterRequest]) -> int:
    with transaction.atomic():
        still = LetterRequest.objects.select_for_update().filter(
            id__in=[request.id for request in requests], taken_at=None
        )
        open_ids = set(still.values_list("id", flat=True))
        still.update(taken_at=Now())
        # Who asked twice meanwhile means the last. Nobody's name: a stranger may have typed it.
        meant = {request.subscriber: request for request in requests if request.id in open_ids}
        letters = [
            Delivery(subscriber=who, address=one.address, token_version=who.token_version)
            for who, one in meant.items()
        ]
        if letters:
            _make_small(edition, MailingKind.LETTER, None, letters)
    return len(letters)


def _edition(topic: Topic, others: Sequence[Topic], kind: MailingKind) -> Edition:
    if kind == MailingKind.CONFIRM:
        return mails.confirmation(topic, others)
    planned = getattr(topic, "schedule", None)
    next_at = schedule.next_update(planned) if planned else None
    return mails.welcome(topic, next_at)


def _delivery(person: Subscriber, kind: MailingKind) -> Delivery:
    # A name may be a stranger's message until the owner of the address has confirmed.
    return Delivery(
        subscriber=person,
        address=person.email or "",
        name="" if kind == MailingKind.CONFIRM else person.name,
        token_version=person.token_version,
    )


def _make_small(
    edition: Edition, kind: MailingKind, update: Update | None, deliveries: list[Delivery]
) -> Mailing:
    """A mailing whose few recipients are known: complete from the start."""
    n = len(deliveries)
    mailing = Mailing.objects.create(
        update=update,
        topic=edition.topic,
        edition=edition,
        kind=kind,
        state=MailingState.SENDING,
        give_up_after=GIVE_UP,
        prepared_at=Now(),
        candidates=n,
        queued=n,
    )
    batch = Batch.objects.create(mailing=mailing, size=n)
    for delivery in deliveries:
        delivery.mailing, delivery.batch = mailing, batch
    Delivery.objects.bulk_create(deliveries)
    return mailing
