"""The queue's pages: who may, what they show, what the buttons change."""

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digest.audit import AuditEntry
from digest.models import Stage, Topic
from tests.queueing import a_crew, a_mailing, an_update
from workers.models import (
    Delivery,
    Mailing,
    MailingKind,
    MailingState,
    Slot,
    SlotResult,
)
from workers.rules import Rule
from workers.schedule import set_schedule

LOOKED_AT = [
    "",
    "live/",
    "past/",
    "deliveries/",
    "workers/",
    "{m}/",
    "{m}/live/",
    "of/medias-ai-pivot/2/",
]
OPENED_BY_OPS = ["{m}/cancel/", "{m}/rate/", "{m}/resend/"]
DONE = ["{m}/pause/", "{m}/resume/", "{m}/cancel/", "{m}/rate/", "{m}/retry/", "{m}/settle/"]


@pytest.fixture
def sending(pivot: Topic) -> Mailing:
    """Update #2 on its way: 3 gone, 4 to go."""
    return a_mailing(pivot, update=an_update(pivot, 2), accepted=3, queued=4, leased=True)


# ---- who may -------------------------------------------------------------------------


def test_whoever_is_not_signed_in_is_led_to_the_sign_in_page_and_changes_nothing(sending, client):
    for path in LOOKED_AT + OPENED_BY_OPS:
        response = client.get(f"/queue/{path.format(m=sending.id)}")
        assert response.status_code == 302, path
        assert response["Location"].startswith("/login/?next=/queue/"), path
    for path in DONE:
        response = client.post(f"/queue/{path.format(m=sending.id)}", {"how": "accept"})
        assert (response.status_code, response["Location"][:7]) == (302, "/login/"), path
    sending.refresh_from_db()
    assert sending.state == MailingState.SENDING


@pytest.mark.parametrize("who", ["edda", "pia", "otto", "ada"])
def test_editors_and_publishers_look_and_only_ops_and_admins_act(who, sending, signed_in, request):
    browser = signed_in(request.getfixturevalue(who))
    for path in LOOKED_AT:
        assert browser.get(f"/queue/{path.format(m=sending.id)}").status_code == 200, path
    acts = who in {"otto", "ada"}
    for path in OPENED_BY_OPS:
        found = browser.get(f"/queue/{path.format(m=sending.id)}").status_code
        assert found == (200 if acts else 403), path
    for path in DONE:
        found = browser.post(f"/queue/{path.format(m=sending.id)}").status_code
        assert found == (302 if acts else 403), path
    page = browser.get(f"/queue/{sending.id}/").content.decode()
    sending.refresh_from_db()
    assert (sending.state == MailingState.SENDING) == (not acts)
    assert "Cancel…" not in page


def test_a_member_of_staff_without_a_role_may_not_look(sending, signed_in):
    nobody = User.objects.create(username="nobody@example.org")
    assert signed_in(nobody).get("/queue/").status_code == 403


def test_looking_never_acts(sending, otto, signed_in):
    browser = signed_in(otto)
    for path in DONE:
        assert browser.get(f"/queue/{path.format(m=sending.id)}").status_code in {200, 405}
    sending.refresh_from_db()
    assert (sending.state, sending.queued) == (MailingState.SENDING, 4)


def test_an_action_without_the_page_s_token_is_refused(sending, otto):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(otto)
    assert browser.post(f"/queue/{sending.id}/pause/").status_code == 403
    page = browser.get("/queue/").content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    told = {"csrfmiddlewaretoken": token[1]}
    assert browser.post(f"/queue/{sending.id}/pause/", told).status_code == 302


