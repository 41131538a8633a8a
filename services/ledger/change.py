"""What another policy would change: months of which values differ, and by how much. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from policies.bundle import Bundle
from policies.exchange import DatedRate, rule_on
from policies.minimum_wage import hourly
from policies.schemes import scheme_codes
from services.ledger.assess import assess
from services.ledger.assessment import Pay, Payer
from services.ledger.assignment import Assigned, Under, by_scheme
from services.ledger.conversion import Conversions
from services.ledger.floor import PARTS, Work, floor_days
from services.ledger.months import days_of_month
from services.ledger.rounding import half_up
from services.ledger.terms import Terms, default_scheme_of, terms_of

#: Standing rates into a currency, of all schemes and of one, by foreign currency.
Rates = Callable[[str, str | None], Mapping[str, Sequence[DatedRate]]]


@dataclass(frozen=True, slots=True)
class Change:
    """What a scheme is owed of one month, before and after, in micro-units; of how many workers it
    differs, and how many wait for an exchange rate afterwards."""

    period: str
    scheme: str
    currency: str
    before: int
    after: int
    workers: int
    waiting: int


@dataclass(frozen=True, slots=True)
class FloorChange:
    """What is missing to the minimum wage in a month, before and after, over paid and unpaid time
    of residents and the unstated, in micro-units; `currency` None: no wage is known afterwards."""

    period: str
    currency: str | None
    before: int
    after: int


def differs(before: Bundle | None, after: Bundle, period: str) -> bool:
    """Whether a month's contributions could come to something else under another policy."""
    if before is None:
        return True
    if any(rule_on(before, day) != rule_on(after, day) for day in days_of_month(period)):
        return True
    if _default(before, period) != _default(after, period):
        return True
    codes = {*scheme_codes(before), *scheme_codes(after)}
    return any(_bare(before, code, period) != _bare(after, code, period) for code in codes)


def _default(bundle: Bundle, period: str) -> str | None:
    stated = default_scheme_of(bundle, period).stated.value
    return stated if isinstance(stated, str) else None


def _bare(bundle: Bundle, scheme: str, period: str) -> Terms:
    return replace(terms_of(bundle, scheme, period), policy="")


def floor_differs(before: Bundle | None, after: Bundle, period: str) -> bool:
    """Whether another minimum wage, or rule of conversion, would hold on some day of a month."""
    return before is None or any(
        hourly(before, day).amount != hourly(after, day).amount
        or rule_on(before, day) != rule_on(after, day)
        for day in days_of_month(period)
    )


class _Owed(NamedTuple):
    """What a month owes a scheme, the worker's part of it, and whether it waits."""

    amount: int = 0
    hers: int = 0
    waits: bool = False


@dataclass(slots=True)
class _Side:
    """One policy at work on one month; terms and conversions are made once."""

    bundle: Bundle
    period: str
    rates: Rates
    _made: dict[str, tuple[Terms, Conversions]] = field(default_factory=dict)

    def owed(self, pay: Iterable[Pay], assigned: Sequence[Assigned]) -> dict[str, _Owed]:
        """By scheme, what a month owes."""
        default = _default(self.bundle, self.period)
        return {under.scheme: self._owed(under) for under in by_scheme(pay, assigned, default)}

    def _owed(self, under: Under) -> _Owed:
        terms, conversions = self._terms(under.scheme)
        month = assess(terms, under.pay, conversions)
        hers = sum(line.amount for line in month.lines if line.charge.payer is Payer.WORKER)
        return _Owed(sum(claim.amount for claim in month.claims), hers, bool(month.waiting))

    def _terms(self, scheme: str) -> tuple[Terms, Conversions]:
        if scheme not in self._made:
            terms = terms_of(self.bundle, scheme, self.period)
            rates = self.rates(terms.currency, scheme)
            self._made[scheme] = terms, Conversions(self.bundle, rates)
        return self._made[scheme]


class MonthChange:
    """Adds up one month under two policies, worker by worker."""

    def __init__(self, before: Bundle | None, after: Bundle, period: str, rates: Rates) -> None:
        self._period = period
        self._before = _Side(before, period, rates) if before else None
        self._after = _Side(after, period, rates)
        self._sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def add(self, pay: Sequence[Pay], assigned: Sequence[Assigned]) -> None:
        """Add the month of one worker or person."""
        before = self._before.owed(pay, assigned) if self._before else {}
        after = self._after.owed(pay, assigned)
        for scheme in before.keys() | after.keys():
            old, new = before.get(scheme, _Owed()), after.get(scheme, _Owed())
            sums = self._sums[scheme]
            sums[0] += old.amount
            sums[1] += new.amount
            sums[2] += old != new
            sums[3] += new.waits

    def changes(self) -> list[Change]:
        """Schemes of which some worker's month differs, sorted."""
        found = []
        for scheme, (before, after, workers, waiting) in sorted(self._sums.items()):
            if workers:
                currency = terms_of(self._after.bundle, scheme, self._period).currency
                found.append(
                    Change(self._period, scheme, currency, before, after, workers, waiting)
                )
        return found


class MonthFloorChange:
    """Adds up one month's shortfalls under two policies, worker by worker."""

    def __init__(self, before: Bundle | None, after: Bundle, period: str, rates: Rates) -> None:
        self._period = period
        self._currency = wage_currency(after, period)
        self._sides = [
            (bundle, Conversions(bundle, rates(wage_currency(bundle, period) or "", None)))
            for bundle in (*([before] if before else []), after)
        ]
        self._short = [0] * len(self._sides)

    def add(self, work: Sequence[Work]) -> None:
        """Add the month of one worker."""
        for place, (bundle, conversions) in enumerate(self._sides):
            days = floor_days(bundle, work, conversions)
            self._short[place] += sum(day.short(day.total.all) for day in days)

    def change(self) -> FloorChange | None:
        """What it comes to; None if it comes to the same."""
        *before, after = (half_up(short, PARTS) for short in self._short)
        was = before[0] if before else 0
        return None if was == after else FloorChange(self._period, self._currency, was, after)


def wage_currency(bundle: Bundle, period: str) -> str | None:
    """The currency of the minimum wage in a month, if one is known."""
    known = (hourly(bundle, day).currency for day in days_of_month(period))
    return next((currency for currency in known if currency), None)
