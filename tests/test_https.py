"""Providers' HTTP APIs as routes: the ledger's rules, whatever the provider or the network does."""

import re
import threading

import pytest

from tests.providing import Mails, first_says, sent, standing, to
from tests.relays import readers
from workers.feedback.providers import Provider
from workers.https.account import Account
from workers.https.call import Broken, Call
from workers.https.client import Client
from workers.https.wire import Connection, Limits
from workers.outbox import Report, Verdict, Withdrawn
from workers.sink import Manners
from workers.sink.api import SHAPES, SILENCE, Asked, Reply


def test_every_provider_takes_a_message_with_its_key_and_tells_its_id() -> None:
    assert set(SHAPES) == set(Provider) - {Provider.AMAZON_SES, Provider.UNISENDER_GO}
    for provider in SHAPES:
        outbox = Mails(readers(2))
        with standing(provider) as there:
            assert sent(there.account, outbox) == Report(), provider
        assert outbox.verdicts == ["accepted"] * 2, (provider, outbox.outcomes)
        assert "id-0000000" in outbox.outcomes[1].text, provider
        tagged = provider not in {Provider.MAILERSEND, Provider.MANDRILL, Provider.POSTAL}
        assert (b"a-tag" in there.taken[0].body) == tagged, provider
        assert there.taken[0].headers["user-agent"].startswith("Digest/"), provider


def test_calls_go_over_a_few_connections_that_are_kept_from_run_to_run() -> None:
    outbox, more = Mails(readers(40)), Mails(readers(40))
    with standing(manners=Manners(latency=0.005)) as there:
        client = Client(there.account)
        client.send_all(outbox)
        client.send_all(more)
        client.close()
        assert 2 <= there.api.connections <= 4
    assert outbox.verdicts == more.verdicts == ["accepted"] * 40
    assert sorted(map(to, there.taken)) == sorted(readers(40) * 2)


def test_each_message_is_begun_before_its_call_and_settled_by_its_answer() -> None:
    begun: list[int] = []

    def look(asked: Asked) -> None:
        number = int(re.findall(r"r(\d+)@", to(asked))[0])
        begun.append(("begin", number) in outbox.calls and ("settle", number) not in outbox.calls)

    outbox = Mails(readers(12))
    with standing(override=look) as there:
        sent(there.account, outbox)
    assert begun == [True] * 12


@pytest.mark.parametrize("manners", ["drop_before", "drop_after"])
def test_a_connection_that_breaks_under_a_call_leaves_that_one_uncertain(manners: str) -> None:
    outbox = Mails(readers(20))
    with standing(manners=Manners(**{manners: re.compile(b"^r7@")})) as there:  # type: ignore[arg-type]
        assert sent(there.account, outbox) == Report()
    assert outbox.outcomes.pop(7).verdict is Verdict.UNCERTAIN
    assert outbox.verdicts == ["accepted"] * 19
    assert len(set(map(to, there.taken))) == len(there.taken), "nothing is asked twice"


def test_a_connection_that_the_provider_closed_between_two_runs_costs_nobody_anything() -> None:
    outbox, more = Mails(readers(3)), Mails(readers(3))
    with standing() as there:
        client = Client(there.account)
        client.send_all(outbox)
        there.api.hang_up()
        client.send_all(more)
        client.close()
    assert more.verdicts == ["accepted"] * 3


def test_an_answer_that_does_not_come_leaves_one_uncertain_and_the_others_go_on() -> None:
    outbox = Mails(readers(12))
    with standing(override=lambda asked: SILENCE if to(asked).startswith("r3@") else None) as there:
        assert sent(there.account, outbox, Limits(answer=0.3)) == Report()
    assert outbox.outcomes.pop(3).verdict is Verdict.UNCERTAIN
    assert outbox.verdicts == ["accepted"] * 11


def test_a_provider_that_drips_is_waited_for_in_all_and_not_for_each_octet() -> None:
    outbox = Mails(readers(1))
    with standing(manners=Manners(drip=0.1)) as there:  # ten seconds and more for an answer
        assert sent(there.account, outbox, Limits(answer=0.4)) == Report()
    assert outbox.verdicts == ["uncertain"]


