"""Routes: by which relay mail goes, and what happens when one can't take it."""

import datetime as dt
import random
import socket
import time
from functools import partial
from typing import Any

import pytest

from digest.errors import Refused
from digest.models import Topic
from tests.relays import HANG_UP, PoliteRelay
from tests.routing import NOWHERE, Relays, a_route, only_routes, relays, url_of, who
from tests.sends import due, due_to, holds, states
from workers import ledger, mailings, sending
from workers.letters import Letters
from workers.models import BULK, Batch, Delivery, Mailing, MailingKind
from workers.outbox import Envelope
from workers.relay import Limits, Relay
from workers.routes import carriers, choosing, health, quota, steering, tally
from workers.routes.choosing import Bar
from workers.routes.look import look
from workers.routes.models import DomainLimit, Route, RouteDay, RouteShare
from workers.routes.sealing import seal, unseal

__all__ = ["due", "only_routes", "relays"]
pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

UPDATE = MailingKind.SCHEDULED


def way(name: str) -> choosing.Way:
    return next(one for one in choosing.ways() if one.route.name == name)


def chosen(many: int = 200, topic: int = 0, kind: str = UPDATE) -> dict[str, int]:
    """How often each route is chosen."""
    dice, open_ways = random.Random(1), choosing.usable(choosing.ways())
    names = [choosing.choose(open_ways, kind, topic, dice) for _ in range(many)]
    return {name: names.count(route) for route in set(names) if route and (name := route.name)}


# ---- which one ---------------------------------------------------------------------------


def test_without_any_route_of_its_own_mail_goes_by_smtp_url() -> None:
    assert chosen() == {"default": 200}
    assert Route.objects.get().sealed == ""


def test_the_built_in_mailbox_takes_nothing_from_a_route(settings: Any) -> None:
    settings.MAILBOX_IS_RELAY = True
    a_route("first", NOWHERE, paused_at="2026-01-01T00:00Z")
    assert chosen() == {}, "what it took would be lost"


def test_equals_share_by_weight(only_routes: None) -> None:
    a_route("first", NOWHERE, weight=3)
    a_route("second", NOWHERE, weight=1)
    assert chosen()["first"] == pytest.approx(150, abs=20)


def test_a_later_place_is_used_only_where_no_earlier_one_can_take_it(only_routes: None) -> None:
    first = a_route("first", NOWHERE)
    a_route("spare", NOWHERE, place=2)
    assert chosen() == {"first": 200}
    health.set_aside(first, "relay gone")
    assert chosen() == {"spare": 200}


def test_a_route_takes_the_kinds_and_topics_that_it_is_for(pivot: Topic, only_routes: None) -> None:
    a_route("tests", NOWHERE, kinds=[MailingKind.TEST])
    a_route("pivot", NOWHERE, kinds=[UPDATE]).topics.add(pivot)
    assert chosen(kind=MailingKind.TEST) == {"tests": 200}
    assert chosen(topic=pivot.pk) == {"pivot": 200}
    Route.objects.filter(name="default").update(kinds=[MailingKind.TEST])
    assert chosen(topic=pivot.pk + 1) == {}
    why = choosing.why(choosing.ways(), UPDATE, pivot.pk + 1)
    assert "no route serves such mails" in why


def test_only_batches_that_a_route_serves_are_claimed(due: Mailing, only_routes: None) -> None:
    a_route("tests", NOWHERE, kinds=[MailingKind.TEST])
    which, at_once = choosing.claims()
    assert not ledger.claimable(BULK, which, at_once).exists()
    a_route("updates", NOWHERE).topics.add(due.topic)
    assert ledger.claimable(BULK, *choosing.claims()).exists()


def test_a_route_whose_rate_is_used_up_leaves_new_batches_to_its_equals(only_routes: None) -> None:
    slow = a_route("slow", NOWHERE, rate=0.01)
    a_route("fast", NOWHERE)
    assert set(chosen()) == {"slow", "fast"}
    choosing.pace.reserve(choosing.pace_of(slow), 0.01, choosing.pace.now(), 1)
    assert chosen() == {"fast": 200}


