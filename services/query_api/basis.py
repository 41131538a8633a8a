"""Which part of the history an answer speaks of (RULES 5).

A cut takes the whole days before `before`, and of the day `before` itself the leaves up to `leaf`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from msgspec import Struct

from events.days import Days
from services.query_api.database import Snapshot, StoredLeaf
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


async def find_cut(snapshot: Snapshot, days: Days, today: date, as_of: int | date | None) -> Cut:
    """The cut that `as_of` names. Problem 422 for what is not recorded (yet)."""
    if as_of is None:
        return Cut(snapshot.position, date.max, _WHOLE, None)
    if isinstance(as_of, date):
        return await _at_date(snapshot, days, today, as_of)
    return await _at_position(snapshot, days, as_of)


async def _at_date(snapshot: Snapshot, days: Days, today: date, as_of: date) -> Cut:
    if as_of > today:
        raise _unknown(f"{as_of} has not begun: the registry's date is {today}")
    last = await _last_of_day(snapshot, days, as_of)
    if last is None:
        raise _unknown(f"nothing was recorded up to {as_of}")
    return Cut(last, as_of + timedelta(days=1), _WHOLE, as_of)


async def _at_position(snapshot: Snapshot, days: Days, as_of: int) -> Cut:
    if as_of > snapshot.position:
        raise _unknown(f"position {as_of} is not reached: the views stand at {snapshot.position}")
    day = await _day_of(snapshot, days, as_of)
    ends_day = as_of == snapshot.position or await _day_of(snapshot, days, as_of + 1) > day
    if ends_day:
        return Cut(as_of, day + timedelta(days=1), _WHOLE, as_of)
    return Cut(as_of, day, as_of, as_of)


async def _day_of(snapshot: Snapshot, days: Days, index: int) -> date:
    stored = await snapshot.leaf(index)
    if stored is None:
        # With Kafka the index may lag the topic, and so the views that are folded from it.
        detail = f"the index does not hold leaf {index} yet; ask again"
        raise Problem(503, "index-behind", detail, headers={"Retry-After": "1"})
    return days.day_of(stored.leaf.sequenced)


async def _last_of_day(snapshot: Snapshot, days: Days, day: date) -> int | None:
    """The last leaf recorded on or before a day. Days never go back from leaf to leaf."""
    low, high = 0, snapshot.position + 1
    while low < high:
        middle = (low + high) // 2
        if await _day_of(snapshot, days, middle) <= day:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low else None


async def leaf_of_event(snapshot: Snapshot, event_number: int) -> StoredLeaf | None:
    """The folded leaf that holds an event; event numbers are dense over counted leaves."""
    low, high = 0, snapshot.position + 1
    found: StoredLeaf | None = None
    while low < high:
        middle = (low + high) // 2
        stored = await snapshot.counted_leaf(middle, high)
        if stored is None:
            high = middle
        elif (stored.leaf.first_event or 0) <= event_number:
            found, low = stored, stored.index + 1
        else:
            high = middle
    if found is None or event_number >= (found.leaf.first_event or 0) + found.leaf.events:
        return None
    return found


def _unknown(detail: str) -> Problem:
    return Problem(422, "unknown-basis", f"as_of: {detail}", parameter="as_of")
