"""Schedules: due times right where clocks change, each slot once, and what becomes of it."""

import datetime as dt
import itertools

import pytest
from django.utils import timezone

from digest import approval, drafting
from digest.errors import NotFound, Refused
from digest.models import Stage, Topic, Update
from tests.briefings import keep_briefing
from workers import rules, schedule, slots
from workers.models import Schedule, Slot, SlotResult
from workers.rules import Rule

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

UTC = dt.UTC
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def due_in(topic: Topic, wait: dt.timedelta, lead: int = 0, auto: bool = False) -> Schedule:
    """A schedule whose next slot comes then."""
    slot = timezone.now() + wait
    made = schedule.set_schedule(topic, Rule("0 7 1 1 *", "UTC", lead), auto, by="test")
    made.next_at = slot - made.ahead
    made.save()
    return made


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Rule("61 * * * *", "UTC"), "is no cron rule"),
        (Rule("* * *", "UTC"), "is no cron rule"),
        (Rule("0 0 7 * * 1", "UTC"), "is no cron rule"),
        (Rule("0 7 * * *", "Mars/Olympus"), "is no time zone"),
        (Rule("0 7 * * *", "../etc"), "is no time zone"),
        (Rule("0 0 30 2 *", "UTC"), "is no cron rule"),
        (Rule("0 7 * * *", "UTC", lead=-1), "at most a week"),
        (Rule("0 7 1 * *", "UTC", lead=10_081), "at most a week"),
        (Rule("0 7 * * *", "UTC", lead=1440), "two drafts would wait at once"),
        (Rule("0 7 * * *", "UTC", blackouts="Christmas"), "'Christmas' is no blackout day"),
        (Rule("0 7 * * *", "UTC", blackouts="13-01"), "is no blackout day"),
        (Rule("0 7 * * *", "UTC", blackouts="2026-12-24..12-26"), "is no blackout day"),
        (Rule("0 7 * * *", "UTC", blackouts="2026-12-26..2026-12-24"), "ends before"),
        (Rule("* * * * *", "UTC", blackouts="01-01..12-31"), "No update would ever go out"),
        (Rule("0 7 25 12 *", "UTC", blackouts="12-25"), "No update would ever go out"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(
    pivot: Topic, rule: Rule, said: str
) -> None:
    with pytest.raises(Refused, match="nothing was changed") as refused:
        schedule.set_schedule(pivot, rule, auto=False, by="test")
    assert said in str(refused.value)
    assert not Schedule.objects.exists()


def test_a_slot_without_news_is_skipped_and_says_why(daily: Schedule) -> None:
    due = daily.slot_at
    assert schedule.run_due(due) == 1
    slot = Slot.objects.get()
    assert (slot.due_at, slot.result) == (due, SlotResult.SKIPPED)
    assert "at least 1" in slot.why
    assert not daily.topic.updates.exclude(stage=Stage.DISCARDED).exists()


def test_what_is_too_little_is_named_and_waits_for_the_next_update(pivot: Topic) -> None:
    pivot.minimum = 2
    pivot.save()
    keep_briefing(pivot, "story", headline="A pier reopens")
    due_in(pivot, -MINUTE)
    schedule.run_due()
    assert Slot.objects.get().why == (
        "One briefing, and Media's AI Pivot wants at least 2. What waits for the next update: "
        "“A pier reopens”."
    )
    assert [item.briefing.slug for item in drafting.draft(pivot).items.all()] == ["story"]


def test_nothing_runs_before_its_time(daily: Schedule) -> None:
    assert schedule.run_due(daily.next_at - dt.timedelta(microseconds=1)) == 0


def test_the_first_slot_lies_after_now(daily: Schedule) -> None:
    assert daily.slot_at > timezone.now()


# ---- lead ---------------------------------------------------------------------------------


def test_with_a_lead_the_draft_is_made_before_and_takes_in_what_came_until_then(
    pivot: Topic,
) -> None:
    made = due_in(pivot, 5 * HOUR, lead=300 + 1)  # its draft was due a minute ago
    keep_briefing(pivot, "in-time")
    keep_briefing(pivot, "late", published_at=timezone.now() - MINUTE / 2)
    assert schedule.run_due() == 1
    update = pivot.updates.get()
    assert [item.briefing.slug for item in update.items.all()] == ["in-time"]
    assert update.until == made.next_at
    assert update.planned_at == made.slot_at
    slot = Slot.objects.get()
    assert (slot.result, slot.why) == (SlotResult.DRAFTED, "1 item waits for an editor.")


def test_an_approval_in_time_goes_out_at_the_slot_and_not_before(pivot: Topic) -> None:
    keep_briefing(pivot, "story")
    made = due_in(pivot, HOUR, lead=61)
    schedule.run_due()
    approved = approval.approve(pivot.updates.get(), by="pia@example.org")
    assert approved.due_at == made.slot_at


def test_who_approves_for_now_is_not_kept_waiting_for_the_slot(pivot: Topic) -> None:
    keep_briefing(pivot, "story")
    due_in(pivot, HOUR, lead=61)
    schedule.run_due()
    approved = approval.approve(pivot.updates.get(), by="pia@example.org", at=timezone.now())
    assert approved.due_at is not None
    assert approved.due_at <= timezone.now()


def test_what_nobody_approved_by_its_slot_stays_a_draft_and_is_not_sent(pivot: Topic) -> None:
    keep_briefing(pivot, "story")
    made = due_in(pivot, HOUR, lead=61)
    schedule.run_due()
    for wait in (MINUTE, 2 * HOUR):
        schedule.run_due(made.slot_at + wait)
    assert pivot.updates.get().stage == Stage.DRAFT


def test_without_a_lead_an_approval_goes_out_at_once(pivot: Topic) -> None:
    keep_briefing(pivot, "story")
    due_in(pivot, -MINUTE)
    schedule.run_due()
    update = pivot.updates.get()
    assert update.planned_at is None
    approved = approval.approve(update, by="pia@example.org")
    assert approved.due_at is not None
    assert approved.due_at <= timezone.now()


# ---- auto ---------------------------------------------------------------------------------


def test_auto_approves_where_every_check_passes_and_sends_at_the_slot(pivot: Topic) -> None:
    keep_briefing(pivot, "story")
    made = due_in(pivot, HOUR, lead=61, auto=True)
    schedule.run_due()
    update = pivot.updates.get()
    assert (update.stage, update.unattended) == (Stage.APPROVED, True)
    assert update.due_at == made.slot_at
    slot = Slot.objects.get()
    assert (slot.result, slot.why) == (SlotResult.APPROVED, "1 item approved by the schedule.")


@pytest.mark.parametrize(
    ("word", "blocks"), [("TBD", False), ("TODO", True)], ids=["warning", "block"]
)
def test_auto_leaves_what_a_check_finds_to_a_person_and_says_what_it_was(
    pivot: Topic, word: str, blocks: bool
) -> None:
    keep_briefing(pivot, "story", summary=f"The pier reopens {word}.")
    due_in(pivot, -MINUTE, auto=True)
    schedule.run_due()
    slot = Slot.objects.get()
    assert slot.result == SlotResult.DRAFTED
    assert "since not every check passes" in slot.why
    assert f"leftovers: “{word}” stands in the summary." in slot.why
    update = pivot.updates.get()
    assert update.stage == Stage.DRAFT
    if blocks:
        with pytest.raises(approval.Blocked):
            approval.approve(update, by="pia@example.org")
    else:  # a warning stops nobody who has looked
        approval.approve(update, by="pia@example.org")


def test_auto_does_not_approve_what_a_person_took_back(pivot: Topic) -> None:
    keep_briefing(pivot, "story")
    approval.unapprove(approval.approve(drafting.draft(pivot), by="pia"), by="pia")
    due_in(pivot, MINUTE, lead=1, auto=True)
    schedule.run_due()
    assert pivot.updates.get().stage == Stage.DRAFT
    assert "taken back" in Slot.objects.get().why


# ---- blackout days ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blackouts", "dark"),
    [
        ("2026-12-24..2026-12-26", ["24 12", "25 12", "26 12"]),
        ("12-25", ["25 12"]),
        ("12-31..01-01, 2026-12-27", ["27 12", "31 12", "01 01"]),
        ("2025-12-24..2025-12-26", []),
        ("", []),
    ],
)
def test_blackout_days_are_days_and_ranges_of_one_year_or_every_year(
    blackouts: str, dark: list[str]
) -> None:
    rule = rules.checked(Rule("0 7 * * *", "Europe/London", blackouts=blackouts))
    runs = itertools.islice(rules.runs(rule, dt.datetime(2026, 12, 23, 12, tzinfo=UTC)), 10)
    assert [f"{run.at:%d %m}" for run in runs if run.blackout] == dark


