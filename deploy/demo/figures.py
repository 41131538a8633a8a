"""What the summary and the report need to know, and the arithmetic between those figures.

What is not known is None or has no key, never zero. Money is Decimal by ISO 4217 code, time is
whole seconds. Hourly pay stands on two named bases (RULES 3.5): paid time, and paid plus unpaid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

SECONDS_PER_HOUR = 3600
#: Unpaid seconds that belong to a task, and so to a sector; the others are of no task.
OF_TASKS = ("rejected", "not-submitted", "fault")
OF_NO_TASK = ("search", "qualification", "waiting")
#: Name of the sector line for time that belongs to no task.
UNALLOCATED = "unallocated"

Money = Mapping[str, Decimal]


class Basis(StrEnum):
    """Over which time hourly pay is taken."""

    PAID = "paid time"
    ALL = "paid and unpaid time"


@dataclass(frozen=True)
class Rate:
    """What one unit of `base` was worth in `quote` on a day, and who says so."""

    base: str
    quote: str
    rate: Decimal
    day: date
    source: str


@dataclass(frozen=True)
class Floor:
    """A minimum wage for one hour, in force from a day until the next one begins."""

    day_from: date
    amount: Decimal
    currency: str
    reference: str


@dataclass(frozen=True)
class Short:
    """What residents who worked on a platform miss to the minimum wage, each day for itself.

    `days`: worker-days; `below`: those on which something is missing over `all` their time.
    """

    name: str
    days: int
    below: int
    paid: Decimal
    all: Decimal
    currency: str


@dataclass(frozen=True)
class Due:
    """What the ledgers of all schemes say that a platform owes for its workers, over all months.

    `declared`: what its payments say was withheld.
    """

    name: str
    due: Decimal
    declared: Decimal
    currency: str


@dataclass(frozen=True)
class Slice:
    """The sums of one platform, one sector, or everything.

    `counts` is by outcome (completed, approved, rejected, ...). `gross`, `fee` and `net` are None
    where payments cannot be told apart, as by sector: a payment covers many tasks.
    """

    name: str
    workers: int | None
    counts: Mapping[str, int]
    paid_seconds: int
    unpaid_seconds: Mapping[str, int]
    paid_unstated_seconds: int
    earned: Money
    gross: Money | None = None
    fee: Money | None = None
    net: Money | None = None

    @property
    def unpaid_total(self) -> int | None:
        """Unpaid seconds of every kind; None if no kind is stated, which is not zero."""
        return sum(self.unpaid_seconds.values()) if self.unpaid_seconds else None

    @property
    def unpaid_minutes_per_paid_hour(self) -> Decimal | None:
        """Minutes lost for each paid hour."""
        lost = self.unpaid_total
        return None if lost is None else _ratio(Decimal(lost) * 60, Decimal(self.paid_seconds))

    def lost_minutes(self, kind: str) -> Decimal | None:
        """Minutes lost in one way for each paid hour."""
        lost = self.unpaid_seconds.get(kind)
        return None if lost is None else _ratio(Decimal(lost) * 60, Decimal(self.paid_seconds))

    @property
    def rejection_rate(self) -> Decimal | None:
        """Rejected among decided work, 0 to 1."""
        decided = self.counts.get("approved", 0) + self.counts.get("rejected", 0)
        return _ratio(Decimal(self.counts.get("rejected", 0)), Decimal(decided))

    @property
    def earned_unpaid(self) -> dict[str, Decimal] | None:
        """Earned less gross paid, by currency; below zero if more was paid than stated as earned.

        A currency in which no payment was reported is left out: silence is not a debt.
        """
        gross = self.gross
        if gross is None:
            return None
        return {code: self.earned[code] - gross[code] for code in self.earned if code in gross}

    def fee_share(self, currency: str) -> Decimal | None:
        """The platform's part of gross pay, 0 to 1."""
        if self.gross is None or self.fee is None or currency not in self.fee:
            return None
        return _ratio(self.fee[currency], self.gross.get(currency, Decimal(0)))

    def seconds(self, basis: Basis) -> int | None:
        """The time over which a basis takes hourly pay; None if there is none, or not stated."""
        unpaid = self.unpaid_total if basis is Basis.ALL else 0
        return self.paid_seconds + unpaid if self.paid_seconds and unpaid is not None else None