def test_a_call_that_is_broken_off_ends_at_once_and_was_written_whole() -> None:
    asked, said = threading.Event(), []

    def answer(_asked: Asked) -> Reply:
        asked.set()
        return SILENCE

    with standing(override=answer) as there:
        connection = Connection(there.account, Limits())
        call = Call("POST", "email", {}, b"{}")
        thread = threading.Thread(target=lambda: said.append(connection.ask(call)))
        thread.start()
        asked.wait(10)
        connection.break_off()
        thread.join(5)
        assert not thread.is_alive()
    (broken,) = said
    assert isinstance(broken, Broken)
    assert broken.whole


def test_a_key_that_is_not_taken_stops_the_run_and_counts_as_no_attempt() -> None:
    outbox = Mails(readers(30))
    with standing(override=lambda _: (401, {}, b'{"Message": "no such token"}')) as there:
        report = sent(there.account, outbox)
    assert "does not let us in: 401 So: " in report.trouble
    assert "no such token" in report.trouble
    assert 0 < len(outbox.outcomes) <= 4, "one for each connection at most"
    assert set(outbox.verdicts) == {"untried"}


def test_where_nobody_answers_nothing_is_taken() -> None:
    with standing() as there:
        gone = there.account
    for account in (gone, Account(Provider.POSTAL, f"https://{'a' * 70}.example.org/", "key")):
        outbox = Mails(readers(3))
        report = sent(account, outbox)
        assert "can't be reached" in report.trouble
        assert outbox.calls == []


def test_too_many_at_once_are_put_off_and_the_others_wait_as_long_as_it_says() -> None:
    outbox = Mails(readers(40))
    with standing(override=first_says((429, {"Retry-After": "120"}, b"slow down"))) as there:
        report = sent(there.account, outbox)
    assert report.asked == 120
    assert "asks us to wait 120 s: 429" in report.trouble
    (put_off,) = [one for one in outbox.outcomes.values() if one.verdict is Verdict.DEFERRED]
    assert put_off.wait == 120
    assert outbox.waiting, "nothing more was taken"


def test_a_short_wait_is_waited_for_within_the_run() -> None:
    outbox = Mails(readers(8))
    with standing(override=first_says((429, {"Retry-After": "0.2"}, b""))) as there:
        assert sent(there.account, outbox) == Report()
    assert sorted(outbox.verdicts) == ["accepted"] * 7 + ["deferred"]


def test_one_that_takes_nothing_is_left_to_others() -> None:
    outbox = Mails(readers(100))
    with standing(override=lambda _: (500, {}, b"oops")) as there:
        report = sent(there.account, outbox)
    assert "takes nothing: 500 So: oops" in report.trouble
    assert len(outbox.outcomes) < 12


def test_one_that_refuses_a_few_goes_on() -> None:
    def answer(asked: Asked) -> Reply | None:
        return (500, {}, b"oops") if re.match(r"r\d*[05]@", to(asked)) else None

    outbox = Mails(readers(50))
    with standing(override=answer) as there:
        assert sent(there.account, outbox) == Report()
    assert outbox.verdicts.count("deferred") == 10


def test_what_is_withdrawn_at_the_last_moment_is_not_sent() -> None:
    class Withdrawing(Mails):
        def begin(self, key: int) -> None:
            super().begin(key)
            if key == 2:
                raise Withdrawn

    outbox = Withdrawing(readers(3))
    with standing() as there:
        sent(there.account, outbox)
    assert outbox.verdicts == ["accepted", "untried", "accepted"]
    assert len(there.taken) == 2


def test_a_journal_that_takes_nothing_more_ends_the_run_in_good_order() -> None:
    class Full(Mails):
        def begin(self, key: int) -> None:
            super().begin(key)
            if key == 5:
                raise OSError(28, "No space left on device")

    outbox = Full(readers(9))
    with standing() as there, pytest.raises(OSError, match="No space left"):
        sent(there.account, outbox)
    assert outbox.outcomes[5].verdict is Verdict.UNTRIED
    assert len(there.taken) == 4
    assert len(outbox.outcomes) == 5, "all that was taken is settled"


def test_a_worker_that_is_told_to_stop_leaves_what_is_under_way_uncertain() -> None:
    class Stopped(Mails):
        def tick(self) -> None:
            if self.calls:
                raise KeyboardInterrupt

    outbox = Stopped(readers(9))
    with standing(override=lambda _: SILENCE) as there, pytest.raises(KeyboardInterrupt):
        sent(there.account, outbox)
    assert outbox.verdicts == ["uncertain"] * 4
