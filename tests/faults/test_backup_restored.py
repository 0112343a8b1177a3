"""An old backup restored: what went out since is not in it, and is not sent again unasked.

The database is put back here as a backup does it to the rows that matter: its pulse, its
mailings and schedules are older than what the machine remembers.
"""

import datetime as dt
from pathlib import Path

import pytest
from django.utils import timezone

from digest import approval, drafting
from digest.audit import AuditEntry
from digest.models import Stage, Topic, Update
from tests.briefings import keep_briefing
from tests.ledgering import readers
from tests.sends import holds, received, states
from workers import identity, ledger, mailings, pulse, recovery, schedule, sending, ticking
from workers.commands.status import _plain
from workers.journal import Journal
from workers.models import BULK, Delivery, Mailing, MailingState, Pulse, Schedule, Slot, SlotResult
from workers.outbox import Outcome, Verdict

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

HOUR = dt.timedelta(hours=1)


def ticked(at: dt.datetime) -> None:
    """The tick ran then."""
    pulse.beat(at, lambda _gap: None)


def put_back(to: dt.datetime) -> None:
    """The database is now what it was then."""
    Pulse.objects.update(at=to)


@pytest.fixture(autouse=True)
def scene(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory of other tests' databases, and no broker that the tick would wait for."""
    pulse._path().unlink(missing_ok=True)
    for module in (ticking, mailings):
        monkeypatch.setattr(module, "wake", lambda *_: None)


def test_an_old_backup_restored_sends_nothing_again_unasked(due: Mailing, relay: Path) -> None:
    now = timezone.now()
    ticked(now - 2 * HOUR)
    ticked(now - HOUR)
    put_back(now - 2 * HOUR)  # all five were mailed since
    ticking.tick()
    due.refresh_from_db()
    assert due.state == MailingState.HELD
    assert "was put back" in due.why
    sending.send(BULK, seconds=1)
    assert received(relay) == []
    assert _plain()["mailings"][0]["why"] == due.why, "digest status says why"
    assert AuditEntry.objects.filter(what="held mailing", about=str(due.id)).exists()
    ticking.tick()
    mailings.resume(due, by="otto")
    ticking.tick()
    sending.send(BULK, seconds=5)
    holds(due, received(relay))


def test_a_paused_mailing_of_the_backup_says_so_too(due: Mailing) -> None:
    now = timezone.now()
    mailings.pause(due, by="otto")
    ticked(now)
    put_back(now - HOUR)
    ticking.tick()
    due.refresh_from_db()
    assert due.state == MailingState.HELD


def test_an_update_approved_in_the_backup_is_held_though_it_was_due_a_moment_ago(
    pivot: Topic, relay: Path
) -> None:
    readers(pivot, 2)
    keep_briefing(pivot, "story")
    approval.approve(drafting.draft(pivot), by="pia")
    ticked(timezone.now())
    put_back(timezone.now() - HOUR)
    ticking.tick()
    sent = Mailing.objects.get()
    assert (sent.state, sent.candidates) == (MailingState.HELD, 0)
    assert "was put back" in sent.why
    mailings.resume(sent, by="otto")
    mailings.prepare(sent.id, 5)
    sending.send(BULK, seconds=5)
    assert len(received(relay)) == 2


def test_a_slot_that_ran_after_the_backup_is_not_run_again(daily: Schedule) -> None:
    keep_briefing(daily.topic, "story")
    slot_at = timezone.now() - HOUR / 2
    Schedule.objects.update(next_at=slot_at, cron="* * * * *", auto=True)
    ticked(timezone.now())
    put_back(timezone.now() - HOUR)
    ticking.tick()
    assert set(Slot.objects.values_list("result", flat=True)) == {SlotResult.HELD}
    assert not Update.objects.filter(stage=Stage.APPROVED).exists()
    daily.refresh_from_db()
    assert daily.next_at > timezone.now() - dt.timedelta(minutes=1), "later slots come as ever"


def test_a_journal_newer_than_the_database_mails_nobody_twice(due: Mailing, relay: Path) -> None:
    """The backup has the batch on lease; its worker sent on, and was killed."""
    batch = ledger.claim(BULK, identity.host(), "dead")
    assert batch is not None
    first, second, *_ = list(due.deliveries.order_by("id"))
    beyond = 10_000 + Delivery.objects.latest("id").id
    journal = Journal.open(identity.journals(), "dead")
    for key in (first.id, beyond, second.id):
        journal.begin(key)
    for key in (first.id, beyond):
        journal.settle(key, Outcome(Verdict.ACCEPTED, 250, "250 OK"))
    journal.close()
    ticked(timezone.now())
    put_back(timezone.now() - HOUR)
    ticking.tick()
    assert list(states(due).values())[:2] == ["accepted", "uncertain"]
    sending.send(BULK, seconds=1)
    assert received(relay) == []
    assert not journal.path.exists()
    holds(due, [first.address, second.address], uncertain=1, ended=False)


def test_yesterdays_database_on_a_new_machine_is_held_by_its_grace(
    due: Mailing, relay: Path
) -> None:
    now = timezone.now()
    Mailing.objects.update(due_at=now - 20 * HOUR)
    Pulse.objects.update_or_create(defaults={"at": now - 20 * HOUR})  # and no memory at all
    ticking.tick()
    due.refresh_from_db()
    assert due.state == MailingState.HELD
    assert "due more than six hours ago" in due.why
    sending.send(BULK, seconds=1)
    assert received(relay) == []


def test_an_update_that_is_found_more_than_six_hours_late_is_held(pivot: Topic) -> None:
    readers(pivot, 2)
    keep_briefing(pivot, "story")
    update = approval.approve(drafting.draft(pivot), by="pia")
    Update.objects.filter(pk=update.pk).update(due_at=timezone.now() - 7 * HOUR)
    ticking.tick()
    sent = Mailing.objects.get()
    assert sent.state == MailingState.HELD
    assert "more than six hours late" in sent.why


def test_a_long_send_and_a_short_stop_are_held_by_nothing(due: Mailing) -> None:
    now = timezone.now()
    Mailing.objects.update(due_at=now - 20 * HOUR)
    ticked(now - 5 * HOUR)
    ticking.tick()
    due.refresh_from_db()
    assert due.state == MailingState.SENDING, "it is slow, and nobody was away for long"


def test_retries_go_on_after_a_long_stop(due: Mailing) -> None:
    now = timezone.now()
    due.deliveries.update(state="deferred", next_attempt_at=now + HOUR)
    Mailing.objects.update(due_at=now - 20 * HOUR, queued=0, deferred=5)
    ticked(now - 7 * HOUR)
    ticking.tick()
    due.refresh_from_db()
    assert due.state == MailingState.SENDING


def test_another_database_is_no_backup(due: Mailing) -> None:
    """Somebody tries PostgreSQL for a day, then goes back to SQLite: both were left in order."""
    now = timezone.now()
    ticked(now - 3 * HOUR)
    first = Pulse.objects.get()
    Pulse.objects.all().delete()
    ticked(now - HOUR)
    Pulse.objects.update(database=first.database, at=first.at)
    ticking.tick()
    due.refresh_from_db()
    assert due.state == MailingState.SENDING


def test_a_backup_restored_is_noticed_once(due: Mailing) -> None:
    seen: list[pulse.Gap] = []
    now = timezone.now()
    pulse.beat(now, seen.append)
    put_back(now - HOUR)
    for seconds in range(3):
        pulse.beat(now + dt.timedelta(seconds=seconds), seen.append)
    assert [gap.cause for gap in seen] == [pulse.Cause.PUT_BACK]


def test_recovery_and_schedule_are_in_the_tick_that_looks_back_first() -> None:
    ran: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ticking, "_run", lambda part: ran.append(part.__name__))
        ticking.tick()
    assert ran[0] == "look_back"
    assert {recovery.recover.__name__, schedule.run_due.__name__} <= set(ran)
