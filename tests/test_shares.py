"""A mailbox provider that refuses us: its share of a mailing is held, and all else goes."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digest.audit import AuditEntry
from digest.models import Topic
from subscribers.models import Suppression
from tests.ledgering import mailing
from tests.relays import BRISK, PoliteRelay
from tests.returning import accepted, deliveries, event
from tests.sends import Through, due_to
from workers import balance, ledger, mailings, sending
from workers.brake import share_rules, shares
from workers.brake.mailboxes import provider_of
from workers.brake.models import ProviderShare, Standing
from workers.feedback.applying import apply
from workers.feedback.events import Event
from workers.feedback.models import Kind
from workers.ledger import Row
from workers.models import BULK, Batch, Delivery, DeliveryState, Mailing
from workers.outbox import Outcome, Verdict
from workers.pace import Paced
from workers.routes.lanes import Lanes
from workers.watch.alert import AlertKind, Watch
from workers.watch.troubles import FINDERS

NOT_FROM_US = "550 5.7.1 mail from your network is not accepted"


# ---- the rules -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standing", "attempts", "refused", "accepted", "then"),
    [
        ("free", 200, 9, 191, "free"),
        ("free", 200, 10, 190, "slow"),
        ("free", 201, 10, 191, "free"),
        ("free", 10, 10, 0, "slow"),
        ("free", 19, 19, 0, "slow"),
        ("free", 20, 20, 0, "held"),
        ("free", 100, 20, 80, "held"),
        ("free", 101, 20, 81, "slow"),
        ("slow", 49, 0, 49, "slow"),
        ("slow", 50, 2, 48, "free"),
        ("slow", 50, 3, 47, "slow"),
        ("slow", 40, 20, 20, "held"),
        ("held", 300, 0, 300, "held"),
        ("probing", 5, 1, 4, "held"),
        ("probing", 5, 0, 5, "free"),
        ("probing", 5, 0, 0, "probing"),
    ],
)
def test_a_share_goes_slowly_at_a_twentieth_refused_and_is_held_at_a_fifth(
    standing: str, attempts: int, refused: int, accepted: int, then: str
) -> None:
    assert share_rules.after(Standing(standing), attempts, refused, accepted) == then


@pytest.mark.parametrize(
    ("code", "answer", "blames"),
    [
        (550, NOT_FROM_US, True),
        (421, "421 4.7.0 too much from your address", True),
        (550, "550 5.1.8 bad sender domain", True),
        (550, "550 5.1.1 nobody here", False),
        (552, "552 5.2.2 mailbox full", False),
        (450, "450 4.2.0 not now", False),
        (250, "250 2.0.0 see 5.7.1", False),
    ],
)
def test_only_what_speaks_of_us_counts_against_a_share(
    code: int, answer: str, blames: bool
) -> None:
    assert share_rules.blames_us(code, answer) is blames


def test_the_domains_of_one_provider_are_one_share_and_others_stand_for_themselves() -> None:
    assert provider_of("ann@GoogleMail.com") == provider_of("bo@gmail.com") == "Gmail"
    assert provider_of("ann@live.com") == provider_of("bo@msn.com") == "Outlook"
    assert provider_of("ann@mac.com") == "iCloud"
    assert provider_of("ann@news.example.org") == "news.example.org"


def test_a_slow_providers_rows_have_a_lane_of_their_own_that_stops_nobody() -> None:
    rows = [_row(1, "a@gmail.com"), _row(2, "b@example.org"), _row(3, "c@googlemail.com")]
    lanes, paced = Lanes(rows, []), Paced(clock=lambda: 100.0)
    slow = {"Gmail": {"share:1:Gmail": 1.0}}
    paced._runs["share:1:Gmail"] = (101.0, 1.0, 1)  # its next instant is a second away
    lanes.pace({}, {}, slow)
    assert (len(lanes), lanes.all_held) == (3, False)
    first = lanes.next(paced)
    assert isinstance(first, Row)
    assert first.id == 2
    assert lanes.next(paced) == pytest.approx(1.0)
    assert lanes.all_held
    lanes.pace({}, {}, {})
    assert [lanes.next(paced).id for _ in range(2)] == [1, 3]  # type: ignore[union-attr]


def _row(number: int, address: str) -> Row:
    return Row(number, number, address, "", "arranged", 0, 0, 0, timezone.now())


# ---- through the sender ----------------------------------------------------------------


class ByDomain(PoliteRelay):
    """Refuses one domain's readers with these words, as long as there are any."""

    def __init__(self) -> None:
        self.words = NOT_FROM_US
        super().__init__(self._said)

    def _said(self, verb: str, line: str, _number: int) -> str | None:
        if verb != "RCPT" or not self.words or "@strict.example.net" not in line:
            return None
        return f"{self.words} {line.partition(':')[2]}"


