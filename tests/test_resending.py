"""Sending an update again, only to those who did not get it."""

import pytest

from digest.audit import AuditEntry
from digest.errors import Refused
from tests.sends import due, relay
from workers import audience, balance, mailings, resending, sending
from workers.models import BULK, Mailing, MailingKind, MailingState

__all__ = ["due", "relay"]  # fixtures

pytestmark = pytest.mark.both_databases


def became(mailing: Mailing, state: str, **rows: dict[str, str]) -> None:
    """Everybody accepted, but for these (reader1 and on); counters and all."""
    mailing.deliveries.update(state="accepted")
    for who, columns in rows.items():
        mailing.deliveries.filter(address=f"{who}@example.org").update(**columns)
    counts = dict.fromkeys(balance.STATES, 0)
    for row in mailing.deliveries.values_list("state", flat=True):
        counts[row] += 1
    mailing.batches.update(state="done")
    Mailing.objects.filter(id=mailing.id).update(state=state, **counts)
    mailing.refresh_from_db()


def filled(mailing: Mailing) -> set[str]:
    assert audience.fill(mailing.id)
    return set(mailing.deliveries.values_list("address", flat=True))


CANCELLED = {"state": "excluded", "reason": "cancelled"}
LEFT = {"state": "excluded", "reason": "unsubscribed"}


def test_it_goes_to_whom_it_failed_or_came_back_or_was_cancelled_and_to_nobody_else(due, relay):
    became(
        due, MailingState.CANCELLED,
        reader1={"state": "failed"}, reader2=CANCELLED, reader3={"state": "uncertain"},
        reader4={"state": "accepted", "outcome": "bounced"},
    )  # fmt: skip
    assert resending.readers(due) == 3
    again = resending.resend(due, by="otto")
    assert (again.kind, again.edition_id) == (MailingKind.RESEND, due.edition_id)
    assert filled(again) == {f"reader{n}@example.org" for n in (1, 2, 4)}
    sending.send(BULK, seconds=10)
    assert sorted(relay.read_text().split()) == [f"reader{n}@example.org" for n in (1, 2, 4)]
    sheet = balance.sheet(again)
    assert (sheet.accepted, sheet.candidates, sheet.balanced) == (3, 3, True)
    assert AuditEntry.objects.filter(who="otto", what="resent mailing").exists()


def test_whoever_was_left_out_for_a_reason_of_their_own_stays_without(due):
    became(due, MailingState.DONE, reader1=LEFT, reader2={"state": "failed"})
    assert filled(resending.resend(due, by="otto")) == {"reader2@example.org"}


@pytest.mark.parametrize("state", [MailingState.SENDING, MailingState.PAUSED])
def test_it_waits_for_the_end_of_the_mailing(state, due):
    became(due, state, reader1={"state": "failed"})
    with pytest.raises(Refused, match="wait for its end, or cancel the rest"):
        resending.resend(due, by="otto")
    assert Mailing.objects.count() == 1


def test_it_is_done_once_and_then_goes_on_from_there(due):
    became(due, MailingState.DONE, reader1={"state": "failed"})
    again = resending.resend(due, by="otto")
    with pytest.raises(Refused, match=f"was sent again as mailing {again.id}"):
        resending.resend(due, by="otto")
    with pytest.raises(Refused, match="some would get it twice"):
        mailings.retry(due, by="otto")
    filled(again)
    became(again, MailingState.DONE, reader1={"state": "failed"})
    assert filled(resending.resend(again, by="otto")) == {"reader1@example.org"}


def test_the_page_says_to_how_many_and_leads_to_the_new_mailing(due, otto, signed_in):
    became(due, MailingState.CANCELLED, reader1=CANCELLED, reader2=CANCELLED)
    browser = signed_in(otto)
    assert f"/queue/{due.id}/resend/" in browser.get(f"/queue/{due.id}/").content.decode()
    page = browser.get(f"/queue/{due.id}/resend/").content.decode()
    assert "Send it to 2 readers" in page
    assert Mailing.objects.count() == 1, "looking sends nothing"
    where = browser.post(f"/queue/{due.id}/resend/")["Location"]
    again = Mailing.objects.get(resends=due)
    assert where == f"/queue/{again.id}/"
    page = browser.get(f"/queue/{due.id}/").content.decode()
    assert "Sent again to those who did not get it" in page
    assert "Send to those who did not get it…" not in page
    assert "was sent again as mailing" in browser.get(f"/queue/{due.id}/resend/").content.decode()


def test_a_mailing_that_everybody_got_offers_nothing(due, otto, signed_in):
    became(due, MailingState.DONE)
    assert "/resend/" not in signed_in(otto).get(f"/queue/{due.id}/").content.decode()
