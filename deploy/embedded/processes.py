"""The processes of one machine, started together, kept alive, stopped in reverse order.

A child dies with its parent (Linux), is restarted when it dies alone, and lives in a session
of its own, so that Ctrl-C reaches the parent, which then stops the children in its own order.
"""

import asyncio
import os
import re
import signal
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.embedded.guard import guarded

#: Seconds before a dead child is started again; doubles with every death in a row.
BACKOFF_SECONDS_MIN, BACKOFF_SECONDS_MAX = 0.2, 5.0
#: Seconds of life after which a death counts as the first again.
STEADY_SECONDS = 30.0
#: Seconds a child may take to end after SIGTERM.
GRACE_SECONDS = 10.0
#: Seconds between two questions whether a child is ready (or, without pidfd, has ended).
POLL_SECONDS = 0.05
#: Seconds an answer to such a question may take over HTTP.
ANSWER_SECONDS = 2.0
#: Environment variable: the file descriptor on which a child says that it is ready.
READY_FD = "SIJILL_READY_FD"
#: The first line of a good HTTP answer (RFC 9112, section 4).
SUCCESS = re.compile(rb"HTTP/1\.[01] 2\d\d ")

Predicate = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to keep alive.

    `env` is its whole environment (None: ours); `log` takes its output and errors. `ready` is
    asked until it gives true; without it the child itself says so, with `announce_ready`.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    ready: Predicate | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """Child `name` ended with `status` (negative: by that signal); `delay` seconds to its next."""

    name: str
    status: int
    delay: float


def next_delay(delay: float, lived: float) -> float:
    """Seconds to wait after a child died that had `lived` seconds; `delay` was the last wait."""
    if lived >= STEADY_SECONDS:
        return BACKOFF_SECONDS_MIN
    return min(max(delay * 2, BACKOFF_SECONDS_MIN), BACKOFF_SECONDS_MAX)


def announce_ready() -> None:
    """Called in a child: tell the parent that this process is ready, if a parent listens."""
    if (number := os.environ.pop(READY_FD, None)) is not None:
        with suppress(BrokenPipeError), open(int(number), "wb", buffering=0) as pipe:
            pipe.write(b"\n")


def answers(url: str) -> Predicate:
    """Whether a GET of `url` (plain http, a neighbour on this machine) gives a 2xx."""
    parts = urlsplit(url)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    request = f"GET {target} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode()

    async def ask() -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status = await _status_line(parts.hostname or "", parts.port or 80, request)
        except (OSError, TimeoutError):
            return False
        return SUCCESS.match(status) is not None

    return ask


async def _status_line(host: str, port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        return await reader.readline()
    finally:
        writer.close()


class ProcessGroup:
    """Runs `children`, started together: each waits by itself for what it needs.

    `report` hears of every restart. `ready` is set once all were ready.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        report: Callable[[Restart], None],
        grace: float = GRACE_SECONDS,
    ) -> None:
        self.ready = asyncio.Event()
        self._children = tuple(children)
        self._report = report
        self._grace = grace
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask the group to end; `run` returns when every child is gone. For signal handlers."""
        self._stopping.set()

    async def run(self) -> None:
        """Keep all children alive until `stop`, or until cancelled; then stop them, last first.

        Each gets SIGTERM and up to `grace` seconds before SIGKILL, and is gone before the one
        started before it is told. Only the main thread may run it: children end with the
        thread that started them. A predicate that raises, or a log that cannot be written,
        stops the group and comes out as an ExceptionGroup.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a process group runs in the main thread")
        keepers: list[_Keeper] = []
        async with asyncio.TaskGroup() as tasks:
            try:
                await self._start(tasks, keepers)
                await self._stopping.wait()
            finally:
                await _stop_all(keepers, self._grace)

    async def _start(self, tasks: asyncio.TaskGroup, keepers: list["_Keeper"]) -> None:
        keepers.extend(_Keeper(child, self._report, tasks) for child in self._children)
        for keeper in keepers:
            await either(keeper.ready, self._stopping)
        if not self._stopping.is_set():
            self.ready.set()


async def _stop_all(keepers: Sequence["_Keeper"], grace: float) -> None:
    try:
        for keeper in reversed(keepers):
            await keeper.stop(grace)
    finally:
        # Reached with living children only by a second cancellation, during a grace period.
        for keeper in keepers:
            keeper.kill()


class _Keeper:
    """The lives of one child: start, watch, start again."""

    def __init__(
        self, child: Child, report: Callable[[Restart], None], tasks: asyncio.TaskGroup
    ) -> None:
        self.ready = asyncio.Event()
        self._child = child
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._task = tasks.create_task(self._keep(), name=f"keep {child.name}")

    async def _keep(self) -> None:
        clock, delay = asyncio.get_running_loop().time, 0.0
        while True:
            born = clock()
            status = await self._live()
            delay = next_delay(delay, clock() - born)
            self._report(Restart(self._child.name, status, delay))
            await asyncio.sleep(delay)

    async def _live(self) -> int:
        """One process from start to end; its exit status."""
        reader, writer = os.pipe()
        with _closing(reader):
            try:
                self._process = _spawn(self._child, writer)
            finally:
                os.close(writer)
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(self._watch_ready(reader))
                status = await _ended(self._process)
                watch.cancel()
        return status

    async def _watch_ready(self, pipe: int) -> None:
        if (ready := self._child.ready) is None:
            await _readable(pipe)
            # End of file without a word: the child closed it, or died, and never was ready.
            if not os.read(pipe, 1):
                return
        else:
            while not await ready():  # noqa: ASYNC110  # only the question can tell
                await asyncio.sleep(POLL_SECONDS)
        self.ready.set()

    async def stop(self, grace: float) -> None:
        """SIGTERM, then after `grace` seconds SIGKILL; returns when the process is gone."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(_ended(self._process), grace)
        except TimeoutError:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, at once, for the process and what it started."""
        if self._process is not None and self._process.returncode is None:
            _kill_group(self._process.pid)
            self._process.wait()


def _spawn(child: Child, ready_fd: int) -> subprocess.Popen[bytes]:
    environment = os.environ if child.env is None else child.env
    child.log.parent.mkdir(parents=True, exist_ok=True)
    with child.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # our own programs
            # Not SIGTERM: a child that is slow to end must not outlive the parent either.
            guarded(child.argv, signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**environment, READY_FD: str(ready_fd)},
            pass_fds=(ready_fd,),
            start_new_session=True,
        )


async def _ended(process: subprocess.Popen[bytes]) -> int:
    """Wait until `process` is gone, and end what it left in its session; its exit status."""
    if not hasattr(os, "pidfd_open"):
        while (status := process.poll()) is None:  # noqa: ASYNC110  # nothing else tells
            await asyncio.sleep(POLL_SECONDS)
        return status
    with _closing(os.pidfd_open(process.pid)) as pidfd:
        await _readable(pidfd)
    # Until we wait for it, its id is nobody else's: the one safe moment for this signal.
    _kill_group(process.pid)
    return process.wait()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@contextmanager
def _closing(fd: int) -> Iterator[int]:
    try:
        yield fd
    finally:
        os.close(fd)


async def _readable(fd: int) -> None:
    loop, happened = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fd, happened.set)
    try:
        await happened.wait()
    finally:
        loop.remove_reader(fd)


async def either(*events: asyncio.Event) -> None:
    """Wait until one of these is set."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