def test_a_mailing_with_a_rate_may_be_as_many_workers_as_there_are_routes(
    pivot: Topic, only_routes: None
) -> None:
    due_to(pivot, 12, rate=0.5)
    assert ledger.claim(BULK, "here", "one") is not None
    assert ledger.claim(BULK, "here", "two") is None
    assert ledger.claim(BULK, "here", "two", None, 2) is not None
    assert ledger.claim(BULK, "here", "three", None, 2) is None


# ---- failing over ------------------------------------------------------------------------


def test_a_relay_that_dies_in_mid_mailing_leaves_the_rest_to_the_next(
    due: Mailing, relays: Relays
) -> None:
    """It takes three, drops one after the dot, and is gone."""

    def answer(_verb: str, _line: str, _number: int) -> str:
        return "421 going down" if len(dying.accepted) >= 3 else ""

    dying = PoliteRelay(answer)
    Route.objects.filter(name="first").update(paused_at="2026-01-01T00:00Z")
    with dying.running(connections="1") as relay:
        route = a_route("dying", url_of(relay), connections=1)
        Route.objects.filter(name="second").update(place=2)
        sending.send(BULK, seconds=5)
        carriers.close_all()
    got = [to for to, _ in dying.accepted] + who(relays[1])
    assert len(dying.accepted) == 3
    holds(due, got)
    route.refresh_from_db()
    assert route.aside_until
    assert "going down" in route.trouble
    shares = {share.route.name: share.accepted for share in RouteShare.objects.all()}
    assert shares == {"dying": 3, "second": 2}
    by = dict(Delivery.objects.values_list("address", "route"))
    assert {to for to, of in by.items() if of == route.id} == {to for to, _ in dying.accepted}
    due.refresh_from_db()
    assert due.why == "", "it does not wait"


def test_what_may_have_been_taken_is_uncertain_and_goes_by_no_other_route(
    due: Mailing, relays: Relays
) -> None:
    dying = PoliteRelay(lambda verb, _, n: HANG_UP if verb == "DOT" else None)
    Route.objects.update(place=2)
    with dying.running() as relay:
        a_route("dying", url_of(relay), connections=1)
        sending.send(BULK, seconds=5)
        carriers.close_all()
    unsure = {to for to, state in states(due).items() if state == "uncertain"}
    assert unsure
    assert not unsure & set(who(relays[0]) + who(relays[1]))
    holds(due, [*unsure, *who(relays[0]), *who(relays[1])], uncertain=len(unsure))


def test_no_route_left_a_mailing_waits_and_says_why_and_until_when(
    due: Mailing, only_routes: None
) -> None:
    a_route("first", NOWHERE)
    a_route("second", NOWHERE)
    sending.send(BULK, seconds=30)
    due.refresh_from_db()
    assert set(states(due).values()) == {"queued"}
    assert due.why.count("trying again at") == 2
    assert "Route first: relay 127.0.0.1:1" in due.why
    assert Batch.objects.get().state == "pending"


def test_a_route_set_aside_is_looked_at_by_itself_with_a_growing_wait(
    relays: Relays, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)]
    monkeypatch.setattr(health.timezone, "now", lambda: clock[0])
    route = a_route("gone", NOWHERE)
    waits = []
    health.set_aside(route, "relay gone")
    for _ in range(8):
        route.refresh_from_db()
        assert route.aside_until
        waits.append((route.aside_until - clock[0]).total_seconds())
        clock[0] = route.aside_until
        health.look_again(route.id)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    Route.objects.filter(id=route.id).update(sealed=Route.objects.get(name="first").sealed)
    clock[0] += dt.timedelta(seconds=60)
    health.look_again(route.id)
    assert way("gone").bar is None, "it can be used again"
    assert relays == ([], []), "nothing was sent to see that"


def test_a_look_before_its_time_does_nothing(only_routes: None) -> None:
    route = a_route("gone", NOWHERE)
    health.set_aside(route, "relay gone")
    before = Route.objects.get(id=route.id)
    health.look_again(route.id)
    assert Route.objects.get(id=route.id).failures == before.failures


