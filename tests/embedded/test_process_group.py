"""The process group, with real children: small scripts that do what services do."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.embedded.processes import (
    BACKOFF_SECONDS_MAX,
    BACKOFF_SECONDS_MIN,
    STEADY_SECONDS,
    Child,
    ProcessGroup,
    Restart,
    answers,
    next_delay,
)
from tests.support.killing import gone

Until = Callable[[Callable[[], bool]], None]
#: Seconds after which what never happens fails the test instead of hanging it.
PATIENCE = 60.0

#: Writes its pid to the file named first, says that it is ready, and waits to be told to end.
STEADY = """
import os, pathlib, signal, sys
from deploy.embedded.processes import announce_ready
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
announce_ready()
signal.pause()
"""
#: Appends its name to a file when told to end.
FAREWELL = """
import pathlib, signal, sys
from deploy.embedded.processes import announce_ready
def end(*_):
    with open(sys.argv[1], "a") as file:
        file.write(sys.argv[2])
    sys.exit()
signal.signal(signal.SIGTERM, end)
announce_ready()
while True:
    signal.pause()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + STEADY
#: Starts a process of its own, tells its pid, and dies.
CARELESS = """
import pathlib, subprocess, sys
child = subprocess.Popen(["sleep", "1000"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
"""
SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready?deep=1" else 500)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
#: A supervising process whose group has one child.
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from deploy.embedded.processes import Child, ProcessGroup
child = Child(name="a", argv=sys.argv[2:], log=Path(sys.argv[1]))
asyncio.run(ProcessGroup([child], report=print).run())
"""


async def yes() -> bool:
    return True


def child(
    folder: Path,
    name: str,
    script: str,
    *args: object,
    ready: Callable[[], Awaitable[bool]] | None = None,
) -> Child:
    argv = [sys.executable, "-c", script, *map(str, args)]
    return Child(name=name, argv=argv, log=folder / "logs" / f"{name}.log", ready=ready)


@asynccontextmanager
async def running(
    children: Sequence[Child], report: Callable[[Restart], None] = print, grace: float = PATIENCE
) -> AsyncIterator[ProcessGroup]:
    """A group that is ready; stopped, and waited for, at the end."""
    group = ProcessGroup(children, report=report, grace=grace)
    run = asyncio.create_task(group.run())
    try:
        await asyncio.wait_for(group.ready.wait(), PATIENCE)
        yield group
    finally:
        group.stop()
        await asyncio.wait_for(run, PATIENCE)


async def eventually(condition: Callable[[], bool]) -> None:
    """Like `until`, for what the group itself has to bring about meanwhile."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # other processes set no event of ours
            await asyncio.sleep(0.01)


def written(path: Path) -> int:
    """The process id in `path`; 0 as long as there is none."""
    return int(path.read_text() or 0) if path.exists() else 0


async def test_ready_means_that_the_child_said_so(tmp_path: Path) -> None:
    async with running([child(tmp_path, "a", STEADY, tmp_path / "pid")]):
        pid = written(tmp_path / "pid")
        assert not gone(pid)
        assert os.getsid(pid) == pid
    assert gone(pid)


async def test_the_group_is_ready_once_every_child_is(tmp_path: Path, until: Until) -> None:
    open_door = asyncio.Event()
    asked = asyncio.Event()

    async def ready() -> bool:
        asked.set()
        return open_door.is_set()

    first = child(tmp_path, "first", STEADY, tmp_path / "first", ready=ready)
    second = child(tmp_path, "second", STEADY, tmp_path / "second")
    group = ProcessGroup([first, second], report=print)
    run = asyncio.create_task(group.run())
    await asyncio.wait_for(asked.wait(), PATIENCE)
    await asyncio.to_thread(until, lambda: written(tmp_path / "second"))
    assert not group.ready.is_set()
    open_door.set()
    await asyncio.wait_for(group.ready.wait(), PATIENCE)
    assert (tmp_path / "second").exists()
    group.stop()
    await run


async def test_a_stop_before_all_are_ready_ends_those_that_run(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def never() -> bool:
        asked.set()
        return False

    group = ProcessGroup([child(tmp_path, "a", STEADY, tmp_path / "a", ready=never)], report=print)
    run = asyncio.create_task(group.run())
    await asyncio.wait_for(asked.wait(), PATIENCE)
    group.stop()
    await asyncio.wait_for(run, PATIENCE)
    assert not group.ready.is_set()


async def test_a_killed_child_is_reported_and_started_again(tmp_path: Path) -> None:
    restarts: list[Restart] = []
    pid_file = tmp_path / "pid"
    async with running([child(tmp_path, "a", STEADY, pid_file)], restarts.append):
        first = written(pid_file)
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: written(pid_file) not in (0, first))
        assert restarts == [Restart("a", -signal.SIGKILL, BACKOFF_SECONDS_MIN)]
        assert gone(first)
        assert not gone(written(pid_file))


