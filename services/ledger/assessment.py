"""What an assessment takes and what it says. Amounts are whole micro-units of the currency.

Nothing here can hold itself, so the garbage collector need not look at the many lines (`gc=False`).
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from policies.exchange import DatedRate, Waits
from policies.schemes import Term

#: A platform and a worker's pseudonym on it.
Cell = tuple[str, str]


class Pay(Struct, frozen=True, gc=False):
    """Gross pay of one pay day: a row of the pay grain, or a part of one. `residence`: ISO 3166 as
    stated, empty where unstated; `gross` is less than 0 where more was taken back than paid."""

    platform: str
    worker: str
    day: date
    currency: str
    residence: str
    gross: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Pay":
        """A row of the views, whose sums may be more than a database's integer holds."""
        return cls(**{**row, "gross": int(row["gross"])})


class Payer(StrEnum):
    """Who owes a share."""

    PLATFORM = "platform"
    WORKER = "worker"


class Charge(Struct, frozen=True, gc=False):
    """One payer's share of a branch under the terms of a month; `payer` None: the whole of it.

    Of a rate: `percent` of the base, which is `rate / scale`. Of bands both are None, 1 and 1.
    `terms`: every dated value that the share rests on.
    """

    branch: str
    payer: Payer | None
    percent: Decimal | None
    rate: int
    scale: int
    terms: tuple[Term, ...]


class Line(Struct, frozen=True, gc=False):
    """What one payer owes for one branch and one (platform, worker).

    `base`: what the rate was taken of, or what chose the band. `amount` is rounded; what it was
    before is `numerator / denominator`.
    """

    charge: Charge
    platform: str
    worker: str
    base: int
    amount: int
    numerator: int
    denominator: int

    @property
    def exact(self) -> Fraction:
        """The amount before rounding and sharing out, in micro-units."""
        return Fraction(self.numerator, self.denominator)

    @property
    def residue(self) -> Fraction:
        """What rounding left out (below 0: put in), in micro-units."""
        return self.exact - self.amount


class Unknown(Struct, frozen=True, gc=False):
    """A branch (empty: the whole scheme) that cannot be assessed: no value known of a term."""

    branch: str
    term: Term


class Waiting(Struct, frozen=True, gc=False):
    """Pay that cannot be converted yet."""

    platform: str
    worker: str
    currency: str
    day: date
    gross: int
    why: Waits


class Why(StrEnum):
    """Why pay is not assessed."""

    UNSTATED = "residence unstated"
    ELSEWHERE = "resident in another country"
    NOT_POSITIVE = "more was taken back than paid"


class Aside(Struct, frozen=True, gc=False):
    """Pay of a month that is shown and not assessed, by stated residence."""

    platform: str
    worker: str
    currency: str
    residence: str
    gross: int
    why: Why


class Used(Struct, frozen=True, gc=False):
    """An exchange rate that an assessment used for the pay of a day."""

    currency: str
    day: date
    rate: DatedRate


class Assessment(Struct, frozen=True, gc=False):
    """What one worker's or person's month owes one scheme; every list in the order of its fields.

    `by_default`: nobody assigned the scheme. `withheld`: platforms bring the worker's share to the
    fund, else she does. `lines` are the payers' shares, one for each payer, branch, platform and
    worker. `claims` are what the fund is owed: the whole rate of each branch, rounded once; where
    the shares come to another sum, the difference is a residue of rounding. While anything waits
    there are no lines and no claims, and what is posted stays.
    """

    scheme: str
    period: str
    currency: str
    policy: str
    by_default: bool
    withheld: bool
    lines: tuple[Line, ...]
    claims: tuple[Line, ...]
    unknown: tuple[Unknown, ...]
    waiting: tuple[Waiting, ...]
    aside: tuple[Aside, ...]
    rates: tuple[Used, ...]
    terms: tuple[Term, ...]

    @property
    def defaults(self) -> tuple[Term, ...]:
        """Terms that nobody decided: the registry chose them."""
        return tuple(term for term in self.terms if term.stated.mark == "assumed")


Owned = TypeVar("Owned", Line, Waiting, Aside)


@dataclass(frozen=True, slots=True)
class Assessed:
    """What one scheme is owed, and the pay that stands under it."""

    month: Assessment
    pay: tuple[Pay, ...]

    def part(self, cells: Container[Cell]) -> Assessment:
        """What of it some pseudonyms have."""
        return part_of(self.month, cells, self.pay)


def part_of(month: Assessment, cells: Container[Cell], pay: Iterable[Pay]) -> Assessment:
    """What of an assessment some of its pseudonyms have; `pay`: all that was assessed."""
    days = {(one.currency, one.day) for one in pay if (one.platform, one.worker) in cells}
    return replace(
        month,
        lines=_of(month.lines, cells),
        claims=_of(month.claims, cells),
        waiting=_of(month.waiting, cells),
        aside=_of(month.aside, cells),
        rates=tuple(one for one in month.rates if (one.currency, one.day) in days),
    )


def _of(rows: Iterable[Owned], cells: Container[Cell]) -> tuple[Owned, ...]:
    return tuple(one for one in rows if (one.platform, one.worker) in cells)
