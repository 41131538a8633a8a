"""The wage floor: the minimum wage of a work day times effective time, against pay (RULES 7.2).

The unit is a worker's day on one platform, so that pay by the task, however small the tasks, is
held against the hours that they took together. Two bases are always given: paid time, and paid plus
unpaid time. Time whose pay is unstated is in neither.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from msgspec import Struct

from events.money import MICRO
from policies.bundle import Bundle
from policies.exchange import Waits
from policies.minimum_wage import Floor, hourly
from services.ledger.conversion import RATE_SCALE, Conversions
from services.ledger.rounding import half_up, share_out

_SECONDS_AN_HOUR = 3600
#: Shortfalls are whole numbers of these parts of a micro-unit until they are shown.
_PARTS = _SECONDS_AN_HOUR * RATE_SCALE

Key = TypeVar("Key", bound=Hashable)


class Work(Struct, frozen=True):
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

    def short(self, *, unpaid: bool) -> int:
        """What is missing to the floor, in `_PARTS`; 0 without time, wage or pay known."""
        seconds = self.seconds(unpaid=unpaid)
        if self.wage.amount is None or self.waits is not None or seconds <= 0:
            return 0
        wage = int(self.wage.amount * MICRO)
        pay = sum(part.pay for part in self.parts.values())
        return max(0, wage * seconds * RATE_SCALE - pay * _SECONDS_AN_HOUR)

    def seconds(self, *, unpaid: bool) -> int:
        """Effective time on one of the two bases."""
        return sum(part.all if unpaid else part.paid for part in self.parts.values())


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
        day.parts = {group: part for group, part in day.parts.items() if not part.is_empty}
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
class _Adding:
    """Sums of one key: on each basis seconds, floor and shortfall in parts, days below."""

    days: int = 0
    pay: int = 0
    paid: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    all: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    days_without_wage: int = 0
    days_waiting: int = 0

    def sums(self) -> FloorSums:
        paid, whole = (
            Basis(seconds, half_up(floor, _PARTS), half_up(short, _PARTS), below)
            for seconds, floor, short, below in (self.paid, self.all)
        )
        # Half-up of a negative number too: pay that was taken back.
        pay = (2 * self.pay + RATE_SCALE) // (2 * RATE_SCALE)
        return FloorSums(self.days, pay, paid, whole, self.days_without_wage, self.days_waiting)


def floor_by(days: Iterable[FloorDay], key: Callable[[FloorDay], Key]) -> dict[Key, FloorSums]:
    """Days added up by a key of theirs: month, platform, worker, residence."""
    found: dict[Key, _Adding] = {}
    for day in days:
        into = found.setdefault(key(day), _Adding())
        if _is_known(day, into):
            pay = sum(part.pay for part in day.parts.values())
            _add(into, day, pay, {unpaid: day.seconds(unpaid=unpaid) for unpaid in (False, True)})
            for unpaid, sums in ((False, into.paid), (True, into.all)):
                short = day.short(unpaid=unpaid)
                sums[2] += short
                sums[3] += short > 0
    return {one: adding.sums() for one, adding in found.items()}


def floor_by_group(
    days: Iterable[FloorDay], key: Callable[[FloorDay, str | None], Key]
) -> dict[Key, FloorSums]:
    """Days added up by a key that knows the task group (None: time of no task).

    A day's shortfall is shared out over its groups in proportion to their time, so that rows add
    up to the whole; a day with several groups is a day of each.
    """
    found: dict[Key, _Adding] = {}
    for day in days:
        shares = {unpaid: _shares(day, unpaid=unpaid) for unpaid in (False, True)}
        for group, part in day.parts.items():
            into = found.setdefault(key(day, group), _Adding())
            if _is_known(day, into):
                _add(into, day, part.pay, {False: part.paid, True: part.all})
                for unpaid, sums in ((False, into.paid), (True, into.all)):
                    short = shares[unpaid].get(group, 0)
                    sums[2] += short
                    sums[3] += short > 0
    return {one: adding.sums() for one, adding in found.items()}


def _shares(day: FloorDay, *, unpaid: bool) -> dict[str | None, int]:
    short = day.short(unpaid=unpaid)
    if not short:
        return {}
    # Names sort after nothing: an empty one stands for time of no task.
    time = {
        (group or "",): max(0, part.all if unpaid else part.paid)
        for group, part in day.parts.items()
    }
    return {group or None: share for (group,), share in share_out(short, time).items()}


def _is_known(day: FloorDay, into: _Adding) -> bool:
    if day.wage.amount is None:
        into.days_without_wage += 1
    elif day.waits is not None:
        into.days_waiting += 1
    return day.wage.amount is not None and day.waits is None


def _add(into: _Adding, day: FloorDay, pay: int, seconds: dict[bool, int]) -> None:
    assert day.wage.amount is not None
    wage = int(day.wage.amount * MICRO)
    into.days += 1
    into.pay += pay
    for unpaid, sums in ((False, into.paid), (True, into.all)):
        sums[0] += seconds[unpaid]
        sums[1] += wage * seconds[unpaid] * RATE_SCALE