async def test_a_child_that_cannot_run_is_tried_ever_more_slowly(tmp_path: Path) -> None:
    restarts: list[Restart] = []
    group = ProcessGroup([], report=print)

    def report(restart: Restart) -> None:
        restarts.append(restart)
        if len(restarts) == 3:
            group.stop()

    missing = Child(name="a", argv=["/no/such/program"], log=tmp_path / "a.log")
    group = ProcessGroup([missing], report=report)
    await asyncio.wait_for(group.run(), PATIENCE)
    assert [restart.delay for restart in restarts] == [0.2, 0.4, 0.8]
    assert {restart.status for restart in restarts} == {127}
    assert "cannot run /no/such/program" in missing.log.read_text()


def test_backoff_doubles_up_to_its_limit_and_a_long_life_resets_it() -> None:
    delays = [0.0]
    for _ in range(7):
        delays.append(next_delay(delays[-1], lived=1.0))
    assert delays[1:] == [0.2, 0.4, 0.8, 1.6, 3.2, BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MAX]
    assert next_delay(BACKOFF_SECONDS_MAX, lived=STEADY_SECONDS) == BACKOFF_SECONDS_MIN


async def test_the_last_started_is_gone_before_the_one_before_it_is_told(tmp_path: Path) -> None:
    order = tmp_path / "order"
    async with running([child(tmp_path, name, FAREWELL, order, name) for name in "abc"]):
        pass
    assert order.read_text() == "cba"


async def test_a_child_deaf_to_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = child(tmp_path, "deaf", STUBBORN, tmp_path / "deaf")
    async with running([deaf], grace=0.1):
        pid = written(tmp_path / "deaf")
    assert gone(pid)


async def test_cancelling_the_run_stops_the_children_in_order(tmp_path: Path) -> None:
    order = tmp_path / "order"
    children = [child(tmp_path, name, FAREWELL, order, name) for name in "ab"]
    group = ProcessGroup(children, report=print)
    run = asyncio.create_task(group.run())
    await asyncio.wait_for(group.ready.wait(), PATIENCE)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert order.read_text() == "ba"


async def test_what_a_dead_child_had_started_does_not_outlive_it(tmp_path: Path) -> None:
    died = asyncio.Event()
    careless = child(tmp_path, "a", CARELESS, tmp_path / "pid", ready=yes)
    async with running([careless], lambda _: died.set()):
        await asyncio.wait_for(died.wait(), PATIENCE)
        await eventually(lambda: gone(written(tmp_path / "pid")))


async def test_a_question_that_fails_stops_everything_and_comes_out(tmp_path: Path) -> None:
    async def broken() -> bool:
        raise ZeroDivisionError

    steady = child(tmp_path, "steady", STEADY, tmp_path / "pid")
    group = ProcessGroup(
        [steady, child(tmp_path, "b", STEADY, "/dev/null", ready=broken)], report=print
    )
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(group.run(), PATIENCE)
    assert raised.group_contains(ZeroDivisionError)
    assert gone(written(tmp_path / "pid"))


@pytest.fixture
def server_port() -> Iterator[int]:
    argv = [sys.executable, "-c", SERVER]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield int(server.stdout.readline())
        server.kill()


@pytest.mark.parametrize(
    ("path", "ready"), [("/ready?deep=1", True), ("/ready", False), ("", False)]
)
async def test_a_url_is_ready_when_it_answers_well(
    server_port: int, path: str, ready: bool
) -> None:
    assert await answers(f"http://127.0.0.1:{server_port}{path}")() is ready


async def test_a_url_where_nobody_listens_is_not_ready(server_port: int) -> None:
    assert await answers("http://127.0.0.1:1/")() is False


def test_kill_9_of_the_parent_ends_even_a_deaf_child(tmp_path: Path, until: Until) -> None:
    pid_file = tmp_path / "pid"
    argv = [sys.executable, "-c", SUPERVISOR, str(tmp_path / "log")]
    argv += [sys.executable, "-c", STUBBORN, str(pid_file)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as supervisor:
        until(lambda: written(pid_file) != 0)
        pid = written(pid_file)
        assert not gone(pid)
        supervisor.kill()
    until(lambda: gone(pid))