@pytest.fixture
def relay(through: Through, monkeypatch: pytest.MonkeyPatch) -> Iterator[ByDomain]:
    monkeypatch.setattr(sending, "LOOK_EVERY", 3600)  # what is counted at once is no clock's matter
    one = ByDomain()
    with one.running(connections="2") as way:
        through(way, BRISK)
        yield one


@pytest.fixture
def sent(pivot: Topic) -> Mailing:
    """A mailing to a hundred, sixty of whom have their mailbox at a strict provider."""
    made = due_to(pivot, 100)
    for one in made.deliveries.order_by("id")[:60]:
        Delivery.objects.filter(id=one.id).update(address=f"r{one.id}@strict.example.net")
    return made


def go(sent: Mailing) -> dict[str, int]:
    """Send whatever may go; states of the strict provider's readers."""
    while sending.send(BULK, seconds=5):
        pass
    rows = sent.deliveries.filter(address__endswith="@strict.example.net")
    found = list(rows.values_list("state", flat=True))
    assert balance.sheet(sent).balanced
    return {state: found.count(state) for state in sorted(set(found))}


def let_time_pass() -> None:
    past = timezone.now() - dt.timedelta(seconds=1)
    ProviderShare.objects.exclude(until=None).update(until=past)
    Batch.objects.exclude(not_before=None).update(not_before=past)


@pytest.mark.django_db
def test_a_share_is_held_probed_and_let_go_while_all_others_go_to_the_end(
    sent: Mailing, relay: ByDomain
) -> None:
    states = go(sent)
    others = sent.deliveries.exclude(address__endswith="@strict.example.net")
    assert set(others.values_list("state", flat=True)) == {"accepted"}
    assert 20 <= states["failed"] <= 30, "those that were under way end as they were answered"
    assert states["queued"] == 60 - states["failed"]
    share = ProviderShare.objects.get()
    assert (share.provider, share.standing) == ("strict.example.net", Standing.HELD)
    assert share.words == f"{NOT_FROM_US} <(an address)>", "nobody is erased from here"
    assert "strict.example.net>" not in repr(AuditEntry.objects.values_list("detail", flat=True))
    assert not Suppression.objects.exists(), "5.7.1 speaks of us"
    batch = Batch.objects.get()
    assert batch.not_before is not None
    assert share.until is not None
    assert abs(batch.not_before - share.until) < dt.timedelta(seconds=5)
    assert go(sent) == states, "nothing more is tried before its time"

    let_time_pass()
    again = go(sent)
    assert 1 <= again["failed"] - states["failed"] <= share_rules.PROBE
    share.refresh_from_db()
    assert (share.standing, share.holds) == (Standing.HELD, 2)
    assert share.until is not None
    assert share.until - share.at == dt.timedelta(minutes=30), "each wait is longer"

    relay.words = ""
    let_time_pass()
    assert go(sent) == {"accepted": again["queued"], "failed": again["failed"]}
    share.refresh_from_db()
    assert (share.standing, share.holds) == (Standing.FREE, 0)
    assert ledger.finish() == 1
    told = AuditEntry.objects.filter(who="the brake").values_list("what", flat=True)
    assert list(told) == ["provider’s share held", "provider’s share held", "provider’s share free"]


@pytest.mark.django_db
def test_what_is_held_when_the_time_for_retries_is_over_fails_for_that_reason(
    sent: Mailing, relay: ByDomain
) -> None:
    refused = go(sent)["failed"]
    long_ago = timezone.now() - sent.give_up_after
    Mailing.objects.update(started_at=long_ago)
    Batch.objects.update(not_before=None)
    assert go(sent) == {"failed": 60}
    kept = sent.deliveries.filter(answer__startswith="Given up after 24 h. Last answer: 550 5.7.1")
    assert kept.count() == 60 - refused
    assert set(kept.values_list("attempts", flat=True)) == {0}

    relay.words = ""
    ledger.finish()
    assert mailings.retry(Mailing.objects.get(), "otto") == 60
    assert go(sent) == {"accepted": 60}, "tried, and not given up again unasked"


@pytest.mark.django_db
def test_what_is_put_off_because_of_us_counts_and_waits_for_the_probe_too(
    sent: Mailing, relay: ByDomain
) -> None:
    relay.words = "451 4.7.1 too much mail from you"
    states = go(sent)
    assert set(states) == {"deferred", "queued"}
    due = ledger.requeue(
        sent.id,
        list(sent.deliveries.filter(state="deferred").values_list("id", flat=True)),
        DeliveryState.DEFERRED,
    )
    assert due == states["deferred"]
    assert go(sent) == {"queued": 60}, "their time has come, and the share is held"


