"""Schedules on the desk, and by the command line: set, tried out, held slots decided on."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest.models import Stage, Topic, Update
from tests.briefings import keep_briefing
from workers import schedule
from workers.commands.schedule import schedule as command
from workers.models import Schedule, Slot, SlotResult
from workers.rules import Rule

pytestmark = pytest.mark.django_db

PAGE = "/desk/medias-ai-pivot/schedule/"
TYPED = {"cron": "0 15 * * 0", "zone": "Europe/London", "lead": "300", "blackouts": "12-24..12-26"}


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def run(*words: str) -> Result:
    return CliRunner().invoke(command, words)


@pytest.fixture
def held(pivot: Topic) -> Slot:
    return Slot.objects.create(
        topic=pivot,
        due_at=timezone.now() - dt.timedelta(hours=8),
        result=SlotResult.HELD,
        why="Eight hours late.",
    )


def test_a_publisher_sets_a_schedule_and_changes_it(press: Client, pivot: Topic) -> None:
    press.post(f"{PAGE}set/", TYPED)
    made = Schedule.objects.get()
    assert made.rule == Rule("0 15 * * 0", "Europe/London", 300, "12-24..12-26")
    assert not made.auto
    press.post(f"{PAGE}set/", TYPED | {"auto": "on", "lead": ""})
    made.refresh_from_db()
    assert (made.auto, made.lead) == (True, 0)
    page = press.get(PAGE).content.decode()
    assert 'name="auto" checked' in page
    press.post(f"{PAGE}clear/")
    assert not Schedule.objects.exists()


def test_what_makes_no_sense_is_said_and_what_was_typed_stays(press: Client, pivot: Topic) -> None:
    for wrong in ({"cron": "61 * * * *"}, {"zone": "Mars/Olympus"}, {"lead": "soon"}):
        answer = press.post(f"{PAGE}set/", TYPED | wrong)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "nothing was changed" in page
        assert all(f'value="{one}"' in page for one in wrong.values())
    assert not Schedule.objects.exists()


def test_what_is_typed_is_read_in_words_with_its_next_ten_runs(desk: Client, pivot: Topic) -> None:
    page = text(desk.get(f"{PAGE}runs/", TYPED).content.decode())
    assert "At 15:00 on Sunday, London time" in page
    assert len(re.findall(r"Sun \d+ \w+ \d{4}, 15:00 London", page)) == 10
    assert len(re.findall(r"drafted Sun \d+ \w+ \d{4}, 10:00 London", page)) == 10
    assert not Schedule.objects.exists()
    assert "is no cron rule" in desk.get(f"{PAGE}runs/", {"cron": "x"}).content.decode()


def test_runs_on_blackout_days_are_marked(desk: Client, pivot: Topic) -> None:
    year = timezone.now().year
    typed = TYPED | {"blackouts": f"{year}-01-01..{year + 1}-12-31", "lead": "0"}
    page = desk.get(f"{PAGE}runs/", typed).content.decode()
    assert page.count("skipped: blackout day") == 10


def test_commands_name_the_first_run_that_is_on_no_blackout_day(pivot: Topic) -> None:
    year = timezone.now().year
    days = ("--blackout", f"{year}-01-01..{year + 1}-12-31")
    said = run("set", pivot.slug, "0 15 * * *", "--zone", "UTC", "--lead", "60", *days).output
    assert f"goes out next {dt.date(year + 2, 1, 1):%A} 01 January {year + 2} 15:00 UTC" in said
    assert f"made {dt.date(year + 2, 1, 1):%A} 01 January {year + 2} 14:00 UTC" in said
    assert f"01 January {year + 2} 15:00 UTC" in run("list").output


def test_a_usual_rule_is_a_link_that_works_without_script(desk: Client, pivot: Topic) -> None:
    link = re.search(r'href="(\?cron=[^"]+)"[^>]*>Weekdays 07:00<', desk.get(PAGE).content.decode())
    assert link is not None
    page = desk.get(PAGE + link[1]).content.decode()
    assert "At 07:00 on Monday through Friday" in page


def test_an_editor_may_try_rules_out_and_not_set_them(desk: Client, pivot: Topic) -> None:
    page = desk.get(PAGE).content.decode()
    assert "A publisher sets it" in page
    assert "No schedule is set: updates are assembled by hand" in page
    assert "Set the schedule" not in page


def test_the_desk_says_what_was_skipped_why_and_what_waits(desk: Client, pivot: Topic) -> None:
    pivot.minimum = 2
    pivot.save()
    keep_briefing(pivot, "story", headline="A pier reopens")
    made = schedule.set_schedule(pivot, Rule("0 7 * * *", "UTC"), auto=False, by="test")
    Schedule.objects.update(next_at=timezone.now(), cron="0 0 1 1 *")
    schedule.run_due()
    page = text(desk.get("/queue/desk/").content.decode())
    assert f"skipped The update of {timezone.now():%a} " in page
    assert "at least 2" in page
    assert "“A pier reopens”" in page
    assert re.search(r"Next \w{3} \d+ \w{3} \d{4}, 00:00 UTC ?, in \d+ d", page)
    assert 'hx-get="/queue/desk/"' in desk.get("/desk/").content.decode()
    assert made.topic == pivot


def test_the_desk_says_why_nothing_was_approved_by_itself(desk: Client, pivot: Topic) -> None:
    keep_briefing(pivot, "story", summary="The pier reopens TBD.")
    schedule.set_schedule(pivot, Rule("0 7 * * *", "UTC"), auto=True, by="test")
    Schedule.objects.update(next_at=timezone.now(), cron="0 0 1 1 *")
    schedule.run_due()
    page = text(desk.get("/queue/desk/").content.decode())
    assert "needs a person Not approved by itself, since not every check passes" in page


def test_the_desk_says_when_a_draft_goes_out_and_that_it_missed_its_time(
    desk: Client, press: Client, draft: Update
) -> None:
    draft.planned_at = timezone.now() + dt.timedelta(hours=5, minutes=19, seconds=30)
    draft.save()
    for page in ("/desk/", "/desk/medias-ai-pivot/draft/"):
        assert "in 5 h 19 min, if it is approved by then" in text(desk.get(page).content.decode())
    form = press.get("/desk/medias-ai-pivot/draft/review/").content.decode()
    assert 'value="planned" checked' in form
    draft.planned_at = timezone.now() - dt.timedelta(minutes=5)
    draft.save()
    for page in ("/desk/", "/desk/medias-ai-pivot/draft/", "/queue/"):
        said = text(desk.get(page).content.decode())
        assert "missed its time" in said
        assert "nothing was sent" in said


def test_a_publisher_approves_for_the_slot_or_for_now(press: Client, draft: Update) -> None:
    planned = timezone.now() + dt.timedelta(hours=5)
    for when in ("planned", "now"):
        Update.objects.filter(pk=draft.pk).update(planned_at=planned)
        page = press.get("/desk/medias-ai-pivot/draft/review/").content.decode()
        seen = re.search(r'name="seen" value="(\w+)"', page)
        assert seen is not None
        press.post("/desk/medias-ai-pivot/draft/approve/", {"when": when, "seen": seen[1]})
        update = Update.objects.get(pk=draft.pk)
        assert update.stage == Stage.APPROVED
        assert (update.due_at == planned) == (when == "planned")
        press.post(f"/desk/medias-ai-pivot/{update.number}/unapprove/")


@pytest.mark.parametrize("where", ["/queue/desk/", PAGE, "/queue/"])
def test_a_held_slot_is_shown_with_what_one_can_do(desk: Client, held: Slot, where: str) -> None:
    page = desk.get(where).content.decode()
    assert "Eight hours late." in page
    assert "Assemble it now" in page
    assert "Let it go" in page


def test_an_editor_assembles_a_held_slot(desk: Client, held: Slot) -> None:
    answer = desk.post(f"{PAGE}held/", {"slot": held.id, "do": "assemble"})
    assert answer.headers["Location"] == "/desk/medias-ai-pivot/draft/"
    held.refresh_from_db()
    assert held.result == SlotResult.DRAFTED
    assert "Assembled by edda@example.org" in held.why


def test_ops_let_a_held_slot_go(
    otto: User, signed_in: Callable[[User], Client], held: Slot
) -> None:
    signed_in(otto).post(f"{PAGE}held/", {"slot": held.id, "do": "let-go", "back": "queue"})
    held.refresh_from_db()
    assert held.result == SlotResult.LET_GO


def test_a_slot_of_another_topic_is_not_decided_on_from_here(desk: Client, held: Slot) -> None:
    Topic.objects.create(slug="other", name="Other")
    answer = desk.post("/desk/other/schedule/held/", {"slot": held.id, "do": "let-go"})
    assert answer.status_code == 404


# ---- commands -----------------------------------------------------------------------------


def test_the_command_sets_a_schedule_and_says_what_comes(pivot: Topic) -> None:
    said = run("set", pivot.slug, "0 15 * * 0", "--zone", "Europe/London", "--lead", "300",
               "--blackout", "12-24..12-26", "--blackout", "2027-04-02")  # fmt: skip
    assert said.exit_code == 0
    assert "assembled, then left for an editor. Its draft is made Sunday" in said.output
    assert Schedule.objects.get().blackouts == "12-24..12-26, 2027-04-02"
    run("clear", pivot.slug)
    assert not Schedule.objects.exists()


def test_a_schedule_is_in_its_topics_zone_unless_told_and_listed_with_all_it_has(
    pivot: Topic,
) -> None:
    Topic.objects.update(zone="Asia/Tokyo")
    run("set", pivot.slug, "0 15 * * 0", "--lead", "90", "--blackout", "12-24")
    assert Schedule.objects.get().zone == "Asia/Tokyo"
    assert "drafted 90 minutes before\tnot on 12-24" in run("list").output


def test_the_command_lists_the_next_runs_in_another_zone_too(pivot: Topic) -> None:
    run("set", pivot.slug, "0 15 * * 0", "--zone", "Europe/London")
    lines = run("next", pivot.slug, "-n", "3", "--zone", "Asia/Kathmandu").output.splitlines()
    assert len(lines) == 3
    here, there, utc = lines[0].split("\t")
    assert re.fullmatch(r"Sun .* 15:00 (GMT|BST)", here)
    assert re.fullmatch(r"Sun .* (20:45|19:45) \+0545", there)
    assert re.fullmatch(r"[0-9-]+T1[45]:00:00Z", utc)


def test_the_command_assembles_or_lets_go_what_is_held(pivot: Topic, held: Slot) -> None:
    assert "Eight hours late.\tdigest schedule assemble" in run("list").output
    assert run("assemble", pivot.slug).exit_code == 0
    held.refresh_from_db()
    assert held.result == SlotResult.DRAFTED
    assert run("let-go", pivot.slug).exit_code != 0, "nothing is held any more"


def test_the_page_shows_the_coming_weeks_of_what_is_typed(desk: Client, pivot: Topic) -> None:
    page = desk.get(f"{PAGE}runs/", {"cron": "15 6 * * *", "zone": "UTC"}).content.decode()
    assert page.count(">06:15</span>") >= 28
    assert "The coming five weeks" in page
    assert "The coming five weeks" not in desk.get(f"{PAGE}runs/", {"cron": "x"}).content.decode()
