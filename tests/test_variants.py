"""An update as arranged, all in full, or all short: by the segment that its reader is in."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from click.testing import CliRunner

from config.cli import main
from digest import approval, drafting
from digest.audit import AuditEntry
from digest.models import Edition, Topic
from subscribers import segments
from subscribers.models import Subscriber
from tests.briefings import BODY, keep_briefing
from tests.ledgering import readers
from tests.relays import BRISK, sink
from tests.sends import Through
from workers import audience, departures, ledger, sending
from workers.models import BULK, DeliveryState, Mailing
from workers.routes import choosing

pytestmark = pytest.mark.django_db

HEAVY = "\n\n".join(f"Paragraph {n} " + "of a very long story. " * 60 for n in range(60))


@pytest.fixture
def people(pivot: Topic) -> list[Subscriber]:
    """One who wants it all, one in a hurry, and one of no segment."""
    found = readers(pivot, 3)
    found[0].tags.create(tag="deep")
    found[1].tags.create(tag="hurried")
    everybody = {"field": "topic", "is": pivot.slug}
    segments.save("deep", {"field": "tag", "is": "deep"}, "full")
    segments.save("hurried", {"field": "tag", "is": "hurried"}, "short")
    segments.save("everybody", everybody)
    return found


def approved(topic: Topic, body: str = BODY) -> Mailing:
    """The mailing of an update of two stories, its audience filled."""
    for slug in ("first", "second"):
        keep_briefing(topic, slug, body=body)
    approval.approve(drafting.draft(topic), by="pia", segments=["deep", "hurried", "everybody"])
    (made,) = departures.take_due_updates()
    audience.fill(made)
    return Mailing.objects.get(id=made)


def sent_to_all(through: Through) -> dict[str, EmailMessage]:
    """What each reader's relay took."""
    batch = ledger.claim(BULK, "here", "one")
    assert batch is not None
    with sink() as (relay, kept):
        through(relay, BRISK)
        sending.send_batch(batch, choosing.default())
    return {to.decode(): message_from_bytes(mail, policy=default) for _, (to,), mail in kept}


def words(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())


@pytest.mark.both_databases
def test_each_reader_is_mailed_the_depth_of_their_segment(
    pivot: Topic, people: list[Subscriber], through: Through
) -> None:
    approved(pivot)
    mails = sent_to_all(through)
    full, short, arranged = (words(mails[one.email or ""]) for one in people)
    assert full.count("The first paragraph says what happened") == 2
    assert arranged.count("The first paragraph says what happened") == 1
    assert "The first paragraph says what happened" not in short
    assert "Why first matters" not in short
    assert len({mail["Subject"] for mail in mails.values()}) == 1


def test_what_a_reader_chose_counts_for_more_than_their_segment(
    pivot: Topic, people: list[Subscriber]
) -> None:
    Subscriber.objects.filter(id=people[0].id).update(depth="short")
    Subscriber.objects.filter(id=people[2].id).update(depth="full")
    sent = approved(pivot)
    variants = dict(sent.deliveries.values_list("subscriber_id", "variant"))
    assert [variants[one.id] for one in people] == ["short", "short", "full"]


@pytest.mark.both_databases
def test_a_reader_s_choice_counts_in_a_mailing_to_the_whole_topic(
    pivot: Topic, people: list[Subscriber]
) -> None:
    Subscriber.objects.filter(id=people[2].id).update(depth="short")
    keep_briefing(pivot, "first")
    approval.approve(drafting.draft(pivot), by="pia")
    (made,) = departures.take_due_updates()
    audience.fill(made)
    variants = dict(Mailing.objects.get().deliveries.values_list("subscriber_id", "variant"))
    assert [variants[one.id] for one in people] == ["arranged", "arranged", "short"]


def test_what_is_sent_again_and_what_is_shown_later_is_the_same_variant(
    pivot: Topic, people: list[Subscriber], through: Through
) -> None:
    sent = approved(pivot)
    before = sent_to_all(through)
    ids = list(sent.deliveries.values_list("id", flat=True))
    sent.deliveries.update(state=DeliveryState.UNCERTAIN)
    Mailing.objects.filter(id=sent.id).update(accepted=0, uncertain=3)
    ledger.requeue(sent.id, ids, DeliveryState.UNCERTAIN)
    again = sent_to_all(through)
    assert {who: mail.as_bytes() for who, mail in again.items()} == {
        who: mail.as_bytes() for who, mail in before.items()
    }
    shown = CliRunner().invoke(main, ["message", str(sent.id), people[1].email or ""])
    told = message_from_bytes(shown.stdout_bytes, policy=default)
    assert words(told) == words(before[people[1].email or ""])


@pytest.mark.both_databases
def test_approval_freezes_all_three_and_the_web_keeps_to_the_arranged_one(pivot: Topic) -> None:
    keep_briefing(pivot, "first")
    update = approval.approve(drafting.draft(pivot), by="pia")
    kept = Edition.objects.filter(update=update)
    assert sorted(kept.values_list("variant", flat=True)) == ["arranged", "full", "short"]


def test_a_variant_too_heavy_to_go_out_is_named_and_its_readers_get_it_as_arranged(
    pivot: Topic, people: list[Subscriber], through: Through
) -> None:
    pivot.minutes_budget = 0
    pivot.save()
    for slug in ("first", "second"):
        keep_briefing(pivot, slug, body=HEAVY)
    draft = drafting.draft(pivot)
    draft.items.update(depth="standard", depth_by_hand=True)
    checked = CliRunner().invoke(main, ["check", "medias-ai-pivot/draft"])
    assert checked.exit_code == 0
    assert "warn  variants: All in full:" in checked.output
    approval.approve(draft, by="pia", segments=["deep", "everybody"])
    assert "full" in AuditEntry.objects.get(what="approved update").detail["not_to_be_had"]
    (made,) = departures.take_due_updates()
    audience.fill(made)
    mails = sent_to_all(through)
    assert words(mails[people[0].email or ""]).count("Paragraph 1 of") == 0
    assert "Why first matters" in words(mails[people[0].email or ""])


def test_a_segment_keeps_its_depth_until_another_is_named(db: None) -> None:
    run = CliRunner()
    rule = '{"field": "tag", "is": "deep"}'
    run.invoke(main, ["segment", "add", "deep", rule, "--depth", "full"])
    run.invoke(main, ["segment", "add", "deep", rule])
    assert "all in full" in run.invoke(main, ["segment", "list"]).output
