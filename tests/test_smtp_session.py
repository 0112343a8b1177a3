"""One session without a socket: what is written when, however the replies are cut."""

from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.relays import Outbox, readers
from workers.outbox import Outcome
from workers.relay import Limits, Relay
from workers.smtp_dialogue import RelayTrouble
from workers.smtp_session import Job, Session
from workers.smtp_wire import Wire


class Paper(Wire):
    """A wire to a relay within this test, which reads at once and replies octet by octet."""

    def __init__(self, relay: Callable[[bytes], bytes], log: list[object]) -> None:
        self.queued = self.sent = 0
        self.coming: deque[bytes] = deque()
        self._relay, self._log = relay, log
        self.unread = relay(b"")

    def finish_connecting(self) -> None:
        pass

    @property
    def own_address(self) -> str:
        return "[127.0.0.1]"

    @property
    def secure(self) -> bool:
        return False

    @property
    def wants_to_write(self) -> bool:
        return False

    @property
    def more_to_read(self) -> bool:
        return False

    def write(self, *chunks: bytes) -> None:
        octets = b"".join(chunks)
        self.queued += len(octets)
        self.sent += len(octets)
        self._log.append(octets)
        self.unread += self._relay(octets)

    def read(self) -> bytes | None:
        return self.coming.popleft() if self.coming else None

    def deliver(self, octets: int) -> None:
        """Let so many octets of the replies come in, at least one."""
        cut = max(1, min(octets, len(self.unread)))
        self.coming.append(self.unread[:cut])
        self.unread = self.unread[cut:]

    def close(self) -> None:
        pass


class Scripted:
    """A relay as a function: its input so far decides its replies."""

    def __init__(self, offers: bytes, answer: Callable[[bytes], bytes]) -> None:
        self._come, self._in_body = b"", False
        self._offers, self._answer = offers, answer
        self._started = False

    def __call__(self, octets: bytes) -> bytes:
        self._come += octets
        out = b"" if self._started else b"220-hi\r\n220 there\r\n"
        self._started = True
        while True:
            end = b"\r\n.\r\n" if self._in_body else b"\r\n"
            line, found, rest = self._come.partition(end)
            if not found:
                return out
            self._come = rest
            if self._in_body:
                self._in_body = False
                out += self._answer(b"DOT") or b"250-2.0.0 taken\r\n250 as 1\r\n"
            elif line.startswith(b"EHLO"):
                out += b"250-hi\r\n" + self._offers + b"250 HELP\r\n"
            else:
                reply = self._answer(line) or (b"354 go\r\n" if line == b"DATA" else b"250 OK\r\n")
                self._in_body = line == b"DATA" and reply.startswith(b"354")
                self._come = (b"\r\n" if self._in_body else b"") + self._come
                out += reply


class Dispatch:
    """The least client: hands out messages, writes down what it hears."""

    now = 0.0

    def __init__(self, outbox: Outbox, log: list[object]) -> None:
        self._outbox, self._log = outbox, log
        self.trouble: RelayTrouble | None = None

    def next_for(self, session: Session) -> Job | None:
        item = self._outbox.take()
        return None if item is None or isinstance(item, float) else Job(item)

    def begin(self, job: Job) -> bool:
        self._log.append(("begin", job.envelope.key))
        return True

    def settle(self, job: Job, outcome: Outcome) -> None:
        self._log.append(("settle", job.envelope.key, outcome.code))
        self._outbox.settle(job.envelope.key, outcome)

    def give_back(self, job: Job, trouble: RelayTrouble, *, blamed: bool) -> None:
        self._log.append(("back", job.envelope.key))

    def gone(self, session: Session, trouble: RelayTrouble) -> None:
        self.trouble = trouble


def conversation(
    cuts: list[int],
    messages: int = 3,
    offers: bytes = b"250-PIPELINING\r\n",
    answer: Callable[[bytes], bytes] = lambda line: b"",
) -> tuple[list[object], RelayTrouble | None]:
    """Everything that was written, begun and settled, in order."""
    log: list[object] = []
    client = Dispatch(Outbox(readers(messages)), log)
    wire = Paper(Scripted(offers, answer), log)
    session = Session(client, Relay("relay.example.org", helo="us"), Limits(), wire, None)
    session.on_writable()
    pace = iter(cuts)
    while wire.unread and not session.closed:
        wire.deliver(next(pace, 10_000))
        session.on_readable()
    return log, client.trouble


