"""The process that renders: what kills it must not reach who asked."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digest.rendering import markup, pipeline
from digest.rendering.bounded import Renderer, RenderingFailed
from tests import emails


def nested(depth: int) -> markup.Prose:
    return markup.Prose(html="<b>" * depth + "x" + "</b>" * depth, text="x")


class Careless(Renderer):
    """Asks mrml for whatever it is given."""

    program = (
        "-c",
        """import sys; from digest.rendering import source, worker
source.DEPTH = source.SIZE = 10**9
worker.main(int(sys.argv[1]))""",
    )


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    made = Renderer()
    yield made
    made.close()


def ended(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends in so much time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with open(handle, closefd=True):  # noqa: PTH123 - a handle, not a path
        return bool(select.select([handle], [], [], seconds)[0])


def test_it_renders_what_the_pipeline_renders_and_stays_warm(renderer: Renderer) -> None:
    assert renderer.render(emails.update()) == pipeline.render(emails.update())
    pid = renderer.pid
    assert renderer.render(emails.confirmation()) == pipeline.render(emails.confirmation())
    assert renderer.pid == pid


def test_nested_tags_are_refused_in_under_a_second_and_the_process_lives(
    renderer: Renderer,
) -> None:
    renderer.render(emails.update())
    pid, begun = renderer.pid, time.perf_counter()
    with pytest.raises(RenderingFailed, match=r"story-1.*nest more than 50 deep"):
        renderer.render(emails.update(emails.lead(body=nested(9000))))
    assert time.perf_counter() - begun < 1
    renderer.render(emails.update())
    assert renderer.pid == pid


def test_a_crash_is_told_with_the_briefings_name_and_the_next_mail_is_rendered() -> None:
    renderer = Careless()
    try:
        with pytest.raises(RenderingFailed, match=r"'netflix'.*crashed.*signal 11.*Nothing was"):
            renderer.render(emails.update(emails.lead(slug="netflix", body=nested(90_000))))
        assert renderer.render(emails.update()).html
    finally:
        renderer.close()


def test_what_takes_too_long_is_ended(renderer: Renderer) -> None:
    renderer.seconds = 0.001
    with pytest.raises(RenderingFailed, match=r"took longer than 0\.001 s"):
        renderer.render(emails.update())
    renderer.seconds = 10
    assert renderer.render(emails.update()).html


class Deaf(Renderer):
    """Reads nothing, so that a long request fills the pipe."""

    program = ("-c", "import signal; signal.pause()")


def test_one_that_does_not_even_listen_is_ended() -> None:
    renderer = Deaf(seconds=0.2)
    with pytest.raises(RenderingFailed, match="took longer"):
        renderer.render(emails.update(emails.story(1, summary="word " * 50_000)))


def test_what_takes_too_much_memory_is_ended() -> None:
    renderer = Renderer(megabytes=110)
    try:
        assert renderer.render(emails.update()).html
        bomb = emails.story(1, headline="x", summary="é " * 140_000)
        with pytest.raises(RenderingFailed, match=r"memory|crashed"):
            renderer.render(emails.update(bomb, *[bomb] * 200))
        assert renderer.render(emails.update()).html
    finally:
        renderer.close()


def test_a_process_that_was_killed_meanwhile_is_replaced(renderer: Renderer) -> None:
    renderer.render(emails.update())
    pid = renderer.pid
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)
    assert renderer.render(emails.update()).html
    assert renderer.pid != pid


def test_one_that_nobody_asks_is_ended_and_started_anew_when_it_is_wanted() -> None:
    pids: list[int] = []

    class Counted(Renderer):
        def _started(self) -> subprocess.Popen[bytes]:
            process = super()._started()
            pids.append(process.pid)
            return process

    renderer = Counted(idle=0.05)
    try:
        renderer.render(emails.confirmation())
        assert ended(pids[0])
        assert renderer.render(emails.confirmation()).html
        assert len(pids) == 2
    finally:
        renderer.close()


def test_it_is_replaced_after_so_many_renders() -> None:
    renderer = Renderer(uses=2)
    try:
        pids = []
        for _ in range(3):
            renderer.render(emails.confirmation())
            pids.append(renderer.pid)
        assert pids[0] == pids[1] != pids[2]
    finally:
        renderer.close()


def test_threads_take_turns(renderer: Renderer) -> None:
    views = [emails.update(title=f"Title {at}") for at in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for view, email in zip(views, pool.map(renderer.render, views), strict=True):
            assert view.title in email.html


def test_it_knows_no_secret_of_ours(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    renderer.render(emails.confirmation())
    assert b"SECRET_KEY" not in Path(f"/proc/{renderer.pid}/environ").read_bytes()


PARENT = """
    import os, signal, sys
    from digest.rendering import bounded
    from tests import emails

    def said():
        bounded.render(emails.confirmation())
        return bounded._RENDERER.pid

    first = said()
    if not os.fork():  # holds what it inherited, and outlives its parent
        sys.stdin.read()
        os._exit(0)
    child = os.fork()
    if not child:
        print(said(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert said() == first
    print(first, flush=True)
    signal.pause()
"""


def test_it_ends_with_its_parent_however_that_ends_and_is_not_shared_with_a_fork() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PARENT)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    of_child, of_parent = int(parent.stdout.readline()), int(parent.stdout.readline())
    assert of_child != of_parent
    assert ended(of_child)
    parent.kill()
    assert ended(of_parent)
    parent.communicate()
