"""The mails that a person waits for: made once each, with what their readers need."""

import datetime as dt

import pytest
from django.utils import timezone

from digest import editions, reader_letters, requesting
from digest.briefings import Briefing
from digest.depths import Depths
from digest.models import Letter, Stage, Topic, Update
from digest.requesting import RequestedTest
from subscribers.models import Subscriber, Subscription
from subscribers.requested import ConfirmationRequest, LetterRequest, WelcomeRequest
from tests import newsroom
from tests.ledgering import readers
from workers import asked, schedule
from workers.models import Mailing, MailingKind, MailingState
from workers.rules import Rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def welcomed(ann: Subscriber) -> Subscriber:
    """She has just confirmed."""
    WelcomeRequest.objects.create(subscription=ann.subscriptions.get())
    return ann


def texts() -> tuple[str, str]:
    """The two parts of the one mailing's edition, on one line each."""
    edition = Mailing.objects.select_related("edition").get().edition
    assert edition is not None
    return edition.html, " ".join(edition.text.split())


@pytest.mark.both_databases
def test_whoever_has_confirmed_gets_one_welcome(welcomed: Subscriber) -> None:
    assert asked.take_welcomes() == 1
    assert asked.take_welcomes() == 0
    mailing = Mailing.objects.get()
    assert (mailing.kind, mailing.state) == (MailingKind.WELCOME, MailingState.SENDING)
    assert (mailing.candidates, mailing.queued) == (1, 1)
    assert mailing.deliveries.get().address == "ann@example.org"


@pytest.mark.both_databases
def test_somebody_who_asked_twice_is_one_candidate(ann: Subscriber) -> None:
    for _ in range(2):
        ConfirmationRequest.objects.create(subscription=ann.subscriptions.get())
    assert asked.take_confirmations() == 1
    assert Mailing.objects.get().candidates == 1


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Media's AI Pivot and Retail were asked for with this address"),
        ("de", "Media's AI Pivot und Retail wurden mit dieser Adresse bestellt"),
        ("ar", "طُلب الاشتراك في Media's AI Pivot وRetail بهذا العنوان"),
    ],
)
def test_a_confirmation_names_every_topic_that_waits_for_it_in_the_topic_s_language(
    pivot: Topic, lang: str, said: str
) -> None:
    Topic.objects.filter(id=pivot.id).update(language=lang)
    other = Topic.objects.create(slug="retail", name="Retail")
    had = Topic.objects.create(slug="had", name="Had")
    (ann, bo) = readers(pivot, 2, state="pending")
    Subscription.objects.create(subscriber=ann, topic=other, state="pending")
    Subscription.objects.create(subscriber=ann, topic=had, state="confirmed")
    for one in (ann, bo):
        ConfirmationRequest.objects.create(subscription=one.subscriptions.get(topic=pivot))
    assert asked.take_confirmations() == 2
    both, alone = Mailing.objects.select_related("edition").order_by("id")
    assert (both.deliveries.get().subscriber, alone.deliveries.get().subscriber) == (ann, bo)
    assert both.edition is not None
    assert said in " ".join(both.edition.text.split())
    assert "Retail" in both.edition.html
    assert "Retail" in both.edition.subject
    assert alone.edition is not None
    assert "Retail" not in alone.edition.text + alone.edition.subject


def test_a_subject_holds_no_long_list_of_topics_but_the_mail_does(pivot: Topic) -> None:
    (ann,) = readers(pivot, 1, state="pending")
    names = [f"Topic number {at} of a very busy publisher" for at in range(5)]
    for at, name in enumerate(names):
        topic = Topic.objects.create(slug=f"t{at}", name=name)
        Subscription.objects.create(subscriber=ann, topic=topic, state="pending")
    ConfirmationRequest.objects.create(subscription=ann.subscriptions.get(topic=pivot))
    asked.take_confirmations()
    edition = Mailing.objects.get().edition
    assert edition is not None
    assert edition.subject == "Confirm your subscription"
    assert all(name in " ".join(edition.text.split()) for name in names)


def test_a_welcome_says_what_will_come_and_when_and_how_to_end_it(
    pivot: Topic, welcomed: Subscriber
) -> None:
    pivot.description, pivot.minutes_budget = "Who builds, who buys & why.", 5
    pivot.save()
    made = schedule.set_schedule(pivot, Rule("0 15 * * 0", "Europe/London"), auto=False, by="test")
    asked.take_welcomes()
    html, text = texts()
    assert "Who builds, who buys &amp; why." in html
    assert "Who builds, who buys & why." in text
    assert "6 stories at most, and takes about 5 minutes." in text
    assert f"It is planned for Sunday {made.next_at.day} " in text.replace("Sunday, ", "Sunday ")
    for part in (html, text):
        assert "_UNSUBSCRIBE_URL__" in part
        assert "_PREFERENCES_URL__" in part


