"""After sending: what became of an update, in words, and a correction of it."""

import html as entities
import re

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from digest.audit import AuditEntry
from digest.models import Update
from tests.test_corrections import over
from workers.models import Mailing, MailingKind, MailingState

__all__ = ["over"]  # a fixture
pytestmark = pytest.mark.django_db


def text(answer: HttpResponse) -> str:
    return " ".join(entities.unescape(answer.content.decode()).split())


@pytest.fixture
def update(over: Mailing) -> Update:
    """Sent to five: three got it, one failed, of one nobody knows."""
    assert over.update is not None
    over.update.refresh_from_db()
    return over.update


def fragment(update: Update) -> str:
    return f"/queue/of/{update.topic.slug}/{update.number}/"


def page(update: Update) -> str:
    return f"/desk/{update.topic.slug}/{update.number}/correct/"


@pytest.mark.both_databases
def test_the_sheet_is_told_as_a_sum(desk: Client, update: Update) -> None:
    said = text(desk.get(fragment(update)))
    assert "5 readers = 3 accepted + 1 failed + 1 uncertain" in said
    assert "✓ balances" in said


def test_what_went_wrong_is_told_by_domain_with_what_to_do(
    desk: Client, update: Update, over: Mailing
) -> None:
    failed = over.deliveries.filter(state="failed")
    for code, answer, why, mend in [
        (550, "550 5.1.1 Who?", "No such mailbox", "the address is wrong or gone"),
        (550, "550 5.7.26 Not you", "SPF and DKIM both failed", "look at SPF, DKIM and DMARC"),
        (0, "", "No answer, or no connection", "digest doctor"),
    ]:
        failed.update(code=code, answer=answer)
        said = re.sub("<[^>]+>", "", text(desk.get(fragment(update))))
        assert f"1 reader at example.org · {why}" in said
        assert mend in said


@pytest.mark.both_databases
def test_uncertain_readers_are_named_and_ops_settle_them_there(
    desk: Client, otto: User, signed_in: type[Client], update: Update, over: Mailing
) -> None:
    who = over.deliveries.get(state="uncertain").address
    said = text(desk.get(fragment(update)))
    assert who in said
    assert "Ops take them as sent" in said
    assert "as sent</button>" not in said
    ops = signed_in(otto)  # type: ignore[call-arg]  # SignedIn of conftest
    assert "Take 1 as sent</button>" in text(ops.get(fragment(update)))


def test_only_who_may_approve_is_led_to_a_correction(
    desk: Client, press: Client, update: Update
) -> None:
    assert page(update) in text(press.get(fragment(update)))
    assert page(update) not in text(desk.get(fragment(update)))


@pytest.mark.both_databases
def test_a_correction_is_looked_at_before_it_is_sent(press: Client, update: Update) -> None:
    slug = update.items.get().briefing.slug
    typed = {"text": "Not ten: **nine**.", "briefing": [slug]}
    answer = press.post(page(update), typed | {"do": "send"})
    assert "&lt;strong&gt;nine&lt;/strong&gt;" in answer.content.decode()
    assert not Mailing.objects.filter(kind=MailingKind.CORRECTION).exists()
    seen = re.search(r'name="seen" value="(\w+)"', answer.content.decode())
    assert seen is not None
    typed |= {"seen": seen[1], "do": "send"}
    other = press.post(page(update), typed | {"text": "Not ten: eight."})
    assert other.status_code == 200
    assert not Mailing.objects.filter(kind=MailingKind.CORRECTION).exists()
    name = f"correction {update.pk}"
    assert f'data-keep="{name}" data-keep-unsaved' in answer.content.decode()
    assert press.post(page(update), typed)["Location"] == f"/desk/{update.topic.slug}/1/"
    assert f'data-kept-done="{name}"' in text(press.get(f"/desk/{update.topic.slug}/1/"))
    assert Mailing.objects.get(kind=MailingKind.CORRECTION).corrects is not None
    assert AuditEntry.objects.get(what="corrected update").who == "pia@example.org"
    assert "Corrections" in text(press.get(fragment(update)))


def test_what_no_correction_can_say_is_told_and_the_words_stay(
    press: Client, update: Update, over: Mailing
) -> None:
    answer = press.post(page(update), {"text": " ", "do": "look"})
    assert answer.status_code == 422
    assert "says what was wrong and what is right" in text(answer)
    Mailing.objects.filter(pk=over.pk).update(state=MailingState.SENDING)
    answer = press.post(page(update), {"text": "Nine.", "do": "look"})
    assert "is not sent to its end" in text(answer)
    assert "Nine." in text(answer)
