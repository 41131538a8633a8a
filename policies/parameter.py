"""A dated parameter: which value held on which day, and where that is written."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

#: Thresholds from zero up, each with the amount that holds from it on.
Bands = tuple[tuple[Decimal, Decimal], ...]
Scalar = Decimal | int | str | Bands


class Kind(StrEnum):
    """What the values of a parameter are; `metadata.type` in its file."""

    DECIMAL = "decimal"
    INTEGER = "integer"
    CODE = "code"
    TEXT = "text"
    BANDS = "bands"


class Mark(StrEnum):
    """How well a value is founded."""

    VERIFIED = "verified"
    WEAK = "weak"
    INFERRED = "inferred"
    ASSUMED = "assumed"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Value:
    """What holds from the day `since` on. `value` None means: no value known, `note` says why."""

    value: Scalar | None
    since: date | None = None
    title: str | None = None
    reference: str | None = None
    note: str | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """Dated values of one kind; `values` is never empty and its days strictly increase."""

    name: str
    description: str
    kind: Kind
    unit: str
    currency: str | None
    days: tuple[date, ...]
    values: tuple[Value, ...]

    def at(self, day: date) -> Value:
        """What held on a day; a value holds until the next one begins."""
        place = bisect_right(self.days, day)
        if place == 0:
            return Value(None, note=f"no value known before {self.days[0]}")
        return self.values[place - 1]
