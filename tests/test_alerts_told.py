"""Alerts: when they are told, and when they are over."""

import base64
import hashlib
import hmac
import json

import pytest

from tests.conftest import NOBODY
from tests.providing import standing
from tests.test_alerts import MINUTE, SECRET, after, all_is_well, ended, held, ops
from workers.models import Mailing, MailingState, Worker
from workers.watch.alert import Alert, AlertKind, News, Watch
from workers.watch.telling import CHANNELS, a_test, send_by
from workers.watch.troubles import FINDERS
from workers.watch.watching import CALM, CALMER, DatabaseWatch, look

__all__ = ["all_is_well", "held", "ops"]  # fixtures

pytestmark = pytest.mark.django_db


def test_of_many_who_would_look_in_a_minute_one_does():
    assert [look(after(0)), look(after(0.5)), look(after(1.1)), look(after(1.2))] == [
        True, False, True, False,
    ]  # fmt: skip


def test_it_is_told_once_by_mail_and_webhook_and_once_more_when_it_is_over(held, ops):
    for minutes in range(4):
        look(after(minutes))
    assert ops.subjects == ["[Digest] Mailing held"]
    ended()
    for minutes in range(4, 15):
        look(after(minutes))
    assert ops.subjects == ["[Digest] Mailing held", "[Digest] Over: Mailing held"]
    assert [json.loads(body)["type"] for _, body in ops.posts] == ["alert.raised", "alert.over"]


def test_the_mail_says_what_is_wrong_since_when_and_what_to_do(held, ops):
    look(after(0))
    (mail,) = ops.mails
    text = mail.get_content()
    assert (mail["To"], mail["Auto-Submitted"]) == ("ops@example.org", "auto-generated")
    assert "is held: Too many bounced." in text
    assert "What to do: Read why on its page" in text
    assert "docs/operations.md#mailing-held" in text
    assert "/queue/alerts/" in text


def test_the_webhook_is_signed_by_the_standard_rules(held, ops):
    look(after(0))
    ((headers, body),) = ops.posts
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{right}"
    said = json.loads(body)["data"]
    assert (said["kind"], said["about"]) == ("mailing-held", str(held.id))
    assert said["runbook"] == "docs/operations.md#mailing-held"


def test_what_flaps_is_told_once_until_it_has_been_calm(held, ops):
    for minutes in range(20):
        Mailing.objects.update(state=MailingState.HELD) if minutes % 2 else ended()
        look(after(minutes))
    assert ops.subjects == ["[Digest] Mailing held"]


def test_what_is_back_after_it_was_over_must_be_calm_for_longer(held, ops):
    look(after(0))
    ended()
    look(after(CALM / MINUTE))
    Mailing.objects.update(state=MailingState.HELD)
    look(after(7))
    ended()
    look(after(7 + CALM / MINUTE + 1))
    assert Alert.objects.filter(resolved_at=None).exists()
    look(after(7 + CALMER / MINUTE))
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_what_passes_within_its_patience_is_never_told(settings, valkey, ops):
    there, settings.REDIS_URL = settings.REDIS_URL, NOBODY
    look(after(0))
    assert Alert.objects.get().raised_at is None
    settings.REDIS_URL = there
    look(after(1))
    assert (Alert.objects.count(), ops.mails, ops.posts) == (0, [], [])


def test_the_news_of_a_dead_broker_needs_no_broker(settings, ops):
    settings.REDIS_URL = NOBODY
    look(after(0))
    look(after(1.1))
    assert ops.subjects == ["[Digest] Broker down"]


def test_a_channel_that_takes_nothing_is_tried_again_and_keeps_the_other_from_nothing(held, ops):
    ops.takes, ops.answers = "451 Not now", 204
    look(after(0))
    assert (ops.subjects, len(ops.posts)) == ([], 1)
    assert "mail could not be handed over" in Watch.objects.get().trouble
    ops.takes = "250 Kept"
    look(after(1.1))
    assert (ops.subjects, len(ops.posts)) == (["[Digest] Mailing held"], 1)
    assert Watch.objects.get().trouble == ""


def test_the_mail_goes_by_a_providers_api_where_that_is_the_relay(held, ops, settings):
    settings.ALERT_MAIL = ["ops@example.org", "night@example.org"]
    with standing() as there:
        settings.ALERT_SMTP_URL = there.url
        look(after(0))
    assert set(there.recipients) == set(settings.ALERT_MAIL)
    assert {asked.said["Subject"] for asked in there.taken} == {"[Digest] Mailing held"}
    look(after(1.1))
    with standing(override=lambda _: (401, {}, b"no such token")) as there:
        settings.ALERT_SMTP_URL = there.url
        channel = next(one for one in CHANNELS if one.name == "mail")
        assert "no such token" in send_by(channel, [a_test("otto")])


def test_a_webhook_that_says_no_is_tried_again_under_the_same_id(held, ops):
    ops.answers = 500
    look(after(0))
    assert "webhook could not be handed over: it answers 500" in Watch.objects.get().trouble
    ops.answers = 200
    look(after(1.1))
    first, second = (headers["webhook-id"] for headers, _ in ops.posts)
    assert first == second


def test_what_was_raised_before_a_channel_was_set_is_not_told_by_it_afterwards(held, settings):
    settings.ALERT_MAIL = []
    look(after(0))
    assert Alert.objects.get().mailed == News.RAISED


def test_a_finder_that_fails_keeps_no_other_from_being_told_and_ends_no_alert(
    held, ops, monkeypatch
):
    look(after(0))

    def broken(*_):
        raise RuntimeError("poison")

    monkeypatch.setitem(FINDERS, AlertKind.MAILING_HELD, broken)
    Worker.objects.all().delete()
    for minutes in range(1, 20):
        look(after(minutes))
    assert Alert.objects.get(kind=AlertKind.MAILING_HELD).resolved_at is None
    assert Alert.objects.filter(kind=AlertKind.NO_WORKER, resolved_at=None).count() == 4


def test_a_lost_database_is_told_from_memory_once_and_when_it_is_back(ops):
    database = DatabaseWatch()
    for minutes in (0, 1, 2, 3):
        database.failed(after(minutes))
    assert ops.subjects == ["[Digest] Database down"]
    database.answered(after(4))
    database.answered(after(5))
    assert ops.subjects == ["[Digest] Database down", "[Digest] Over: Database down"]
    assert Alert.objects.count() == 0


def test_a_database_that_hiccups_is_not_told(ops):
    database = DatabaseWatch()
    database.failed(after(0))
    database.answered(after(1))
    database.failed(after(2.5))
    assert ops.mails == []
