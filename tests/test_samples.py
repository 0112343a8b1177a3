"""Every sample, in every variant: the final bytes hold all that is promised of them."""

import datetime as dt
import re
import time
from collections.abc import Iterator

import dkim
import pytest
from django.test import override_settings

from digest import editions
from digest.checks import Level
from digest.depths import Depths
from digest.keyed import Keyed
from digest.models import Edition, Update
from digest.rendering import bounded
from digest.rendering.rendered import RenderedEmail, RenderingFailed
from digest.rendering.source import printable
from digest.rendering.view import EmailView
from tests import emails, samples, signing
from tests.letters import (
    Mail,
    look_at_headers,
    look_at_html,
    look_at_text,
    squeezed,
    taken_apart,
)
from tests.samples import SAMPLES, Sample, written
from workers import letters
from workers.ledger import Row
from workers.letters import Letters
from workers.models import Mailing, MailingKind
from workers.outbox import Envelope
from workers.verp import bounced_delivery

pytestmark = pytest.mark.django_db

WHEN = dt.datetime(2026, 5, 17, 15, tzinfo=dt.UTC)
ANN = Row(7, 3, "ann@example.org", "Ann Lee", "arranged", 0, 0, 0, WHEN)
SECONDS = 4.0
"""In which a sample is rendered or refused: a second on a machine that does nothing else."""

SAMPLED = [
    pytest.param(name, variant, marks=() if variant == Depths.ARRANGED else pytest.mark.long)
    for name in SAMPLES
    for variant in Depths.values
]


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """The renderer has begun: it starts once, not for each mail."""
    bounded.render(emails.update())


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """Mails are signed for example.org with a key of 2048 bits; what DNS says of it."""
    letters._signer.cache_clear()
    with override_settings(**signing.kept_in(tmp_path_factory.mktemp("dkim"))):
        yield signing.signer().record.encode()
    letters._signer.cache_clear()


def test_there_are_enough_of_them() -> None:
    assert len(SAMPLES) >= 50
    assert len(SAMPLED) == 3 * len(SAMPLES)


@pytest.mark.parametrize(("name", "variant"), SAMPLED)
def test_the_final_bytes_hold_every_rule(name: str, variant: str, record: bytes) -> None:
    sample = SAMPLES[name]
    update = written(sample)
    view = editions.view_of(update, variant=variant)
    if sample.refused and variant != Depths.SHORT:
        assert_it_is_refused_at_once(sample, view)
        return
    email = rendered_in_time(view)
    edition = editions.made(view, email, update.topic, update)
    envelope = posted(update, edition)
    mail = taken_apart(envelope.message)
    assert posted(update, edition) == envelope  # a retry repeats the same bytes
    assert_the_envelope_is_ours(envelope)
    look_at_headers(
        mail,
        reader=ANN.address,
        sender=letters.split_mailbox("From", edition.sender)[1],
        subject=shown(view.subject),
        lang=view.lang,
    )
    assert ("Auto-Submitted" in mail.head) == update.unattended
    assert_it_is_signed(mail, record)
    look_at_html(mail)
    look_at_text(mail)
    assert_every_story_is_there(view, mail)
    assert_the_checks_have_their_say(update, view, email)


def test_nothing_is_left_of_a_refusal_the_next_mail_is_rendered() -> None:
    refused = written(SAMPLES["more than a mail can hold"])
    with pytest.raises(RenderingFailed):
        editions.rendered(editions.view_of(refused))
    rendered_in_time(editions.view_of(refused, variant=Depths.SHORT))


def test_a_variant_shows_what_its_name_says() -> None:
    update = written(samples.USUAL)
    weights = {
        variant: len(editions.rendered(editions.view_of(update, variant=variant)).text)
        for variant in Depths.values
    }
    assert weights["short"] < weights["arranged"] <= weights["full"]


# ---- what is looked at ---------------------------------------------------------------------


def rendered_in_time(view: EmailView) -> RenderedEmail:
    began = time.perf_counter()
    email = editions.rendered(view)
    assert time.perf_counter() - began < SECONDS
    return email


def assert_it_is_refused_at_once(sample: Sample, view: EmailView) -> None:
    """With the briefing's name and the reason; the service goes on."""
    began = time.perf_counter()
    with pytest.raises(RenderingFailed, match=sample.refused):
        editions.rendered(view)
    assert time.perf_counter() - began < SECONDS


def posted(update: Update, edition: Edition) -> Envelope:
    """As a worker would hand it over; another worker each time."""
    mailing = Mailing(
        id=5, topic=update.topic, update=update, edition=edition, kind=MailingKind.SCHEDULED
    )
    return Letters(mailing).envelope(ANN)


def assert_the_envelope_is_ours(envelope: Envelope) -> None:
    assert envelope.recipient == b"ann@example.org"
    ours = Keyed(letters.settings.SECRET_KEY, "workers.verp")
    assert bounced_delivery(ours, envelope.sender.decode()) == ANN.id


def assert_it_is_signed(mail: Mail, record: bytes) -> None:
    """RFC 6376; the fields that a forger would add are signed once more than they stand there."""
    assert dkim.verify(mail.raw, dnsfunc=lambda *_, **__: record)
    tags = dict(part.strip().split("=", 1) for part in mail.head["DKIM-Signature"].split(";"))
    named = [name.strip().lower() for name in tags["h"].split(":")]
    for name in ("from", "to", "subject", "date", "message-id"):
        assert named.count(name) == 2
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(named)
    assert ("l" in tags, tags["a"], tags["d"]) == (False, "rsa-sha256", "example.org")
    assert only_domain(mail).endswith(tags["d"])


def only_domain(mail: Mail) -> str:
    return str(mail.shown["From"].addresses[0].domain)


def assert_every_story_is_there(view: EmailView, mail: Mail) -> None:
    """Headline, summary and link of each, in both parts; nothing is rendered as a template."""
    html, text = squeezed(mail.page.text), squeezed(mail.text)
    for story in (*view.corrections, *view.stories):
        for said in (story.headline, story.summary, story.key_takeaway):
            assert squeezed(shown(said)) in html
            assert squeezed(shown(said)) in text
        assert story.url in mail.text
        assert story.url in mail.page.all("a", "href")
    assert ("{{7*7}}" in text) == ("{{ 7*7 }}" in view.model_dump_json())
    assert "<class" not in text


def assert_the_checks_have_their_say(update: Update, view: EmailView, email: RenderedEmail) -> None:
    began = time.process_time()
    report = editions.checked(update, view, email)
    assert time.process_time() - began < SECONDS
    wrong = {one.name for one in report.findings if one.level != Level.OK}
    assert not wrong & {"contrast", "client support", "text part", "unsubscribe"}


def shown(text: str) -> str:
    """As a mail shows it: without what no mail may hold, on one line."""
    return re.sub(r"\s+", " ", printable(text)).strip()
