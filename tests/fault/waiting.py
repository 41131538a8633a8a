"""Waiting for a condition, never for a time."""

import asyncio
from collections.abc import Awaitable, Callable

#: Seconds after which a condition that did not come about is a failure, not slowness.
_SECONDS_MAX = 40.0
#: Seconds between two looks.
_POLL_SECONDS = 0.02


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Return when `condition` holds; `what` is said if it never does."""
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            while not await condition():  # noqa: ASYNC110  # nothing else tells
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"never came about: {what}") from None