def test_a_blackout_day_is_one_of_the_schedules_own_zone() -> None:
    rule = Rule("0 7 * * *", "Pacific/Apia", blackouts="2026-12-25")
    runs = itertools.islice(rules.runs(rule, dt.datetime(2026, 12, 24, tzinfo=UTC)), 3)
    # 07:00 of the 25th in Apia, thirteen hours ahead, is 18:00 of the 24th in UTC.
    assert [f"{run.at:%d %H:%M}" for run in runs if run.blackout] == ["24 18:00"]


@pytest.mark.parametrize(
    ("rule", "after", "first"),
    [
        (
            Rule("* * * * *", "Europe/London", blackouts="01-01..06-30"),
            "2026-01-01",
            "2026-06-30T23",
        ),
        (Rule("0 7 29 2 *", "UTC", blackouts="2028-02-29"), "2026-01-01", "2032-02-29T07"),
        # Where midnight itself is skipped, the day begins at one.
        (Rule("0 * * * *", "Asia/Beirut", blackouts="03-28"), "2026-03-28", "2026-03-28T22"),
    ],
)
def test_the_first_update_to_go_out_is_the_first_run_after_the_blackout_days(
    rule: Rule, after: str, first: str
) -> None:
    run = rules.first_out(rule, dt.datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert run is not None
    assert run.at == dt.datetime.fromisoformat(first + ":00+00:00")


def test_a_slot_on_a_blackout_day_is_skipped_with_that_reason(daily: Schedule) -> None:
    keep_briefing(daily.topic, "story")
    Schedule.objects.update(blackouts=f"{daily.slot_at:%Y-%m-%d}")
    schedule.run_due(daily.slot_at)
    slot = Slot.objects.get()
    assert slot.result == SlotResult.SKIPPED
    assert "is a blackout day of its schedule" in slot.why
    assert not daily.topic.updates.exists()


def test_a_welcome_names_the_first_day_that_is_no_blackout_day(daily: Schedule) -> None:
    daily.blackouts = f"{daily.slot_at:%Y-%m-%d}"
    following = schedule.next_update(daily)
    assert following is not None
    assert dt.timedelta(hours=23) <= following - daily.slot_at <= dt.timedelta(hours=25)


# ---- missed, held, decided ----------------------------------------------------------------


def held_slot(daily: Schedule) -> Slot:
    """One that was found seven hours late."""
    Schedule.objects.update(next_at=timezone.now() - 7 * HOUR, cron="0 0 1 1 *")
    schedule.run_due()
    return Slot.objects.get()


def test_of_the_missed_slots_the_latest_runs_once_within_its_grace(daily: Schedule) -> None:
    keep_briefing(daily.topic, "story")
    now = timezone.now()
    Schedule.objects.update(next_at=now - dt.timedelta(days=9), cron="* * * * *")
    assert [schedule.run_due(now), schedule.run_due(now)] == [1, 0]
    slot = Slot.objects.get()
    assert now - slot.due_at < MINUTE
    assert slot.result == SlotResult.DRAFTED


def test_a_held_slot_can_be_assembled_by_hand_and_waits_for_an_approval(daily: Schedule) -> None:
    keep_briefing(daily.topic, "story")
    slot = held_slot(daily)
    assert "Assemble it now" in slot.why
    assert list(slots.held()) == [slot]
    update = slots.assemble(slot, by="edda@example.org")
    slot.refresh_from_db()
    assert (slot.result, slot.update) == (SlotResult.DRAFTED, update)
    assert update.stage == Stage.DRAFT
    assert update.until > slot.due_at + 6 * HOUR, "it takes in what has come since"
    assert not slots.held().exists()


def test_a_held_slot_that_is_let_go_uses_nothing_up(daily: Schedule) -> None:
    keep_briefing(daily.topic, "story")
    slots.let_go(held_slot(daily), by="edda@example.org")
    slot = Slot.objects.get()
    assert slot.result == SlotResult.LET_GO
    assert "Let go by edda@example.org" in slot.why
    assert drafting.draft(daily.topic).items.count() == 1


def test_of_two_who_decide_on_a_held_slot_the_second_is_told(daily: Schedule) -> None:
    slot = held_slot(daily)
    slots.let_go(slot, by="edda@example.org")
    with pytest.raises(Refused, match="decided already"):
        slots.assemble(slot, by="pia@example.org")
    assert not Update.objects.exists()


def test_a_slot_whose_news_an_editor_has_sent_by_hand_is_skipped(daily: Schedule) -> None:
    keep_briefing(daily.topic, "story")
    Schedule.objects.update(next_at=timezone.now() - HOUR, cron="0 0 1 1 *")
    approval.approve(drafting.draft(daily.topic), by="pia@example.org")
    schedule.run_due()
    slot = Slot.objects.get()
    assert slot.result == SlotResult.SKIPPED
    assert slot.why == "Update #1, approved since, has what it would have."


def test_a_slot_that_a_later_one_overtakes_is_passed_by(daily: Schedule) -> None:
    at = daily.slot_at
    Slot.objects.create(topic=daily.topic, due_at=at - 24 * HOUR, result=SlotResult.DUE)
    schedule.run_due(at)
    assert list(Slot.objects.order_by("due_at").values_list("result", flat=True)) == [
        SlotResult.PASSED,
        SlotResult.SKIPPED,
    ]


def test_whoever_died_after_the_approval_has_approved(daily: Schedule) -> None:
    keep_briefing(daily.topic, "story")
    Schedule.objects.update(auto=True, next_at=timezone.now(), cron="0 0 1 1 *")
    schedule.run_due()
    Slot.objects.update(result=SlotResult.RUNNING)  # as it stood before its last write
    schedule.run_due(timezone.now() + 6 * MINUTE)
    assert Slot.objects.get().result == SlotResult.APPROVED
    assert daily.topic.updates.count() == 1


def test_a_worker_that_comes_back_after_another_took_its_slot_changes_nothing(
    daily: Schedule,
) -> None:
    keep_briefing(daily.topic, "story")
    slot = Slot.objects.create(
        topic=daily.topic, due_at=timezone.now(), result=SlotResult.RUNNING, tries=1
    )
    Slot.objects.update(result=SlotResult.DRAFTED, tries=2)
    slots._fulfil(slot, timezone.now())
    assert Slot.objects.get().result == SlotResult.DRAFTED
    assert not Update.objects.exists()


def test_a_schedule_that_is_cleared_leaves_what_was_made(daily: Schedule) -> None:
    keep_briefing(daily.topic, "story")
    schedule.run_due(daily.slot_at)
    schedule.clear(daily.topic, by="test")
    assert daily.topic.updates.filter(stage=Stage.DRAFT).exists()
    with pytest.raises(NotFound, match="digest schedule set"):
        schedule.of(daily.topic)


def test_a_tick_that_finds_nothing_due_asks_twice_and_locks_nothing(
    daily: Schedule, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(2):  # type: ignore[operator]
        schedule.run_due(daily.next_at - MINUTE)