def test_a_welcome_leads_to_the_latest_update_that_is_out(
    pivot: Topic, welcomed: Subscriber
) -> None:
    story = newsroom.briefing(pivot, "Lantern builds", published_at=timezone.now())
    newsroom.update(pivot, 1, story)
    newsroom.update(pivot, 2, story)
    newsroom.update(pivot, 3, story, stage=Stage.APPROVED)
    asked.take_welcomes()
    html, text = texts()
    for part in (html, text):
        assert "/t/medias-ai-pivot/2/" in part
        assert "Update #3" not in part


def test_a_welcome_promises_no_time_that_has_passed(pivot: Topic, welcomed: Subscriber) -> None:
    made = schedule.set_schedule(pivot, Rule("0 15 * * 0", "Europe/London"), auto=False, by="test")
    made.next_at = timezone.now() - dt.timedelta(days=3)
    made.save()
    asked.take_welcomes()
    assert "when there is news" in texts()[1]


# ---- letters -----------------------------------------------------------------------------------


def wish(person: Subscriber, letter: Letter, address: str = "ann@example.org") -> LetterRequest:
    topic = person.subscriptions.get().topic
    return LetterRequest.objects.create(
        subscriber=person, topic=topic, letter=letter, address=address
    )


@pytest.mark.both_databases
def test_a_letter_goes_once_to_where_it_was_asked_to_go_and_names_nobody(ann: Subscriber) -> None:
    wish(ann, Letter.MOVE, "new@example.org")
    assert (asked.take_letters(), asked.take_letters()) == (1, 0)
    mailing = Mailing.objects.get()
    assert (mailing.kind, mailing.state) == (MailingKind.LETTER, MailingState.SENDING)
    letter = mailing.deliveries.get()
    assert (letter.address, letter.name) == ("new@example.org", "")


def test_whoever_asked_twice_before_it_was_written_means_the_last(ann: Subscriber) -> None:
    wish(ann, Letter.MOVE, "first@example.org")
    wish(ann, Letter.MOVE, "last@example.org")
    assert asked.take_letters() == 1
    assert Mailing.objects.get().deliveries.get().address == "last@example.org"


@pytest.mark.parametrize(("own", "said"), [("de-AT", "Ihre Links"), ("fr", "روابطك")])
def test_a_letter_speaks_the_reader_s_language_or_else_the_topic_s(
    pivot: Topic, ann: Subscriber, own: str, said: str
) -> None:
    Topic.objects.filter(id=pivot.id).update(language="ar")
    Subscriber.objects.filter(id=ann.id).update(language=own)
    wish(ann, Letter.LINKS)
    asked.take_letters()
    assert said in texts()[0]


@pytest.mark.both_databases
def test_one_letter_that_can_not_be_written_keeps_no_other(
    ann: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish(ann, Letter.MOVE)
    wish(ann, Letter.LINKS)
    said = dict(reader_letters._SAID)
    said[Letter.MOVE] = lambda _: 1 / 0  # type: ignore[assignment,return-value]
    monkeypatch.setattr(reader_letters, "_SAID", said)
    assert asked.take_letters() == 1


@pytest.mark.parametrize("variant", Depths.values)
@pytest.mark.both_databases
def test_a_test_is_what_readers_get_but_for_the_mark_in_its_subject(
    draft: Update, variant: str
) -> None:
    email = editions.rendered(editions.view_of(draft, variant))
    test = editions.for_test(draft, variant)
    assert (test.html, test.text, test.nonce) == (email.html, email.text, email.nonce)
    assert test.subject == f"[Test #1] {email.subject}"


def test_what_comes_of_a_test_is_found_by_who_asked_for_it(draft: Update) -> None:
    wanted = requesting.request_test(draft, ["edda@example.org"], "edda@example.org")
    assert asked.take_requested_tests() == 1
    assert wanted.mailings.get().deliveries.get().address == "edda@example.org"


def test_a_test_that_can_t_be_made_says_why(draft: Update, stories: list[Briefing]) -> None:
    requesting.request_test(draft, ["edda@example.org"], "edda@example.org")
    Briefing.objects.filter(pk=stories[0].pk).update(body="No mail holds this much. " * 11_900)
    assert asked.take_requested_tests() == 0
    assert "can't be rendered" in RequestedTest.objects.get().trouble