@dataclass(frozen=True)
class Day:
    """The sums of one work day."""

    day: date
    completed: int
    paid_seconds: int
    unpaid_seconds: int


@dataclass(frozen=True)
class Figures:
    """Everything on the page, computed at one position.

    `refusals_by_reason` counts rejections by reason code, with None for those without a reason;
    `currency` is the one in which hourly pay is shown beside that of the minimum wage.
    """

    position: int
    recorded_from: date
    recorded_to: date
    policy: str
    platforms: tuple[Slice, ...]
    sectors: tuple[Slice, ...]
    total: Slice
    refusals_by_reason: Mapping[str | None, int]
    series: tuple[Day, ...]
    floor: tuple[Floor, ...]
    rates: tuple[Rate, ...]
    currency: str = "USD"
    shorts: tuple[Short, ...] = ()
    dues: tuple[Due, ...] = ()

    @property
    def floor_in_force(self) -> Floor | None:
        """The minimum wage in force on the last day; None if no value is known."""
        begun = [one for one in self.floor if one.day_from <= self.recorded_to]
        return max(begun, key=lambda one: one.day_from, default=None)

    @property
    def floors_in_period(self) -> tuple[Floor, ...]:
        """Every minimum wage that was in force on some day of the period, oldest first."""
        ordered = sorted(self.floor, key=lambda one: one.day_from)
        last = self.floor_in_force
        inside = [f for f in ordered if self.recorded_from < f.day_from <= self.recorded_to]
        before = [f for f in ordered if f.day_from <= self.recorded_from][-1:]
        return tuple(before + inside) if last else ()

    @property
    def currencies(self) -> tuple[str, ...]:
        """In which currencies hourly pay is shown: its own, and that of the minimum wage."""
        floor = self.floor_in_force
        return tuple(dict.fromkeys([self.currency, *([floor.currency] if floor else [])]))

    @property
    def refusals(self) -> list[tuple[str | None, int]]:
        """Reasons with their rejections, most frequent first."""
        return sorted(self.refusals_by_reason.items(), key=lambda one: (-one[1], one[0] or ""))

    def rate(self, base: str, quote: str) -> Decimal | None:
        """What one unit of `base` is worth in `quote`; stated rates are used both ways."""
        if base == quote:
            return Decimal(1)
        for one in self.rates:
            if (one.base, one.quote) == (base, quote):
                return one.rate
            if (one.base, one.quote) == (quote, base):
                return 1 / one.rate
        return None

    def converted(self, money: Money, currency: str) -> Decimal | None:
        """The sum in one currency; None if nothing is stated or a rate is missing.

        Nothing in a currency needs no rate: the registry keeps facts without money under `XXX`.
        """
        total = Decimal(0)
        for code, amount in money.items():
            rate = self.rate(code, currency) if amount else Decimal(0)
            if rate is None:
                return None
            total += amount * rate
        return total if money else None

    def hourly(self, part: Slice, basis: Basis, currency: str) -> Decimal | None:
        """Pay per hour of a slice on a basis; None if pay, time or a rate is not known."""
        earned, seconds = self.converted(part.earned, currency), part.seconds(basis)
        return None if earned is None or seconds is None else earned * SECONDS_PER_HOUR / seconds

    def to_floor(self, part: Slice, basis: Basis) -> Decimal | None:
        """Hourly pay as a part of the minimum wage in force: 1 is exactly the minimum wage."""
        floor = self.floor_in_force
        if floor is None:
            return None
        hourly = self.hourly(part, basis, floor.currency)
        return None if hourly is None else hourly / floor.amount


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole else None
