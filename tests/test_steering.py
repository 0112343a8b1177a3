"""digest send, retry and rate where there is nothing to send, to retry or to slow down."""

import datetime as dt

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from config.cli import main
from digest.models import Stage, Topic
from tests.queueing import a_mailing, an_update
from workers.models import MailingState

pytestmark = pytest.mark.django_db


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_nothing_of_a_cancelled_mailing_is_retried_or_paced(pivot: Topic) -> None:
    mailing = a_mailing(pivot, state=MailingState.CANCELLED, accepted=1, failed=2, rate=5)
    for words in (("retry", mailing.id), ("rate", mailing.id, 70)):
        result = run(*words)
        assert result.exit_code == 2
        assert "is cancelled" in result.stderr
        assert "resume" not in result.stderr
    mailing.refresh_from_db()
    assert (mailing.failed, mailing.rate) == (2, 5)


@pytest.mark.parametrize("option", ["--segment=trade", "--rate=5", "--despite=because"])
def test_a_send_that_asks_for_what_was_not_approved_is_refused(pivot: Topic, option: str) -> None:
    a_mailing(pivot, update=an_update(pivot, 1), state=MailingState.DONE, accepted=1)
    result = run("send", "medias-ai-pivot/1", option)
    assert result.exit_code == 2
    assert "approved already; nothing was changed" in result.stderr
    assert run("send", "medias-ai-pivot/1").exit_code == 0


def test_a_send_of_what_is_approved_for_later_says_how_to_have_it_now(pivot: Topic) -> None:
    later = timezone.now() + dt.timedelta(days=1)
    an_update(pivot, 1, stage=Stage.APPROVED, due_at=later)
    result = run("send", "medias-ai-pivot/1")
    assert result.exit_code == 2
    assert "digest unapprove medias-ai-pivot/1" in result.stderr
