"""Which part of the history an answer speaks of (RULES 5).

A cut takes the whole days before `before`, and of the day `before` itself the leaves up to `leaf`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from msgspec import Struct

from events.days import Days
from events.log.protocol import Leaves
from services.query_api.database import Snapshot
from services.query_api.stored import StoredLeaf, counted_leaf, stored_leaf
from services.web.problems import Problem

#: Stands for a leaf where a cut ends with a whole day.
_WHOLE = -1


class Basis(Struct, frozen=True):
    """What every answer names: the position it was computed at, and which days it was told."""

    position: int
    as_of: int | str | None
    tzdata: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of the history: what leaves up to `position` said."""

    position: int
    before: date
    leaf: int
    as_of: int | date | None

    @property
    def is_whole(self) -> bool:
        """Whether it ends with a recorded day, or with all that is folded."""
        return self.leaf == _WHOLE

    @property
    def values(self) -> dict[str, object]:
        """For the SQL of the views."""
        return {"before": self.before, "leaf": self.leaf}

    def basis(self, tzdata: str) -> Basis:
        """As the answer states it."""
        stated = self.as_of.isoformat() if isinstance(self.as_of, date) else self.as_of
        return Basis(self.position, stated, tzdata)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the views of a snapshot go, and the log and calendar that tell its days."""

    position: int
    leaves: Leaves
    days: Days

    async def day_of(self, index: int) -> date:
        """The recorded day of a leaf that is folded."""
        stored = await _folded_leaf(self.leaves, index)
        return self.days.day_of(stored.leaf.sequenced)


async def find_cut(reach: Reach, today: date, as_of: int | date | None) -> Cut:
    """The cut that `as_of` names. Problem 422 for what is not recorded (yet)."""
    if as_of is None:
        return Cut(reach.position, date.max, _WHOLE, None)
    if isinstance(as_of, date):
        return await _at_date(reach, today, as_of)
    return await _at_position(reach, as_of)


async def _at_date(reach: Reach, today: date, as_of: date) -> Cut:
    if as_of > today:
        raise _unknown(f"{as_of} has not begun: the registry's date is {today}")
    last = await last_of_day(reach, as_of)
    if last is None:
        raise _unknown(f"nothing was recorded up to {as_of}")
    return Cut(last, as_of + timedelta(days=1), _WHOLE, as_of)


async def _at_position(reach: Reach, as_of: int) -> Cut:
    if as_of > reach.position:
        raise _unknown(f"position {as_of} is not reached: the views stand at {reach.position}")
    day = await reach.day_of(as_of)
    ends_day = as_of == reach.position or await reach.day_of(as_of + 1) > day
    if ends_day:
        return Cut(as_of, day + timedelta(days=1), _WHOLE, as_of)
    return Cut(as_of, day, as_of, as_of)


async def last_of_day(reach: Reach, day: date) -> int | None:
    """The last leaf recorded on or before a day. Days never go back from leaf to leaf."""
    low, high = 0, reach.position + 1
    while low < high:
        middle = (low + high) // 2
        if await reach.day_of(middle) <= day:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low else None


async def leaf_of_event(snapshot: Snapshot, leaves: Leaves, event_number: int) -> StoredLeaf | None:
    """The folded leaf that holds an event."""
    rows = await snapshot.rows("event_leaf", event_number=event_number)
    if rows:
        return await _folded_leaf(leaves, rows[0]["leaf_index"])
    return await _search_event(leaves, snapshot.position + 1, event_number)


async def _search_event(leaves: Leaves, end: int, event_number: int) -> StoredLeaf | None:
    """The leaf below an index that holds an event: numbers are dense over counted leaves."""
    low, high = 0, end
    found: StoredLeaf | None = None
    while low < high:
        middle = (low + high) // 2
        stored = await counted_leaf(leaves, middle, high)
        if stored is None:
            high = middle
        elif (stored.leaf.first_event or 0) <= event_number:
            found, low = stored, stored.index + 1
        else:
            high = middle
    if found is None or event_number >= (found.leaf.first_event or 0) + found.leaf.events:
        return None
    return found


async def _folded_leaf(leaves: Leaves, index: int) -> StoredLeaf:
    """A leaf that the views hold. Problem 503 if the log does not show it."""
    stored = await stored_leaf(leaves, index)
    if stored is None:
        # The index of a log on Kafka may be made anew, and then lags behind the views for a while.
        detail = f"the index does not hold leaf {index} yet; ask again"
        raise Problem(503, "index-behind", detail, headers={"Retry-After": "1"})
    return stored


def _unknown(detail: str) -> Problem:
    return Problem(422, "unknown-basis", f"as_of: {detail}", parameter="as_of")