def test_the_wait_grows_until_a_message_was_taken(due: Mailing, relays: Relays) -> None:
    Route.objects.filter(name__in=["first", "second"]).update(failures=4)
    sending.send(BULK, seconds=5)
    assert set(Route.objects.exclude(name="default").values_list("failures", flat=True)) <= {0, 4}
    assert 0 in Route.objects.values_list("failures", flat=True).exclude(name="default")


def test_of_many_workers_whose_connections_broke_one_counts(only_routes: None) -> None:
    route = a_route("gone", NOWHERE)
    for _ in range(4):
        health.set_aside(route, "relay gone")
    assert Route.objects.get(id=route.id).failures == 1


def test_an_address_that_can_not_be_read_is_the_routes_fault_and_not_the_mailings(
    due: Mailing, relays: Relays
) -> None:
    Route.objects.filter(name="first").update(sealed="nonsense", place=1)
    Route.objects.filter(name="second").update(place=2)
    sending.send(BULK, seconds=5)
    holds(due, who(relays[1]))
    assert "another SECRET_KEY" in Route.objects.get(name="first").trouble
    due.refresh_from_db()
    assert due.tries == 0


def test_a_relay_that_takes_the_call_and_says_nothing_keeps_no_worker_from_another(
    due: Mailing, relays: Relays, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside other routes it is not waited for: two minutes would pass else."""
    monkeypatch.setattr(carriers, "HURRIED", Limits(opening=0.2, attempts=1))
    Route.objects.update(place=2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        route = a_route("silent", f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        sending.send(BULK, seconds=10)
        carriers.close_all()
    assert time.monotonic() - begun < 60
    holds(due, who(relays[0]) + who(relays[1]))
    route.refresh_from_db()
    assert "took too long to answer" in route.trouble


def test_a_route_paused_in_flight_begins_nothing_more(due: Mailing, relays: Relays) -> None:
    batch = ledger.claim(BULK, "here", "one")
    assert batch is not None
    route = Route.objects.get(name="first")
    outbox = sending._Outbox(batch, sending._journal(), route)
    assert outbox.take() is not None
    Route.objects.filter(id=route.id).update(paused_at=dt.datetime.now(dt.UTC))
    outbox._look()
    assert outbox.take() is None


# ---- caps --------------------------------------------------------------------------------


def test_a_cap_holds_over_all_workers_and_the_rest_goes_by_the_next(
    pivot: Topic, relays: Relays
) -> None:
    sent = due_to(pivot, 30)
    Route.objects.filter(name="first").update(cap=12)
    Route.objects.filter(name="second").update(place=2)
    sending.send(BULK, seconds=10)
    assert (len(relays[0]), len(relays[1])) == (12, 18)
    holds(sent, who(relays[0]) + who(relays[1]))
    assert way("first").bar is Bar.FULL


def test_a_cap_that_is_used_up_lets_the_mailing_wait_for_the_routes_midnight(
    due: Mailing, only_routes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = a_route("first", NOWHERE, cap=2, zone="Pacific/Auckland")
    late = dt.datetime(2026, 11, 26, 10, 59, tzinfo=dt.UTC)  # 23:59 there
    monkeypatch.setattr(choosing.timezone, "now", lambda: late)
    quota.take(route, dt.date(2026, 11, 26), 2, 2)
    found = choosing.ways()
    assert not choosing.usable(found)
    assert "more from 00:00 Pacific/Auckland on" in choosing.why(found, UPDATE, due.topic_id)
    health.tell_waiting()
    due.refresh_from_db()
    assert "today's share" in due.why
    monkeypatch.setattr(choosing.timezone, "now", lambda: late + dt.timedelta(minutes=1))
    assert len(choosing.usable(choosing.ways())) == 1, "a new day there"


def test_a_batch_that_runs_over_midnight_takes_from_the_new_days_cap(
    only_routes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = a_route("first", NOWHERE, cap=10, zone="Europe/London")
    clock = [dt.datetime(2026, 11, 26, 23, 59, 59, tzinfo=dt.UTC).timestamp()]
    monkeypatch.setattr(quota.time, "time", lambda: clock[0])
    share = quota.Share(route)
    for _ in range(4):
        assert share.has(range(100))
        share.use()
    clock[0] += 2
    for _ in range(10):
        assert share.has(range(100))
        share.use()
    assert not share.has(range(100)), "ten a day"
    share.close()
    assert dict(RouteDay.objects.values_list("day", "taken")) == {
        dt.date(2026, 11, 26): 4,
        dt.date(2026, 11, 27): 10,
    }


def test_what_was_not_sent_after_all_is_given_back(only_routes: None) -> None:
    route = a_route("first", NOWHERE, cap=1000)
    share = quota.Share(route)
    assert share.has(range(7))
    share.use()
    share.use()
    share.unused()
    share.close()
    assert RouteDay.objects.get().taken == 1


def test_a_warm_up_caps_each_day_and_ends(only_routes: None) -> None:
    first = dt.date(2026, 11, 20)
    route = a_route("new", NOWHERE, warmup=[50, 100, 5000], warmup_from=first, cap=2000)
    days = [first + dt.timedelta(days=n) for n in (-1, 0, 1, 2, 3)]
    assert [quota.cap_on(route, day) for day in days] == [50, 50, 100, 2000, 2000]
    assert [quota.warmup_day(route, day) for day in days] == [1, 1, 2, 3, 0]


# ---- domains -----------------------------------------------------------------------------


def test_a_domains_limit_holds_back_nobody_else(pivot: Topic, relays: Relays) -> None:
    sent = due_to(pivot, 30)
    slow = [f"reader{n}@example.net" for n in range(1, 11)]
    for address in slow:
        sent.deliveries.filter(address=address.replace("net", "org")).update(address=address)
    Route.objects.filter(name="second").update(paused_at="2026-01-01T00:00Z")
    limit = DomainLimit.objects.create(
        route=Route.objects.get(name="first"), domain="example.net", rate=0.01
    )
    batch = ledger.claim(BULK, "here", "one")
    assert batch is not None
    outbox = sending._Outbox(batch, sending._journal(), limit.route)
    taken = []
    while not isinstance(envelope := outbox.take(), float):
        assert envelope is not None
        taken.append(envelope.recipient.decode())
    assert len([one for one in taken if one.endswith("@example.org")]) == 20, "all the others"
    assert len(taken) == 21, "and the first one of the slow domain"
    assert envelope == pytest.approx(100, abs=30), "it says when the next one may go"
    outbox._let_others()
    limit.refresh_from_db()
    assert limit.held == 9


def test_a_domains_limit_of_connections_counts_what_is_under_way(
    pivot: Topic, only_routes: None
) -> None:
    route = a_route("first", NOWHERE)
    DomainLimit.objects.create(route=route, domain="example.org", connections=2)
    due_to(pivot, 5)
    batch = ledger.claim(BULK, "here", "one")
    assert batch is not None
    outbox = sending._Outbox(batch, sending._journal(), route)
    first, second = outbox.take(), outbox.take()
    assert isinstance(outbox.take(), float), "two are under way"
    assert isinstance(first, Envelope)
    assert isinstance(second, Envelope)
    outbox.begin(first.key)
    outbox.settle(first.key, sending.Outcome(sending.Verdict.ACCEPTED, 250, "250 OK"))
    assert not isinstance(outbox.take(), float)


def test_a_batch_of_which_all_is_held_back_rests_while_another_waits(
    pivot: Topic, only_routes: None
) -> None:
    route = a_route("first", NOWHERE)
    DomainLimit.objects.create(route=route, domain="example.org", rate=0.1)
    due_to(pivot, 5)
    batch = ledger.claim(BULK, "here", "one")
    assert batch is not None
    outbox = sending._Outbox(batch, sending._journal(), route)
    outbox._let_others()
    assert not outbox.rests, "nobody else waits"
    other = Batch.objects.create(mailing=batch.mailing, size=1)
    outbox._let_others()
    assert outbox.rests
    assert outbox.take() is None
    sending._put_away(batch, outbox)
    claimed = ledger.claim(BULK, "here", "one")
    assert claimed == other, "the other one first"
    assert ledger.claim(BULK, "here", "two") is None, "it rests"


# ---- what is kept ------------------------------------------------------------------------


def test_an_address_is_sealed_and_opens_by_the_key_alone(settings: Any) -> None:
    url = "smtps://user:pa%40ss@mail.example.org"
    sealed = seal(url)
    assert "mail.example.org" not in sealed
    assert unseal(sealed) == url
    settings.SECRET_KEY = "another"
    with pytest.raises(Refused, match="another SECRET_KEY"):
        unseal(sealed)


def test_what_a_relay_said_is_kept_without_anybodys_address(
    due: Mailing, only_routes: None
) -> None:
    route = a_route("first", NOWHERE)
    for keep in (partial(health.set_aside, route), partial(mailings.tell, due)):
        keep("the relay closes: 421 \0<reader@example.org> is busy")
    route.refresh_from_db(), due.refresh_from_db()
    assert route.trouble == due.why == "the relay closes: 421 \ufffd<(an address)> is busy"
    for n in range(8):
        health.hear(route.id, f"550 <reader@example.org> unknown {n}")
    route.refresh_from_db()
    assert len(route.heard) == health.KEPT
    assert route.heard[0][1] == "550 <(an address)> unknown 7"


def test_the_speed_of_a_route_is_of_the_last_ten_seconds(
    due: Mailing, only_routes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = a_route("first", NOWHERE)
    results = [
        ledger.Result(one, "accepted", 250) for one in due.deliveries.values_list("id", flat=True)
    ]
    now = dt.datetime.now(dt.UTC)
    counting = tally.Tally(route, due.id)
    counting.add(results)
    counting.add(results)
    counting.write()
    monkeypatch.setattr(tally.timezone, "now", lambda: now + dt.timedelta(seconds=2))
    assert tally.speed([route.id]) == {route.id: 1.0}


def test_a_relay_that_was_looked_at_says_what_it_offers() -> None:
    with PoliteRelay().running() as relay:
        seen = look(relay)
    assert seen.trouble == ""
    assert "PIPELINING" in seen.told
    assert "to NOOP it said: 250 OK" in seen.told


def test_a_look_at_a_relay_that_does_not_let_us_in_says_so_without_the_password() -> None:
    polite = PoliteRelay(
        lambda verb, _, n: "535 5.7.8 no" if verb == "AUTH" else None, offers=("AUTH PLAIN",)
    )
    with polite.running() as relay:
        seen = look(Relay(relay.host, relay.port, user="otto", password="opensesame"))
    assert "does not let otto in: 535 5.7.8 no" in seen.trouble
    assert "opensesame" not in f"{seen}"


def test_each_route_gets_the_field_that_its_provider_repeats(
    due: Mailing, only_routes: None
) -> None:
    row = ledger.one(due, "reader1@example.org")
    assert row is not None
    plain = a_route("plain", NOWHERE)
    by_name = a_route("named", "smtps://smtp.postmarkapp.com")
    said = a_route("said", NOWHERE, provider="postal")
    fields = [Letters(due, route).message(row) for route in (plain, by_name, said)]
    tags = [[tag for tag in (b"X-PM-Metadata", b"X-Postal-Tag") if tag in one] for one in fields]
    assert tags == [[], [b"X-PM-Metadata"], [b"X-Postal-Tag"]]
    steering.remove(by_name, "otto")
    by_name.refresh_from_db()
    assert Letters(due, by_name).message(row) == fields[1], "it can be shown as it went"


def test_a_route_that_is_removed_before_it_is_used_leads_nowhere(only_routes: None) -> None:
    route = a_route("gone", NOWHERE)
    steering.remove(route, "otto")
    route.refresh_from_db()
    with pytest.raises(ValueError, match="was removed"):
        carriers.relay_of(route)
