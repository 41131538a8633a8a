"""The wage floor: the minimum wage of a work day times effective time, against pay (RULES 7.2).

The unit is a worker's day on one platform, so that pay by the task, however small the tasks, is
held against the hours that they took together. Two bases are always given: paid time, and paid plus
unpaid time. Time whose pay is unstated is in neither.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from msgspec import Struct

from events.money import MICRO
from policies.bundle import Bundle
from policies.exchange import Waits
from policies.minimum_wage import Floor, hourly
from services.ledger.conversion import RATE_SCALE, Conversions
from services.ledger.rounding import half_up

_SECONDS_AN_HOUR = 3600
#: Shortfalls are whole numbers of these parts of a micro-unit until they are shown.
PARTS = _SECONDS_AN_HOUR * RATE_SCALE

Key = TypeVar("Key", bound=Hashable)


class Work(Struct, frozen=True, gc=False):
    """Work of one work day: a row of the work grain, or a part of one.

    `residence` as stated, empty where unstated. `paid` and `unpaid` are seconds of tasks, `outside`
    those of no task (search, qualification, waiting); `earned` is in micro-units.
    """

    platform: str
    worker: str
    day: date
    residence: str
    task_group: str
    currency: str
    paid: int
    unpaid: int
    outside: int
    earned: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Work":
        """A row of the views, whose sums may be more than a database's integer holds."""
        return cls(**{**row, "earned": int(row["earned"])})


@dataclass(slots=True)
class Part:
    """Time and pay of one task group in a day; pay in micro-units times `RATE_SCALE`."""

    paid: int = 0
    all: int = 0
    pay: int = 0
    earned: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether all of it was taken back again."""
        return not (self.paid or self.all or self.earned)


@dataclass(slots=True)
class FloorDay:
    """A worker's day on a platform, by task group (None: time of no task).

    `resident`: her residence is stated and in the country; else it is unstated. `waits`: some of
    the day's pay cannot be converted yet.
    """

    platform: str
    worker: str
    day: date
    resident: bool
    wage: Floor
    parts: dict[str | None, Part] = field(default_factory=dict)
    waits: Waits | None = None
    #: Time on either basis and pay of all parts.
    total: Part = field(default_factory=Part)

    def settle(self) -> None:
        """Leave out what was all taken back, and add up the rest."""
        self.parts = {group: part for group, part in self.parts.items() if not part.is_empty}
        for part in self.parts.values():
            self.total.paid += part.paid
            self.total.all += part.all
            self.total.pay += part.pay

    @property
    def is_known(self) -> bool:
        """Whether the wage is known and all pay is converted."""
        return self.wage.amount is not None and self.waits is None

    def short(self, seconds: int) -> int:
        """What is missing to the floor of so many seconds, in `PARTS`; 0 where nobody can know."""
        if seconds <= 0 or not self.is_known:
            return 0
        owed = wage_of(self.wage) * seconds * RATE_SCALE
        return max(0, owed - self.total.pay * _SECONDS_AN_HOUR)


def wage_of(wage: Floor) -> int:
    """An hour's minimum in micro-units; it must be known."""
    assert wage.amount is not None
    return int(wage.amount * MICRO)


class Basis(Struct, frozen=True):
    """Worker-days on one basis of time; money in micro-units of the minimum wage's currency.

    `below`: days on which pay did not reach the floor; `floor`: the minimum wage of all days' time.
    """

    seconds: int
    floor: int
    shortfall: int
    below: int


class FloorSums(Struct, frozen=True):
    """Worker-days whose wage and pay are known, and those of which either is not."""

    days: int
    pay: int
    paid_time: Basis
    paid_and_unpaid_time: Basis
    days_without_wage: int
    days_waiting: int


class Summed(Struct, frozen=True):
    """Worker-days of one work day that were added up elsewhere, or parts of them: money times
    `RATE_SCALE`, shortfalls in `PARTS`. `wage`: an hour's minimum in micro-units, None where none
    is known."""

    wage: int | None
    days: int
    pay: int
    paid: int
    spent: int
    short_paid: int
    short_spent: int
    below_paid: int
    below_spent: int
    days_without_wage: int
    days_waiting: int

    @property
    def is_empty(self) -> bool:
        """Whether there is no such day."""
        return not (self.days or self.days_without_wage or self.days_waiting)


def floor_days(bundle: Bundle, work: Iterable[Work], conversions: Conversions) -> list[FloorDay]:
    """Work by platform, worker and day, of residents and of those whose residence is unstated.

    Pay is what was earned on the work day, converted by that day's rate. Rows may be split and
    ordered as one likes. A day with neither time nor pay is none.
    """
    days: dict[tuple[str, str, date, bool], FloorDay] = {}
    foreign: dict[tuple[tuple[str, str, date, bool], str, str], int] = {}
    wages: dict[date, Floor] = {}
    for row in work:
        resident = row.residence[:2] == bundle.country
        if row.residence and not resident:
            continue
        key = row.platform, row.worker, row.day, resident
        day = days.get(key)
        if day is None:
            wage = wages.get(row.day) or wages.setdefault(row.day, hourly(bundle, row.day))
            day = days[key] = FloorDay(*key, wage)
        _add_time(day, row)
        if row.earned:
            pay = key, row.task_group, row.currency
            foreign[pay] = foreign.get(pay, 0) + row.earned
    for (key, group, currency), earned in foreign.items():
        _add_pay(days[key], group, currency, earned, conversions)
    for day in days.values():
        day.settle()
    return [days[key] for key in sorted(days) if days[key].parts]