def test_a_fragment_asked_for_after_the_session_ended_reloads_the_page(sending, client):
    response = client.get("/queue/live/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (200, "true")
    assert not response.content


@pytest.mark.parametrize("path", ["999/", "999/pause/", "9999999999999999999999/", "of/x/2/"])
def test_what_does_not_exist_is_not_found(path, otto, signed_in):
    browser = signed_in(otto)
    assert browser.get(f"/queue/{path}").status_code in {404, 405}
    assert browser.post(f"/queue/{path}").status_code in {404, 405}


# ---- what the buttons change ---------------------------------------------------------


def test_pause_and_resume_change_the_mailing_and_are_kept_with_the_name(sending, otto, signed_in):
    browser = signed_in(otto)
    browser.post(f"/queue/{sending.id}/pause/")
    sending.refresh_from_db()
    assert (sending.state, sending.why) == (MailingState.PAUSED, "Paused by otto@example.org.")
    page = browser.get(f"/queue/{sending.id}/").content.decode()
    assert "Paused by otto@example.org. What is on the wire ends within seconds." in page
    browser.post(f"/queue/{sending.id}/resume/")
    sending.refresh_from_db()
    assert sending.state == MailingState.SENDING
    by_otto = AuditEntry.objects.filter(who="otto@example.org").order_by("id")
    assert list(by_otto.values_list("what", "about")) == [
        ("paused mailing", str(sending.id)),
        ("resumed mailing", str(sending.id)),
    ]


def test_a_button_on_the_list_leads_back_to_the_list(sending, otto, signed_in):
    browser = signed_in(otto)
    whole = browser.post(f"/queue/{sending.id}/pause/", {"back": "queue"})
    assert whole["Location"] == "/queue/"
    astray = browser.post(f"/queue/{sending.id}/resume/", {"back": "//evil.example"})
    assert astray["Location"] == f"/queue/{sending.id}/"


def test_cancelling_shows_the_exact_remainder_first_then_excludes_just_that(pivot, otto, signed_in):
    mailing = a_mailing(
        pivot, update=an_update(pivot, 2), accepted=1300, queued=1203, deferred=31, excluded=4
    )
    browser = signed_in(otto)
    page = browser.get(f"/queue/{mailing.id}/cancel/").content.decode()
    assert "Cancel the remaining 1,234" in page
    assert "1,203 queued and 31 deferred" in page
    assert Mailing.objects.get(id=mailing.id).state == MailingState.SENDING
    done = browser.post(f"/queue/{mailing.id}/cancel/", follow=True).content.decode()
    assert "Cancelled: 1,300 had gone, 1,234 will not go." in done
    mailing.refresh_from_db()
    assert (mailing.state, mailing.excluded, mailing.accepted) == ("cancelled", 1238, 1300)
    assert mailing.deliveries.filter(reason="cancelled").count() == 1234
    assert "were not yet sent when it was cancelled" in done


def test_the_confirm_page_of_an_ended_mailing_has_no_button(pivot, otto, signed_in):
    mailing = a_mailing(pivot, state=MailingState.DONE, accepted=3, finished_at=timezone.now())
    page = signed_in(otto).get(f"/queue/{mailing.id}/cancel/").content.decode()
    assert "there is nothing to cancel" in page
    assert "Cancel the remaining" not in page


@pytest.mark.parametrize(
    ("said", "kept"), [("70", 70), ("0.5", 0.5), ("1,000", 1000), ("", None), (" 12.5 ", 12.5)]
)
def test_the_rate_is_set_as_typed(said, kept, sending, otto, signed_in):
    sending.rate = 3
    sending.save()
    signed_in(otto).post(f"/queue/{sending.id}/rate/", {"rate": said})
    sending.refresh_from_db()
    assert sending.rate == kept


@pytest.mark.parametrize("said", ["fast", "0", "-1", "nan", "inf", "1e300", "<b>7</b>", "70\0"])
def test_what_is_no_rate_is_refused_and_shown_again(said, sending, otto, signed_in):
    response = signed_in(otto).post(f"/queue/{sending.id}/rate/", {"rate": said})
    assert response.status_code == 422
    assert "is no rate; nothing was changed" in response.content.decode()
    assert "<b>7</b>" not in response.content.decode()
    sending.refresh_from_db()
    assert sending.rate is None


def test_the_rate_of_an_ended_mailing_stays(pivot, otto, signed_in):
    mailing = a_mailing(pivot, state=MailingState.DONE, accepted=3, rate=9)
    page = signed_in(otto).post(f"/queue/{mailing.id}/rate/", {"rate": "70"}, follow=True)
    assert "its rate was not changed" in page.content.decode()
    mailing.refresh_from_db()
    assert mailing.rate == 9


def test_retrying_queues_the_failed_and_the_deferred(pivot, otto, signed_in):
    mailing = a_mailing(pivot, state=MailingState.DONE, accepted=3, failed=2, deferred=1)
    browser = signed_in(otto)
    assert "Try all 3 again now" in browser.get(f"/queue/{mailing.id}/").content.decode()
    page = browser.post(f"/queue/{mailing.id}/retry/", follow=True).content.decode()
    assert "3 deliveries are queued again." in page
    mailing.refresh_from_db()
    assert (mailing.queued, mailing.failed, mailing.deferred) == (3, 0, 0)
    assert mailing.state == MailingState.SENDING


def test_the_uncertain_are_named_and_taken_as_sent_or_sent_again(pivot, otto, signed_in):
    browser = signed_in(otto)
    for how, counts in (("accept", (5, 0)), ("resend", (3, 2))):
        mailing = a_mailing(pivot, state=MailingState.DONE, accepted=3, uncertain=2)
        page = browser.get(f"/queue/{mailing.id}/").content.decode()
        assert "uncertain0@example.org" in page
        assert "Take 2 as sent" in page
        browser.post(f"/queue/{mailing.id}/settle/", {"how": how})
        mailing.refresh_from_db()
        assert (mailing.accepted, mailing.queued) == counts
        assert mailing.uncertain == 0


def test_settling_without_saying_how_changes_nothing(pivot, otto, signed_in):
    mailing = a_mailing(pivot, state=MailingState.DONE, uncertain=2)
    page = signed_in(otto).post(f"/queue/{mailing.id}/settle/", {"how": "failed"}, follow=True)
    assert "Say whether" in page.content.decode()
    mailing.refresh_from_db()
    assert mailing.uncertain == 2


def test_nothing_of_a_cancelled_mailing_is_sent_again(pivot, otto, signed_in):
    mailing = a_mailing(pivot, state=MailingState.CANCELLED, uncertain=2, excluded=1)
    browser = signed_in(otto)
    assert "same Message-ID" not in browser.get(f"/queue/{mailing.id}/").content.decode()
    browser.post(f"/queue/{mailing.id}/settle/", {"how": "resend"})
    mailing.refresh_from_db()
    assert (mailing.uncertain, mailing.queued) == (2, 0)


def test_an_action_that_comes_too_late_says_so(sending, otto, signed_in):
    Mailing.objects.filter(id=sending.id).update(state=MailingState.DONE)
    page = signed_in(otto).post(f"/queue/{sending.id}/pause/", follow=True).content.decode()
    assert "is done; there is nothing to pause" in page


# ---- what they show ------------------------------------------------------------------


def test_the_list_shows_each_mailing_with_its_sheet_and_its_state_in_words(pivot, otto, signed_in):
    a_crew()
    a_mailing(
        pivot, update=an_update(pivot, 2), accepted=5, queued=2, excluded=1, rate=70, leased=True
    )
    page = signed_in(otto).get("/queue/").content.decode()
    for words in (
        "Media&#x27;s AI Pivot · Update #2",
        '<span class="pill ok">sending</span>',
        "5 accepted",
        "= 8 candidates ✓ balances",
        "of 70 asked",
        "5 of 7 who are to get it",
        "all well",
    ):
        assert words in page, words


def test_what_wants_a_person_comes_first_and_a_sheet_that_does_not_balance_shows(
    pivot, otto, signed_in
):
    a_crew()
    a_mailing(pivot, update=an_update(pivot, 1), queued=1)
    held = a_mailing(pivot, update=an_update(pivot, 2), queued=1, state="held", why="Too late.")
    Mailing.objects.filter(id=held.id).update(candidates=3)
    page = signed_in(otto).get("/queue/").content.decode()
    assert page.index("Update #2") < page.index("Update #1")
    assert "≠ 3 candidates: 2 missing" in page
    assert "Too late." in page
    assert "all well" not in page


def test_all_is_not_well_without_workers(sending, otto, signed_in):
    page = signed_in(otto).get("/queue/").content.decode()
    assert "Nobody serves tick, urgent, bulk" in page
    assert "all well" not in page


def test_what_comes_next_is_listed_with_its_time_and_what_is_late_is_said(pivot, otto, signed_in):
    a_crew()
    now = timezone.now()
    an_update(pivot, 3, Stage.APPROVED, title="Ferries", due_at=now + dt.timedelta(hours=5))
    set_schedule(pivot, Rule("0 15 * * 0", "Europe/London"), auto=False, by="test")
    browser = signed_in(otto)
    page = browser.get("/queue/").content.decode()
    assert "Update #3 · Ferries" in page
    assert "needs an editor" in page
    assert "all well" in page
    an_update(pivot, 4, Stage.APPROVED, due_at=now - dt.timedelta(minutes=5))
    page = browser.get("/queue/").content.decode()
    assert "1 late" in page
    assert "all well" not in page


def test_a_held_slot_is_shown_with_its_reason_until_a_later_one_ran(pivot, otto, signed_in):
    at = timezone.now() - dt.timedelta(hours=8)
    Slot.objects.create(topic=pivot, due_at=at, result=SlotResult.HELD, why="Eight hours late.")
    browser = signed_in(otto)
    assert "Eight hours late." in browser.get("/queue/").content.decode()
    Slot.objects.create(topic=pivot, due_at=timezone.now(), result=SlotResult.DRAFTED)
    assert "Eight hours late." not in browser.get("/queue/").content.decode()


def test_confirmations_are_summed_not_listed(pivot, otto, signed_in):
    for _ in range(3):
        a_mailing(pivot, kind=MailingKind.CONFIRM, state=MailingState.DONE, accepted=2)
    page = signed_in(otto).get("/queue/").content.decode()
    assert "= 6 candidates ✓ balances" in page
    assert page.count("Confirmation") == 1


def test_a_confirmation_that_does_not_go_is_shown(pivot, otto, signed_in):
    a_mailing(pivot, kind=MailingKind.CONFIRM, queued=1)
    assert "Media&#x27;s AI Pivot · Confirmation" in signed_in(otto).get("/queue/").content.decode()


def test_one_mailing_s_page_counts_rows_and_tells_answers_and_reasons(pivot, otto, signed_in):
    mailing = a_mailing(
        pivot, accepted=5, failed=2, excluded=3, answer="550 5.1.1 <someone> no such user"
    )
    page = signed_in(otto).get(f"/queue/{mailing.id}/").content.decode()
    for words in (
        "left after the audience was looked up",
        "550 5.1.1",
        "No such mailbox",
        "failed0@example.org",
        "✓ balances",
    ):
        assert words in page, words


def test_rows_that_don_t_say_what_the_counters_say_are_told(pivot, otto, signed_in):
    mailing = a_mailing(pivot, accepted=5, failed=2)
    Delivery.objects.filter(mailing=mailing, state="failed").update(state="accepted")
    page = signed_in(otto).get(f"/queue/{mailing.id}/").content.decode()
    assert "It does not balance" in page


def test_the_relay_s_answer_is_text_whatever_it_says(pivot, otto, signed_in):
    evil = "550 <script>alert(1)</script> <img src=x onerror=alert(2)> \" ' {{ 7*7 }} hx-get=/x"
    mailing = a_mailing(pivot, failed=1, uncertain=1, answer=evil, why=evil, state="held")
    Delivery.objects.filter(mailing=mailing).update(name="<svg onload=alert(3)>")
    browser = signed_in(otto)
    one = f"{mailing.id}/"
    for path in ("", "live/", one, f"{one}?state=failed", f"{one}?state=uncertain", f"{one}live/"):
        page = browser.get(f"/queue/{path}").content.decode()
        assert "<script>alert" not in page, path
        assert "<img" not in page, path
        assert "<svg onload" not in page, path
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page, path
        assert "{{ 7*7 }}" in page, path


def test_the_deliveries_are_paged_by_their_place(pivot, otto, signed_in):
    mailing = a_mailing(pivot, state=MailingState.DONE, failed=120, answer="550 no")
    browser = signed_in(otto)
    seen: list[str] = []
    path = f"/queue/{mailing.id}/?state=failed"
    for _ in range(3):
        page = browser.get(path).content.decode()
        seen += re.findall(r"failed\d+@example\.org", page)
        more = re.search(r'rel="next" href="([^"#]+)', page)
        path = f"/queue/{mailing.id}/" + (more[1].replace("&amp;", "&") if more else "")
    assert more is None
    assert seen == [f"failed{i}@example.org" for i in range(120)]


@pytest.mark.parametrize(
    "query", ["state=accepted", "state='", "after=x", "after=-1", "state=&after=" + "9" * 30]
)
def test_a_naughty_query_is_as_none(query, pivot, otto, signed_in):
    mailing = a_mailing(pivot, accepted=1, failed=1, answer="550 no")
    page = signed_in(otto).get(f"/queue/{mailing.id}/?{query}")
    assert page.status_code == 200
    assert "failed0@example.org" in page.content.decode()
    assert "accepted0@" not in page.content.decode()


def test_ended_mailings_are_paged(pivot, otto, signed_in):
    for _ in range(25):
        a_mailing(pivot, kind=MailingKind.TEST, state=MailingState.DONE, accepted=1)
    browser = signed_in(otto)
    page = browser.get("/queue/").content.decode()
    older = re.search(r'href="(/queue/past/\?before=\d+)"', page)
    assert older
    rest = browser.get(older[1]).content.decode()
    assert page.count('id="past-') + rest.count('id="past-') == 25
    assert "None is older" in browser.get("/queue/past/?before=1").content.decode()


# ---- polling -------------------------------------------------------------------------


def test_the_page_polls_while_something_moves_and_rests_when_nothing_does(sending, otto, signed_in):
    browser = signed_in(otto)
    paths = ["/queue/", "/queue/live/", f"/queue/{sending.id}/", "/queue/of/medias-ai-pivot/2/"]
    for path in paths:
        assert 'hx-trigger="every 2s"' in browser.get(path).content.decode(), path
    Mailing.objects.filter(id=sending.id).update(
        state=MailingState.DONE, accepted=7, queued=0, finished_at=timezone.now()
    )
    sending.batches.update(state="done")
    for path in paths:
        assert "hx-trigger" not in browser.get(path).content.decode(), path
    last = browser.get(f"/queue/{sending.id}/live/", headers={"HX-Request": "true"})
    assert last["HX-Refresh"] == "true"


def test_a_paused_mailing_moves_until_its_worker_has_let_go(sending, otto, signed_in):
    browser = signed_in(otto)
    browser.post(f"/queue/{sending.id}/pause/")
    assert 'hx-trigger="every 2s"' in browser.get("/queue/").content.decode()
    sending.batches.update(state="pending")
    assert "hx-trigger" not in browser.get("/queue/").content.decode()


def test_retries_hours_away_are_not_polled_for(pivot, otto, signed_in):
    a_mailing(pivot, accepted=3, deferred=2)
    page = signed_in(otto).get("/queue/").content.decode()
    assert "hx-trigger" not in page
    assert "Waits to try the 2 deferred again" in page


def test_the_list_costs_the_same_queries_however_many_mailings_move(pivot, otto, signed_in):
    a_crew()
    browser = signed_in(otto)
    counted = []
    for number in range(1, 8):
        an = an_update(pivot, number)
        a_mailing(pivot, update=an, accepted=2, queued=2, deferred=1, leased=True)
        a_mailing(pivot, update=an, kind="test", state="done", accepted=1)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get("/queue/live/").status_code == 200
        counted.append(len(queries))
    assert set(counted) == {28}


def test_the_desk_s_fragment_shows_the_bar_or_when_it_is_due(pivot, edda, signed_in):
    browser = signed_in(edda)
    an = an_update(pivot, 2, Stage.APPROVED, due_at=timezone.now() + dt.timedelta(hours=3))
    page = browser.get("/queue/of/medias-ai-pivot/2/").content.decode()
    assert "No mailing yet" in page
    assert "hx-trigger" not in page
    mailing = a_mailing(pivot, update=an, accepted=2, queued=1)
    page = browser.get("/queue/of/medias-ai-pivot/2/").content.decode()
    assert "= 3 candidates ✓ balances" in page
    assert f'href="/queue/{mailing.id}/"' in page
    assert "<html" not in page


def test_pages_with_moving_numbers_are_kept_by_nobody(sending, otto, signed_in):
    browser = signed_in(otto)
    for path in LOOKED_AT:
        assert browser.get(f"/queue/{path.format(m=sending.id)}")["Cache-Control"] == "no-store"
