"""Steps that come too fast wait a little, so that each takes more along; a rare one never waits."""

import asyncio
import time
from collections.abc import Callable

#: Seconds between the beginnings of round trips under load: no reader of an answer notices them,
#: and a database answers ten questions at once for little more than one.
ROUND_TRIP_GAP = 0.006


class Pacer:
    """Lets steps begin at least so many seconds apart. One caller at a time."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._next = 0.0

    async def step(self) -> None:
        """Return when the next step may begin."""
        if (early := self._next - self._monotonic()) > 0:
            await asyncio.sleep(early)
        self._next = self._monotonic() + self._seconds
