"""On which day each leaf was recorded, from few readings of the log.

Days never go back from leaf to leaf: whatever lies between two leaves of one day is of that day.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date

from events.days import Days
from events.log.protocol import Leaves
from services.query_api.stored import stored_leaf
from services.web.problems import Problem


@dataclass(slots=True)
class Runs:
    """What is known so far: for each day the first and the last leaf known to be of it."""

    _first: list[int] = field(default_factory=list)
    _last: list[int] = field(default_factory=list)
    _days: list[date] = field(default_factory=list)

    def day_of(self, index: int) -> date | None:
        """The day of a leaf, if it follows from what is known."""
        at = self._at(index)
        return self._days[at] if at >= 0 and index <= self._last[at] else None

    def note(self, index: int, day: date) -> None:
        """Learn the day of one leaf."""
        at = self._at(index)
        if at >= 0 and self._days[at] == day:
            self._last[at] = max(self._last[at], index)
        elif at + 1 < len(self._days) and self._days[at + 1] == day:
            self._first[at + 1] = index
        else:
            for known, value in ((self._first, index), (self._last, index)):
                known.insert(at + 1, value)
            self._days.insert(at + 1, day)

    def _at(self, index: int) -> int:
        """The last run that begins at or before a leaf; -1 if none does."""
        return bisect_right(self._first, index) - 1


class RecordedDays:
    """The recorded days of a log's leaves."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._runs = Runs()

    async def day_of(self, index: int, days: Days) -> date:
        """The recorded day of a leaf that is folded. Problem 503 if the log does not show it."""
        known = self._runs.day_of(index)
        if known is not None:
            return known
        stored = await stored_leaf(self._leaves, index)
        if stored is None:
            raise index_behind(index)
        day = days.day_of(stored.leaf.sequenced)
        self._runs.note(index, day)
        return day

    async def last_of(self, day: date, position: int, days: Days) -> int | None:
        """The last leaf up to a position that was recorded on or before a day, if one was."""
        low, high = 0, position + 1
        while low < high:
            middle = (low + high) // 2
            if await self.day_of(middle, days) <= day:
                low = middle + 1
            else:
                high = middle
        return low - 1 if low else None


def index_behind(index: int) -> Problem:
    """The index of a log on Kafka may be made anew, and then lags behind the views for a while."""
    detail = f"the index does not hold leaf {index} yet; ask again"
    return Problem(503, "index-behind", detail, headers={"Retry-After": "1"})