@pytest.mark.django_db
def test_a_probe_is_one_workers_and_small(sent: Mailing, relay: ByDomain) -> None:
    go(sent)
    let_time_pass()
    rows = ledger.queued(Batch.objects.get())
    one, other = shares.Shares(sent), shares.Shares(sent)
    one.look(), other.look()
    held = len(one.held(Lanes(rows, [])))
    assert len(rows) - held == share_rules.PROBE
    other.keep_back(lanes := Lanes(rows, []))
    assert len(lanes) == 0
    assert other.rest() is not None
    ProviderShare.objects.update(standing=Standing.FREE, until=None)
    assert other.rest() is None, "it goes by now, as others found out"


@pytest.mark.django_db
@pytest.mark.both_databases
def test_refusals_of_a_hundred_domains_cost_as_little_as_those_of_one(
    pivot: Topic, django_assert_max_num_queries: Any
) -> None:
    one = shares.Shares(mailing(pivot))
    refused = Outcome(Verdict.FAILED, 550, NOT_FROM_US)
    for number in range(100):
        one.heard(_row(number, f"a@d{number}.example.net"), refused)
    with django_assert_max_num_queries(12):  # SQLite takes a long list in parts
        one.record()
        one.look()
    assert ProviderShare.objects.filter(attempts=1, refused=1).count() == 100
    assert one._known == {}, "what goes as all the others is not read each second"
    for address in ("b@d7.example.net", "b@example.org"):
        one.heard(_row(1, address), Outcome(Verdict.ACCEPTED, 250, "250 2.0.0 taken"))
    one.record()
    share = ProviderShare.objects.get(provider="d7.example.net")
    assert (share.attempts, share.refused, share.words) == (2, 1, NOT_FROM_US)
    assert ProviderShare.objects.count() == 100, "who never refused us has no row"


@pytest.mark.django_db
def test_ops_see_a_share_that_is_held_and_may_try_it_at_once(
    sent: Mailing, relay: ByDomain, otto: User, signed_in: type[Client]
) -> None:
    go(sent)
    (trouble,) = FINDERS[AlertKind.PROVIDER_REFUSES](timezone.now(), Watch())
    assert "strict.example.net refuses mail from us" in trouble.words
    browser = signed_in(otto)
    for path in (f"/queue/{sent.id}/", "/queue/"):
        page = browser.get(path).content.decode()
        assert "strict.example.net" in page
        assert "its share is held back" in page
    relay.words = ""
    said = {"provider": "strict.example.net"}
    assert browser.post(f"/queue/{sent.id}/probe/", said).status_code == 302
    assert "queued" not in go(sent)
    assert list(FINDERS[AlertKind.PROVIDER_REFUSES](timezone.now(), Watch())) == []
    assert browser.post(f"/queue/{sent.id}/probe/", said).status_code == 302, "is refused in words"


# ---- what comes back later -------------------------------------------------------------


def blames(one: Delivery) -> Event:
    return event(one, Kind.SOFT, code="5.7.1", words=f"blocked, <{one.address}>")


@pytest.mark.django_db
@pytest.mark.both_databases
def test_what_blames_us_after_the_relays_yes_holds_the_share_at_a_fifth_of_what_was_accepted(
    pivot: Topic,
) -> None:
    sent = accepted(pivot, 100)
    rows = deliveries(sent)
    apply([blames(one) for one in rows[:19]])
    apply([event(one, Kind.HARD, code="5.1.1") for one in rows[50:90]])
    assert ProviderShare.objects.get().standing == Standing.FREE
    apply([blames(rows[18])])
    assert ProviderShare.objects.get().returned == 19, "told again, it is no news"
    apply([blames(rows[19])])
    share = ProviderShare.objects.get()
    assert (share.provider, share.standing, share.later) == ("example.org", Standing.HELD, True)
    assert share.words == "blocked, <(an address)>"
    other = accepted(pivot, 101)
    apply([blames(one) for one in deliveries(other)[:20]])
    assert ProviderShare.objects.get(mailing=other).standing == Standing.FREE, "20 of 201"
    assert set(Suppression.objects.values_list("detail", flat=True)) == {"5.1.1, told by postmark"}


@pytest.mark.django_db
def test_a_probe_that_a_relay_took_is_over_when_nothing_came_back_for_a_while(
    pivot: Topic,
) -> None:
    sent = accepted(pivot, 100)
    rows = deliveries(sent)
    apply([blames(one) for one in rows[:20]])
    taken = {"standing": Standing.PROBING, "attempts": 5, "refused": 0}
    ProviderShare.objects.update(**taken, until=timezone.now() + dt.timedelta(minutes=1))
    shares.conclude()
    assert ProviderShare.objects.get().standing == Standing.PROBING
    apply([blames(rows[30])])
    share = ProviderShare.objects.get()
    assert (share.standing, share.holds) == (Standing.HELD, 2), "one of the probe came back"
    ProviderShare.objects.update(**taken, until=timezone.now() - dt.timedelta(seconds=1))
    shares.conclude()
    assert ProviderShare.objects.get().standing == Standing.FREE
