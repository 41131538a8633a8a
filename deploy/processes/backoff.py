"""Waiting for a database that is away: longer each time, never giving up, never a crash loop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

_log = structlog.get_logger()
#: Seconds before the next try; doubles each time.
_SECONDS_MIN, _SECONDS_MAX = 0.2, 5.0
#: What being away looks like.
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def keep_trying(
    stop: asyncio.Event, act: Callable[[], Awaitable[None]], failed: Callable[[Exception], None]
) -> None:
    """Run `act` again and again until `stop`; wait after each failure of the database."""
    seconds = _SECONDS_MIN
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        try:
            await act()
        except AWAY as error:
            failed(error)
            _log.warning("database away", error=str(error), retry_seconds=seconds)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
            lived = asyncio.get_running_loop().time() - started
            seconds = _SECONDS_MIN if lived > 2 * _SECONDS_MAX else min(2 * seconds, _SECONDS_MAX)
