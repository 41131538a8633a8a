"""How a process goes on and ends: signals, pauses, and a database or a broker that is away.

It waits longer each time, never gives up and never falls into a crash loop.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog

_log = structlog.get_logger()
_Result = TypeVar("_Result")
#: Seconds before the next try; doubles each time.
_SECONDS_MIN, _SECONDS_MAX = 0.2, 5.0
#: What being away looks like; the last is how the driver names a server that died in mid-statement.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


async def keep_trying(
    stop: asyncio.Event, act: Callable[[], Awaitable[None]], failed: Callable[[Exception], None]
) -> None:
    """Run `act` again and again until `stop`; wait after each failure of what is away."""
    seconds = _SECONDS_MIN
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await act()
        except AWAY as error:
            failed(error)
            _log.warning("away", error=told(error), retry_seconds=seconds)
            await pause(stop, seconds)
            lived = asyncio.get_running_loop().time() - started
            seconds = _SECONDS_MIN if lived > 2 * _SECONDS_MAX else min(2 * seconds, _SECONDS_MAX)


def told(error: Exception) -> str:
    """An error in words: some of the network's have no text of their own."""
    return str(error) or type(error).__name__


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond the stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def input_ended() -> None:
    """Return when standard input ends: whoever started this process with a pipe is gone."""
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def read() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        # The loop may have been closed while we waited.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(ended.set)

    # No thread of the loop's own pool: nobody could end it while the input stays open.
    threading.Thread(target=read, daemon=True).start()
    await ended.wait()


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def cancelled_by_sigterm(work: Awaitable[_Result]) -> _Result:
    """Do it; SIGTERM ends it as SIGINT does, so that what it started is ended too.

    Raises KeyboardInterrupt then.
    """
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await work
    except asyncio.CancelledError as cancelled:
        raise KeyboardInterrupt from cancelled
