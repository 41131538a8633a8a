"""The database's time, against which a writer checks its own clock before every round."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

#: Seconds for which an answer is counted on by the monotonic clock, which does not jump.
_COUNTED_SECONDS = 1.0


class DatabaseTime:
    """Asks once a second, and before it calls a clock wrong: this machine may have slept."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[datetime]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._monotonic = ask, monotonic
        self._answer: datetime | None = None
        self._asked = 0.0

    async def ahead(self, now: datetime, most: timedelta) -> timedelta:
        """How far a reading is ahead of the database; exact where that is more than `most`."""
        elapsed = self._monotonic() - self._asked
        if self._answer is not None and elapsed < _COUNTED_SECONDS:
            ahead = now - self._answer - timedelta(seconds=elapsed)
            if ahead <= most:
                return ahead
        # Read before it is asked: what the answer takes must not make our clock look slow.
        self._asked = self._monotonic()
        self._answer = await self._ask()
        return now - self._answer