def _add_time(day: FloorDay, row: Work) -> None:
    for group, paid, unpaid in ((row.task_group, row.paid, row.unpaid), (None, 0, row.outside)):
        if paid or unpaid:
            part = day.parts.setdefault(group, Part())
            part.paid += paid
            part.all += paid + unpaid


def _add_pay(
    day: FloorDay, group: str, currency: str, earned: int, conversions: Conversions
) -> None:
    if not earned:
        return
    part = day.parts.setdefault(group, Part())
    part.earned = True
    if day.wage.currency is None:
        return
    if currency == day.wage.currency:
        part.pay += earned * RATE_SCALE
        return
    found = conversions.of(currency, day.day)
    if isinstance(found, Waits):
        day.waits = found
    else:
        part.pay += earned * found[0]


@dataclass(slots=True)
class _Time:
    """Sums on one basis: seconds, floor and shortfall in `PARTS`, days below."""

    seconds: int = 0
    floor: int = 0
    short: int = 0
    below: int = 0

    def add(self, wage: int, seconds: int, short: int) -> None:
        self.take(wage, seconds, short, int(short > 0))

    def take(self, wage: int, seconds: int, short: int, below: int) -> None:
        self.seconds += seconds
        self.floor += wage * seconds * RATE_SCALE
        self.short += short
        self.below += below

    def basis(self) -> Basis:
        floor, short = half_up(self.floor, PARTS), half_up(self.short, PARTS)
        return Basis(self.seconds, floor, short, self.below)


@dataclass(slots=True)
class _Adding:
    """Sums of one key."""

    days: int = 0
    pay: int = 0
    paid: _Time = field(default_factory=_Time)
    all: _Time = field(default_factory=_Time)
    days_without_wage: int = 0
    days_waiting: int = 0

    def add(self, day: FloorDay, part: Part, short_paid: int, short_all: int) -> None:
        """Add a day, or the part of it that a task group has."""
        if not day.is_known:
            self.days_without_wage += day.wage.amount is None
            self.days_waiting += day.wage.amount is not None
            return
        wage = wage_of(day.wage)
        self.days += 1
        self.pay += part.pay
        self.paid.add(wage, part.paid, short_paid)
        self.all.add(wage, part.all, short_all)

    def take(self, one: Summed) -> None:
        """Add days that were added up already."""
        self.days += one.days
        self.pay += one.pay
        self.paid.take(one.wage or 0, one.paid, one.short_paid, one.below_paid)
        self.all.take(one.wage or 0, one.spent, one.short_spent, one.below_spent)
        self.days_without_wage += one.days_without_wage
        self.days_waiting += one.days_waiting

    def sums(self) -> FloorSums:
        # Half-up of a negative number too: pay that was taken back.
        pay = (2 * self.pay + RATE_SCALE) // (2 * RATE_SCALE)
        times = self.paid.basis(), self.all.basis()
        return FloorSums(self.days, pay, *times, self.days_without_wage, self.days_waiting)


def floor_by(
    days: Iterable[FloorDay],
    key: Callable[[FloorDay], Key],
    summed: Iterable[tuple[Key, Summed]] = (),
) -> dict[Key, FloorSums]:
    """Days added up by a key of theirs: month, platform, worker, residence.

    `summed`: further days, added up already.
    """
    found = _taken(summed)
    for day in days:
        total = day.total
        found[key(day)].add(day, total, day.short(total.paid), day.short(total.all))
    return {one: adding.sums() for one, adding in found.items()}


def floor_by_group(
    days: Iterable[FloorDay],
    key: Callable[[FloorDay, str | None], Key],
    summed: Iterable[tuple[Key, Summed]] = (),
) -> dict[Key, FloorSums]:
    """Days added up by a key that knows the task group (None: time of no task).

    A day's shortfall is shared out over its groups in proportion to their time, so that rows add
    up to the whole; a day with several groups is a day of each. `summed`: as of `floor_by`.
    """
    found = _taken(summed)
    for day in days:
        paid = _shares(day, {group: part.paid for group, part in day.parts.items()})
        whole = _shares(day, {group: part.all for group, part in day.parts.items()})
        for group, part in day.parts.items():
            found[key(day, group)].add(day, part, paid.get(group, 0), whole.get(group, 0))
    return {one: adding.sums() for one, adding in found.items()}


def _taken(summed: Iterable[tuple[Key, Summed]]) -> dict[Key, _Adding]:
    found: dict[Key, _Adding] = defaultdict(_Adding)
    for one, sums in summed:
        found[one].take(sums)
    return found


def _shares(day: FloorDay, seconds: Mapping[str | None, int]) -> Mapping[str | None, int]:
    """A day's shortfall by task group, in proportion to time: the groups up to one, by name, have
    together the whole units of their time together. So shares add up, whatever is left over."""
    time = {group: max(0, one) for group, one in seconds.items()}
    short, whole = day.short(sum(seconds.values())), sum(time.values())
    if not short:
        return {}
    shares: dict[str | None, int] = {}
    reached = given = 0
    # Time of no task stands first.
    for group in sorted(time, key=lambda group: group or ""):
        reached += time[group]
        shares[group] = short * reached // whole - given
        given += shares[group]
    return shares
