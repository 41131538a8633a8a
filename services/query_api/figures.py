"""Slices: what sums over rows of the work and pay grains mean. Pure: rows in, slices out.

Hours are summed over currencies before hourly pay, which always names its basis: paid time, and
paid plus unpaid time (RULES 3.4, 3.5). Time whose pay is unstated is in neither.
"""

import operator
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache
from typing import Any, TypeVar

from msgspec import Struct

from events.money import MICRO, NO_CURRENCY, from_micros

COUNTS = ("completed", "approved", "rejected", "returned", "expired", "aborted")
#: Unpaid time that belongs to no task, and so to no task group.
UNALLOCATED = ("search", "qualification", "waiting")
UNPAID = ("rejected", "not_submitted", "fault", *UNALLOCATED)
SECONDS = ("worked", "paid", "paid_unstated", *UNPAID)
PAID = ("gross", "fee", "tax", "withheld", "net")
_SECONDS_AN_HOUR = 3600
_counts_of = operator.itemgetter(*COUNTS)
_seconds_of = operator.itemgetter(*(f"{name}_seconds" for name in SECONDS))
_NO_COUNTS, _NO_SECONDS = (0,) * len(COUNTS), (0,) * len(SECONDS)
#: Where in SECONDS unpaid time begins, and time without a task: both go on to its end.
_UNPAID_FROM, _UNALLOCATED_FROM = SECONDS.index(UNPAID[0]), SECONDS.index(UNALLOCATED[0])
_NOTHING_PAID = dict.fromkeys(("payments", *PAID), 0)
#: Decimals of hourly pay, rounded half to even.
_HOURLY_STEP = Decimal("0.0001")
#: Slices that are kept: most of a table is days that never change.
_SLICES_MAX = 10_000

Row = Mapping[str, Any]
Key = TypeVar("Key", bound=Hashable)


class Counts(Struct, frozen=True):
    """Tasks by outcome; a withdrawn rejection and a cancelled event are taken off again."""

    completed: int
    approved: int
    rejected: int
    returned: int
    expired: int
    aborted: int


class Seconds(Struct, frozen=True):
    """Time by kind: `worked` was handed in; all kinds after `paid_unstated` are unpaid."""

    worked: int
    paid: int
    paid_unstated: int
    rejected: int
    not_submitted: int
    fault: int
    search: int
    qualification: int
    waiting: int


class HourlyPay(Struct, frozen=True):
    """Earned per hour by currency on two bases; null where the basis has no time."""

    paid_time: dict[str, str] | None
    paid_and_unpaid_time: dict[str, str] | None


class Paid(Struct, frozen=True):
    """Payments in one currency, as decimal strings."""

    payments: int
    gross: str
    fee: str
    tax: str
    withheld: str
    net: str


class Slice(Struct, frozen=True):
    """Work of some part of the register: counts, seconds, earned by currency, hourly pay."""

    counts: Counts
    seconds: Seconds
    earned: dict[str, str]
    hourly_pay: HourlyPay


class PaidSlice(Slice, frozen=True):
    """A slice with what was paid, and what was earned and not yet paid."""

    paid: dict[str, Paid]
    earned_unpaid: dict[str, str]


@dataclass(slots=True)
class Sums:
    """Sums in whole numbers: counts and seconds as `COUNTS` and `SECONDS` name them, micro-units by
    currency."""

    counts: tuple[int, ...] = _NO_COUNTS
    seconds: tuple[int, ...] = _NO_SECONDS
    earned: dict[str, int] = field(default_factory=dict)
    paid: dict[str, dict[str, int]] = field(default_factory=dict)

    def add_work(self, row: Row) -> None:
        """Add one row of the work grain."""
        self._add(_counts_of(row), _seconds_of(row))
        if (currency := row["currency"]) != NO_CURRENCY:
            self.earned[currency] = self.earned.get(currency, 0) + int(row["earned"])

    def _add(self, counts: Iterable[int], seconds: Iterable[int]) -> None:
        self.counts = tuple(map(operator.add, self.counts, counts))
        self.seconds = tuple(map(operator.add, self.seconds, seconds))

    def add_pay(self, row: Row) -> None:
        """Add one row of the pay grain."""
        into = self.paid.setdefault(row["currency"], _NOTHING_PAID.copy())
        for name in into:
            into[name] += int(row[name])

    def add(self, other: "Sums") -> None:
        """Add what another part came to."""
        self._add(other.counts, other.seconds)
        for currency, earned in other.earned.items():
            self.earned[currency] = self.earned.get(currency, 0) + earned
        for currency, paid in other.paid.items():
            own = self.paid.setdefault(currency, _NOTHING_PAID.copy())
            for name, value in paid.items():
                own[name] += value


