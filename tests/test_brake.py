"""The brake: what is held, what is warned of, and how a person lets it go on."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from config.cli import main
from config.parsing import brake as read_setting
from digest.audit import AuditEntry
from digest.errors import Refused
from digest.models import Topic
from tests.queueing import a_mailing, an_update
from tests.returning import accepted, deliveries, event
from tests.sends import due_to, received
from workers import mailings
from workers import sending as worker
from workers.brake import judging
from workers.brake.models import Braking, Level, Postmaster
from workers.brake.verdict import Figures, Limit, Limits, Seen, verdict
from workers.feedback.applying import apply
from workers.feedback.models import CameBack, Kind
from workers.models import BULK, Mailing, MailingState
from workers.queue.models import AtDomain
from workers.watch.alert import AlertKind, Watch
from workers.watch.troubles import FINDERS

LIMITS = Limits(Limit(50_000, 200), Limit(3_000, 5))


# ---- the thresholds --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hard", "attempted", "level"),
    [
        (10, 200, Level.BRAKED),
        (9, 200, Level.WARNED),
        (199, 199, Level.CALM),
        (50_000, 1_000_000, Level.BRAKED),
        (49_999, 1_000_000, Level.WARNED),
        (25_000, 1_000_000, Level.WARNED),
        (24_999, 1_000_000, Level.CALM),
        (5, 200, Level.WARNED),
        (4, 200, Level.CALM),
    ],
)
def test_hard_bounces_hold_at_five_in_a_hundred_of_at_least_200(
    hard: int, attempted: int, level: Level
) -> None:
    assert verdict(Figures(attempted, hard), LIMITS).level is level


@pytest.mark.parametrize(
    ("complained", "reported", "level"),
    [
        (5, 1_666, Level.BRAKED),
        (5, 1_667, Level.WARNED),
        (4, 100, Level.CALM),
        (3_000, 1_000_000, Level.BRAKED),
        (2_999, 1_000_000, Level.WARNED),
        (1_500, 1_000_000, Level.WARNED),
        (1_499, 1_000_000, Level.CALM),
    ],
)
def test_complaints_hold_at_three_in_a_thousand_and_at_least_five(
    complained: int, reported: int, level: Level
) -> None:
    said = Figures(reported, 0, reported, complained)
    assert verdict(said, LIMITS).level is level


def test_what_a_person_let_go_on_is_held_again_a_step_later_and_not_at_once() -> None:
    seen = Seen(bounces=62_000)
    assert verdict(Figures(1_000, 62), LIMITS, seen).level is Level.WARNED
    assert verdict(Figures(1_000, 86), LIMITS, seen).level is Level.WARNED
    assert verdict(Figures(1_000, 87), LIMITS, seen).level is Level.BRAKED
    low = Seen(bounces=1_000)
    assert verdict(Figures(1_000, 50), LIMITS, low).level is Level.BRAKED, "no less than at first"


@pytest.mark.parametrize(
    "text",
    ["", "bounces=5%/200", "bounces=5%/200 bounces=5%/200", "bounces=0%/200 complaints=1%/1",
     "bounces=101%/200 complaints=1%/1", "bounces=5/200 complaints=0.3/5"],
)  # fmt: skip
def test_a_setting_that_says_no_two_limits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"share|name"):
        read_setting(text)


# ---- judging ---------------------------------------------------------------------------


def sending(topic: Topic, **said: Any) -> Mailing:
    """A mailing on its way whose counters say so; the brake reads no row."""
    made = a_mailing(topic, update=an_update(topic, Mailing.objects.count() + 1))
    Mailing.objects.filter(id=made.id).update(**said)
    made.refresh_from_db()
    return made


def judged(of: Mailing) -> Mailing:
    judging.judge()
    return Mailing.objects.get(id=of.id)


@pytest.mark.django_db
@pytest.mark.both_databases
def test_refusals_and_what_comes_back_later_are_one_figure_and_each_delivery_counts_once(
    pivot: Topic, settings: Any
) -> None:
    settings.BRAKE = ((500_000, 4), (1_000_000, 5))
    sent = accepted(pivot, 4)
    Mailing.objects.update(state=MailingState.SENDING, started_at=timezone.now())
    one, two, three, _ = deliveries(sent)
    apply([event(one, Kind.HARD, code="5.1.1"), event(two, Kind.SOFT), event(three, Kind.DROPPED)])
    apply([event(one, Kind.HARD, code="5.1.1", id="again")])
    assert judged(sent).state == MailingState.SENDING, "1 of 4"
    Mailing.objects.update(accepted=3, failed=1, hard=1)
    assert judged(sent).state == MailingState.SENDING, "2 of 4, and of nobody left to hold"
    Mailing.objects.update(queued=1)
    assert judged(sent).state == MailingState.HELD, "2 of 4"
    sent.refresh_from_db()
    assert sent.why.startswith("Held by the brake: 2 of 4 attempted bounced for good: 50.0 %")
    (entry,) = AuditEntry.objects.filter(what="held mailing")
    assert (entry.who, entry.about) == ("the brake", str(sent.id))
    assert sent.paused_from == MailingState.SENDING


@pytest.mark.django_db
@pytest.mark.both_databases
def test_it_warns_at_half_and_holds_at_the_whole_by_counters_alone(
    pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    sent = sending(pivot, queued=500, accepted=975, failed=25, hard=25)
    assert judged(sent).state == MailingState.SENDING
    assert judging.of(sent).level == Level.WARNED  # type: ignore[union-attr]
    Mailing.objects.update(accepted=950, failed=50, hard=50)
    assert judged(sent).state == MailingState.HELD
    with django_assert_max_num_queries(4):
        judging.judge()


@pytest.mark.django_db
def test_whoever_lets_it_go_on_says_why_and_sees_it_held_again_only_when_it_is_worse(
    pivot: Topic,
) -> None:
    sent = judged(sending(pivot, queued=500, accepted=938, failed=62, hard=62))
    with pytest.raises(Refused, match="62 of 1,000 attempted bounced for good"):
        mailings.resume(sent, "otto")
    mailings.resume(sent, "otto", "an outage at one provider", Seen(62_000, 0))
    assert judged(sent).state == MailingState.SENDING
    entry = AuditEntry.objects.get(what="let mailing go on")
    assert entry.detail["despite"] == "an outage at one provider"
    Mailing.objects.update(failed=86, hard=86, accepted=914)
    assert judged(sent).state == MailingState.SENDING
    Mailing.objects.update(failed=87, hard=87, accepted=913)
    assert judged(sent).state == MailingState.HELD


@pytest.mark.django_db
def test_ops_are_told_of_a_warning_and_of_a_hold_once_each(pivot: Topic) -> None:
    sent = judged(sending(pivot, queued=500, accepted=970, failed=30, hard=30))
    told = FINDERS[AlertKind.BRAKE]
    (trouble,) = told(timezone.now(), Watch())
    assert "The brake warns: 30 of 1,000 attempted bounced for good" in trouble.words
    Mailing.objects.update(failed=60, hard=60, accepted=940)
    judged(sent)
    (trouble,) = told(timezone.now(), Watch())
    assert "Held by the brake: 60 of 1,000" in trouble.words
    assert list(FINDERS[AlertKind.MAILING_HELD](timezone.now(), Watch())) == []


@pytest.mark.django_db
def test_what_came_back_while_a_person_looked_was_not_seen(pivot: Topic) -> None:
    sent = judged(sending(pivot, queued=500, accepted=938, failed=62, hard=62))
    CameBack.objects.create(mailing=sent, shard=0, bounced=100, hard=100)
    mailings.resume(sent, "otto", "as shown", Seen(62_000, 0))
    assert judged(sent).state == MailingState.HELD


@pytest.mark.django_db
def test_what_is_paused_or_held_by_others_is_resumed_as_ever(pivot: Topic) -> None:
    sent = sending(pivot, queued=5, accepted=5)
    mailings.pause(sent, "otto")
    mailings.resume(sent, "otto")
    Mailing.objects.update(state=MailingState.HELD, why="Too late.")
    mailings.resume(sent, "otto")
    assert Mailing.objects.get().state == MailingState.SENDING


@pytest.mark.django_db
def test_a_relay_that_takes_all_and_bounces_it_an_hour_later_keeps_the_topics_next_one(
    pivot: Topic, retail: Topic
) -> None:
    ended = sending(pivot, state=MailingState.DONE, accepted=1_000)
    CameBack.objects.create(mailing=ended, shard=0, bounced=900, hard=900)
    assert judged(ended).state == MailingState.DONE, "nothing of it can be held any more"
    fresh, other = sending(pivot, queued=9, started_at=None), sending(retail, queued=9)
    assert judged(fresh).state == MailingState.HELD
    assert f"(mailing {ended.id}) ended badly: 900 of 1,000" in Mailing.objects.get(id=fresh.id).why
    assert judged(other).state == MailingState.SENDING
    mailings.resume(fresh, "otto", "the relay was at fault")
    assert judged(fresh).state == MailingState.SENDING
    assert Braking.objects.get(mailing=ended).seen_by == "otto"


@pytest.mark.django_db
def test_a_worker_that_is_quicker_than_the_tick_begins_nothing_that_is_to_be_held(
    pivot: Topic, relay: Path
) -> None:
    ended = sending(pivot, state=MailingState.DONE, accepted=1_000)
    CameBack.objects.create(mailing=ended, shard=0, bounced=900, hard=900)
    judging.judge()
    fresh = due_to(pivot, 5)
    worker.send(BULK, seconds=5)
    assert received(relay) == []
    fresh.refresh_from_db()
    assert (fresh.state, fresh.started_at) == (MailingState.HELD, None)
    mailings.resume(fresh, "otto", "the relay was at fault")
    worker.send(BULK, seconds=5)
    assert len(received(relay)) == 5


# ---- who tells of complaints -----------------------------------------------------------


@pytest.mark.django_db
def test_those_whose_provider_tells_of_no_complaints_are_no_part_of_their_share(
    pivot: Topic, settings: Any
) -> None:
    settings.HOOKS = {"postmark": ("x" * 20,)}
    sent = sending(pivot, queued=500, accepted=4_000)
    AtDomain.objects.create(mailing=sent, domain="gmail.com", accepted=3_000)
    AtDomain.objects.create(mailing=sent, domain="example.org", accepted=1_000)
    CameBack.objects.create(mailing=sent, shard=0, complained=5)
    assert judging.figures([sent])[sent.id].reported == 1_000
    assert judged(sent).state == MailingState.HELD, "5 of 1,000, not of 4,000"


@pytest.mark.django_db
def test_a_postmasters_figure_holds_what_was_sent_there_that_day_and_nothing_else(
    pivot: Topic, retail: Topic
) -> None:
    there, elsewhere = sending(pivot, accepted=300, queued=9), sending(retail, accepted=300)
    AtDomain.objects.create(mailing=there, domain="googlemail.com", accepted=100)
    AtDomain.objects.create(mailing=elsewhere, domain="example.org", accepted=300)
    today = timezone.now().date()
    Postmaster.objects.create(provider="Gmail", day=today - dt.timedelta(days=1), complaints=9.9)
    figure = Postmaster.objects.create(provider="Gmail", day=today, complaints=0.2)
    assert judged(there).state == MailingState.SENDING
    assert Braking.objects.get().level == Level.WARNED
    Postmaster.objects.filter(id=figure.id).update(complaints=0.3)
    assert judged(there).state == MailingState.HELD
    assert "Gmail’s postmaster page says 0.30 % complaints" in Mailing.objects.get(id=there.id).why
    assert judged(elsewhere).state == MailingState.SENDING


# ---- what people see -------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_braked_mailing_is_let_go_on_from_a_page_that_shows_its_figures(
    pivot: Topic, otto: User, signed_in: type[Client]
) -> None:
    sent = judged(sending(pivot, queued=500, accepted=938, failed=62, hard=62))
    browser = signed_in(otto)
    page = browser.get(f"/queue/{sent.id}/").content.decode()
    assert f'href="/queue/{sent.id}/brake/"' in page
    assert "6.2 % bounced for good, brake at 5.0 %" in page
    assert "no provider tells us who complained" in page
    assert browser.post(f"/queue/{sent.id}/resume/").status_code == 302
    assert judged(sent).state == MailingState.HELD, "the plain button confirms nothing"
    shown = browser.get(f"/queue/{sent.id}/brake/").content.decode()
    assert 'name="shown" value="62000 0"' in shown
    assert browser.post(f"/queue/{sent.id}/brake/", {"shown": "62000 0"}).status_code == 422
    said = {"shown": "62000 0", "despite": "an old list,\0 cleaned by now"}
    assert browser.post(f"/queue/{sent.id}/brake/", said).status_code == 302
    assert judged(sent).state == MailingState.SENDING
    assert "brake: warned" in browser.get("/queue/").content.decode()
    assert "Let go on by otto@example.org" in browser.get(f"/queue/{sent.id}/").content.decode()


@pytest.mark.django_db
def test_of_a_mailing_that_ended_nothing_says_that_it_is_held(
    pivot: Topic, otto: User, signed_in: type[Client]
) -> None:
    sent = judged(sending(pivot, state="done", accepted=938, failed=62, hard=62))
    assert judged(sent).state == MailingState.DONE
    page = signed_in(otto).get(f"/queue/{sent.id}/").content.decode()
    assert '<span class="pill bad">brake: ended badly</span>' in page, "its card"
    assert 'Brake <span class="pill bad">ended badly</span>' in page, "its figures"
    assert "ended badly" in signed_in(otto).get("/queue/brake/").content.decode()


@pytest.mark.django_db
def test_the_command_says_the_figures_and_how_to_go_on(pivot: Topic) -> None:
    sent = judged(sending(pivot, queued=500, accepted=938, failed=62, hard=62))
    refused = CliRunner().invoke(main, ["resume", str(sent.id)])
    assert refused.exit_code == 2
    assert f"digest resume {sent.id} --despite" in refused.stderr
    done = CliRunner().invoke(main, ["resume", str(sent.id), "--despite", "cleaned"])
    assert done.exit_code == 0
    assert judged(sent).state == MailingState.SENDING


@pytest.mark.django_db
@pytest.mark.both_databases
def test_a_postmasters_figure_is_entered_on_the_page_or_by_a_command_and_shown_with_its_day(
    pivot: Topic, otto: User, edda: User, signed_in: type[Client]
) -> None:
    sent = sending(pivot, accepted=300, queued=9)
    AtDomain.objects.create(mailing=sent, domain="gmail.com", accepted=200)
    AtDomain.objects.create(mailing=sent, domain="googlemail.com", accepted=50)
    browser, day = signed_in(otto), timezone.now().date()
    page = browser.get(f"/queue/{sent.id}/").content.decode()
    assert "<b>not reported</b>, of 250 messages accepted there" in page
    said = {"provider": "gmail", "day": f"{day}", "complaints": "0,12 %", "words": "hi\0gh"}
    assert browser.post("/queue/brake/figures/", said).status_code == 302
    page = browser.get(f"/queue/{sent.id}/").content.decode()
    assert "Its postmaster page said 0.12 %" in page
    assert "(high), as otto@example.org read it" in page
    assert "Gmail’s postmaster page" in page
    run = CliRunner().invoke(main, ["postmaster", "enter", "googlemail.com", f"{day}", "0.4"])
    assert run.exit_code == 0
    assert Postmaster.objects.get().complaints == 0.4, "a day has one figure"
    assert judged(sent).state == MailingState.HELD
    looked_at = signed_in(edda).get("/queue/brake/").content.decode()
    assert "Gmail’s postmaster page says 0.40 % complaints" in looked_at
    assert "Keep this figure" not in looked_at


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [{"provider": "Jim"}, {"day": "yesterday"}, {"day": "2031-01-01"}, {"complaints": "101"}],
)
def test_a_figure_that_makes_no_sense_is_refused_and_what_was_typed_stays(
    otto: User, signed_in: type[Client], wrong: dict[str, str]
) -> None:
    day = timezone.now().date().isoformat()
    said = {"provider": "Gmail", "day": day, "complaints": "0.1", "words": "as typed"} | wrong
    answer = signed_in(otto).post("/queue/brake/figures/", said)
    assert answer.status_code == 422
    assert "nothing was changed" in answer.content.decode()
    assert 'value="as typed"' in answer.content.decode()
    assert not Postmaster.objects.exists()
