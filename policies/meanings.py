"""The parameters that the program itself reads, and the form it needs them in.

A country may leave any of them out: then no value is known. It may state others too. But one that
is read must be of its kind, or the rule that reads it would fail long after the files were adopted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from policies.faults import Fault
from policies.parameter import Kind, Parameter

HOURLY_MINIMUM = "minimum_wage.hourly"
HOURS_PER_MONTH = "minimum_wage.hours_per_month"
RATE_RULE = "exchange_rate.rule"
RATE_MAX_AGE = "exchange_rate.max_age_days"
RATE_SOURCE = "exchange_rate.source"
PERIOD_RULE = "contributions.period"
VALUES_RULE = "contributions.values"
DEFAULT_SCHEME = "contributions.default_scheme"
DUE_DAY = "contributions.due_day"
DAY_RULE = "day_equivalence.rule"
DAY_SECONDS = "day_equivalence.seconds_per_day"
DAYS_MAX = "day_equivalence.days_max"

#: Decimals of an amount of money: the registry counts in micro-units.
DECIMALS_MAX = 6

#: Days that every month has.
DAY_OF_MONTH_MAX = 28
#: The one exchange-rate rule there is (RULES 7.3): the newest rate dated on or before the pay day.
NEWEST_ON_OR_BEFORE = "newest-on-or-before"
#: The one rule of which month a payment belongs to, and whose values a month is assessed by.
MONTH_OF_PAY_DAY = "month-of-pay-day"
FIRST_DAY_OF_PERIOD = "first-day-of-period"
#: How work becomes days: any paid or unpaid work makes one, or so many seconds do.
ANY_WORK, BY_SECONDS = "any-work", "by-seconds"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The form of a parameter that the program reads."""

    kind: Kind
    currency: bool = False
    codes: frozenset[str] = frozenset()
    unit: str | None = None
    #: The largest that an integer may be; it then begins at 1.
    most: int | None = None


MEANINGS: dict[str, Meaning] = {
    HOURLY_MINIMUM: Meaning(Kind.DECIMAL, currency=True),
    HOURS_PER_MONTH: Meaning(Kind.INTEGER),
    RATE_RULE: Meaning(Kind.CODE, codes=frozenset({NEWEST_ON_OR_BEFORE})),
    RATE_MAX_AGE: Meaning(Kind.INTEGER),
    RATE_SOURCE: Meaning(Kind.TEXT),
    PERIOD_RULE: Meaning(Kind.CODE, codes=frozenset({MONTH_OF_PAY_DAY})),
    VALUES_RULE: Meaning(Kind.CODE, codes=frozenset({FIRST_DAY_OF_PERIOD})),
    DEFAULT_SCHEME: Meaning(Kind.CODE),
    DUE_DAY: Meaning(Kind.INTEGER, most=DAY_OF_MONTH_MAX),
    DAY_RULE: Meaning(Kind.CODE, codes=frozenset({ANY_WORK, BY_SECONDS})),
    DAY_SECONDS: Meaning(Kind.INTEGER),
    DAYS_MAX: Meaning(Kind.INTEGER),
}


def misfits(file: str, parameter: Parameter) -> Iterator[Fault]:
    """Faults of a parameter that is read in a form that it does not have."""
    meaning = MEANINGS.get(parameter.name)
    if meaning is not None:
        yield from faults_of(file, parameter, meaning)


def faults_of(file: str, parameter: Parameter, meaning: Meaning) -> Iterator[Fault]:
    """Faults of a parameter that should have a form."""
    if parameter.kind is not meaning.kind:
        yield Fault(file, f"{parameter.name} must be of type {meaning.kind}", key="metadata.type")
    elif meaning.codes:
        yield from _unknown_codes(file, parameter, meaning.codes)
    elif meaning.most is not None:
        yield from _out_of_bounds(file, parameter, meaning.most)
    if meaning.currency and parameter.currency is None:
        yield Fault(file, f"{parameter.name} needs its currency", key="metadata.currency")
    if meaning.currency:
        yield from _too_fine(file, parameter)
    if meaning.unit not in {None, parameter.unit}:
        yield Fault(file, f"{parameter.name} is stated in {meaning.unit}", key="metadata.unit")


def _unknown_codes(file: str, parameter: Parameter, codes: frozenset[str]) -> Iterator[Fault]:
    for value in parameter.values:
        if value.value is not None and value.value not in codes:
            known = ", ".join(sorted(codes))
            yield Fault(file, f"unknown code; known are {known}", key=f"values.{value.since}.value")


def _out_of_bounds(file: str, parameter: Parameter, most: int) -> Iterator[Fault]:
    for value in parameter.values:
        if isinstance(value.value, int) and not 1 <= value.value <= most:
            yield Fault(file, f"must be from 1 to {most}", key=f"values.{value.since}.value")


def _too_fine(file: str, parameter: Parameter) -> Iterator[Fault]:
    """Money that no micro-unit can hold would be cut off without a word."""
    for value in parameter.values:
        bands = value.value if isinstance(value.value, tuple) else ()
        amounts = [*(one for band in bands for one in band), value.value]
        if any(isinstance(one, Decimal) and one != round(one, DECIMALS_MAX) for one in amounts):
            said = f"money has at most {DECIMALS_MAX} decimals"
            yield Fault(file, said, key=f"values.{value.since}.value")