@settings(deadline=None, max_examples=60)
@given(
    cuts=st.lists(st.integers(1, 40), max_size=400),
    offers=st.sampled_from([b"", b"250-PIPELINING\r\n"]),
    bad=st.sampled_from([b"", b"MAIL", b"RCPT", b"DATA", b"DOT"]),
    reply=st.sampled_from([b"450-4.2.0 not\r\n450 now\r\n", b"550 5.1.1 no\r\n"]),
)
def test_however_replies_are_cut_the_same_is_written_begun_and_settled(
    cuts: list[int], offers: bytes, bad: bytes, reply: bytes
) -> None:
    def sometimes() -> Callable[[bytes], bytes]:
        turns: list[bytes] = []

        def answer(line: bytes) -> bytes:
            if bad and line.startswith(bad):
                turns.append(line)
            elif bad == b"MAIL" and line[:4] in {b"RCPT", b"DATA"} and len(turns) == 2:
                return b"503 MAIL first\r\n"
            elif bad == b"RCPT" and line == b"DATA" and len(turns) == 2:
                return b"554 nobody\r\n"
            return reply if bad and line.startswith(bad) and len(turns) == 2 else b""

        return answer

    def told(cuts: list[int]) -> list[object]:
        log, trouble = conversation(cuts, 3, offers, sometimes())
        assert trouble is None
        return log

    assert told(cuts) == told([])
    assert told([1] * 2000) == told([])
    codes = [entry[2] for entry in told([]) if isinstance(entry, tuple) and entry[0] == "settle"]
    assert codes == [250, int(reply[:3]) if bad else 250, 250]


def test_a_body_its_dot_and_the_next_commands_are_one_write_right_after_begin() -> None:
    commands = b"MAIL FROM:<bounce@example.org>\r\nRCPT TO:<r%d@example.org>\r\nDATA\r\n"
    body = b"Subject: Number %d\r\n\r\nA line.\r\n.\r\n"
    log, _ = conversation([])
    assert log == [
        b"EHLO us\r\n",
        commands % 1,
        ("begin", 1),
        body % 1 + commands % 2,
        ("settle", 1, 250),
        ("begin", 2),
        body % 2 + commands % 3,
        ("settle", 2, 250),
        ("begin", 3),
        body % 3,
        ("settle", 3, 250),
    ]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"MAIL", b"354 what\r\n"),
        (b"DATA", b"250 what\r\n"),
        (b"DATA", b"334 what\r\n"),
        (b"DATA", b"what\r\n"),
        (b"MAIL", b"503 nested\r\n"),
        (b"RCPT", b"250 OK\r\n250 again\r\n"),
    ],
)
def test_a_relay_out_of_step_gets_no_body_and_the_message_is_given_back(
    line: bytes, reply: bytes
) -> None:
    log, trouble = conversation([], answer=lambda said: reply if said.startswith(line) else b"")
    assert trouble is not None
    assert log[-1] == ("back", 1)
    assert ("begin", 1) not in log


@pytest.mark.parametrize("reply", [b"354 what\r\n", b"what\r\n", b"199 what\r\n"])
def test_an_answer_to_the_body_that_makes_no_sense_leaves_it_uncertain(reply: bytes) -> None:
    log, trouble = conversation([], 1, answer=lambda said: reply if said == b"DOT" else b"")
    assert trouble is not None
    assert log[-1] == ("settle", 1, 0)


def test_a_goodbye_while_idle_ends_the_connection_quietly() -> None:
    log, trouble = conversation(
        [], 1, answer=lambda said: b"250 OK\r\n421 idle too long\r\n" if said == b"DOT" else b""
    )
    assert log[-1] == ("settle", 1, 250)
    assert str(trouble) == "the relay spoke unasked: 421 idle too long"