def sums_by(
    key: Callable[[Row], Key], work: Iterable[Row], pay: Iterable[Row] = ()
) -> dict[Key, Sums]:
    """Rows grouped and added up; `key` says the group of a row of either grain."""
    sums: dict[Key, Sums] = defaultdict(Sums)
    for row in work:
        sums[key(row)].add_work(row)
    for row in pay:
        sums[key(row)].add_pay(row)
    return dict(sums)


def total(work: Iterable[Row], pay: Iterable[Row] = ()) -> Sums:
    """All rows added up."""
    return together(sums_by(lambda row: None, work, pay).values())


def together(parts: Iterable[Sums]) -> Sums:
    """Sums of disjoint parts added up."""
    whole = Sums()
    for part in parts:
        whole.add(part)
    return whole


def add_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of one table with those of one key added up, in the order of their keys.

    Numbers are what is added; all else (texts, days, truth values, nothing) is a row's key.
    """
    added: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(value for value in row.values() if not _is_number(value))
        known = added.setdefault(key, dict.fromkeys(row, 0))
        for name, value in row.items():
            known[name] = known[name] + value if _is_number(value) else value
    return [added[key] for key in sorted(added, key=_nothing_first)]


def _is_number(value: object) -> bool:
    return type(value) in (int, Decimal)


def _nothing_first(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((value is not None, value) for value in key)


def split_unallocated(sums: Sums) -> tuple[Sums, Sums]:
    """Tasks without a stated group, and time without a task: two lines of a sector table."""
    of_tasks, of_time = sums.seconds[:_UNALLOCATED_FROM], sums.seconds[_UNALLOCATED_FROM:]
    tasks = Sums(sums.counts, of_tasks + (0,) * len(of_time), sums.earned, sums.paid)
    return tasks, Sums(seconds=(0,) * len(of_tasks) + of_time)


def is_empty(sums: Sums) -> bool:
    """Whether nothing at all was added."""
    return not any((*sums.counts, *sums.seconds, *sums.earned.values()))


def hourly(earned: Mapping[str, int], seconds: int) -> dict[str, str] | None:
    """Micro-units over seconds as decimal strings an hour; None where there is no time."""
    if seconds <= 0:
        return None
    return {currency: _per_hour(micros, seconds) for currency, micros in sorted(earned.items())}


def per_hour(micros: int, seconds: int) -> str | None:
    """Micro-units over seconds as a decimal string an hour; None where there is no time."""
    return _per_hour(micros, seconds) if seconds > 0 else None


def _per_hour(micros: int, seconds: int) -> str:
    # One rounding only: the quotient is exact enough for any sum that a register can hold.
    with localcontext(prec=60):
        exact = Decimal(micros * _SECONDS_AN_HOUR) / Decimal(seconds * MICRO)
        rounded = exact.quantize(_HOURLY_STEP, ROUND_HALF_EVEN)
    text = f"{rounded:f}".rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


def slice_of(sums: Sums) -> Slice:
    """The slice of sums of work."""
    # PostgreSQL adds up to numbers of no width; these are whole.
    counts, seconds = tuple(map(int, sums.counts)), tuple(map(int, sums.seconds))
    return _slice(counts, seconds, tuple(sorted(sums.earned.items())))


@lru_cache(_SLICES_MAX)
def _slice(
    counts: tuple[int, ...], seconds: tuple[int, ...], earned: tuple[tuple[str, int], ...]
) -> Slice:
    of_time, unpaid = Seconds(*seconds), sum(seconds[_UNPAID_FROM:])
    micros = dict(earned)
    return Slice(
        counts=Counts(*counts),
        seconds=of_time,
        earned={currency: from_micros(amount) for currency, amount in earned},
        hourly_pay=HourlyPay(hourly(micros, of_time.paid), hourly(micros, of_time.paid + unpaid)),
    )


def paid_slice_of(sums: Sums, *, pay_known: bool = True) -> PaidSlice:
    """The slice of sums of work and pay; no figure of pay where pay cannot be told apart."""
    pay = pay_members(sums) if pay_known else {"paid": {}, "earned_unpaid": {}}
    return PaidSlice(**members(slice_of(sums)), **pay)


def pay_members(sums: Sums) -> dict[str, Any]:
    """`paid` and `earned_unpaid` by currency."""
    currencies = sorted(sums.earned.keys() | sums.paid.keys())
    return {
        "paid": {currency: _paid(sums.paid[currency]) for currency in sorted(sums.paid)},
        "earned_unpaid": {
            currency: from_micros(
                sums.earned.get(currency, 0) - sums.paid.get(currency, _NOTHING_PAID)["gross"]
            )
            for currency in currencies
        },
    }


def _paid(sums: Mapping[str, int]) -> Paid:
    return Paid(sums["payments"], *(from_micros(sums[name]) for name in PAID))


def members(slice_: Slice) -> dict[str, Any]:
    """The members of a slice, to stand beside a row's key."""
    return {name: getattr(slice_, name) for name in slice_.__struct_fields__}
