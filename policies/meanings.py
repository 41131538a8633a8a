"""The parameters that the program itself reads, and the form it needs them in.

A country may leave any of them out: then no value is known. It may state others too. But one that
is read must be of its kind, or the rule that reads it would fail long after the files were adopted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.faults import Fault
from policies.parameter import Kind, Parameter

HOURLY_MINIMUM = "minimum_wage.hourly"
HOURS_PER_MONTH = "minimum_wage.hours_per_month"
RATE_RULE = "exchange_rate.rule"
RATE_MAX_AGE = "exchange_rate.max_age_days"
RATE_SOURCE = "exchange_rate.source"

#: The one exchange-rate rule there is (RULES 7.3): the newest rate dated on or before the pay day.
NEWEST_ON_OR_BEFORE = "newest-on-or-before"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The form of a parameter that the program reads."""

    kind: Kind
    currency: bool = False
    codes: frozenset[str] = frozenset()


MEANINGS: dict[str, Meaning] = {
    HOURLY_MINIMUM: Meaning(Kind.DECIMAL, currency=True),
    HOURS_PER_MONTH: Meaning(Kind.INTEGER),
    RATE_RULE: Meaning(Kind.CODE, codes=frozenset({NEWEST_ON_OR_BEFORE})),
    RATE_MAX_AGE: Meaning(Kind.INTEGER),
    RATE_SOURCE: Meaning(Kind.TEXT),
}


def misfits(file: str, parameter: Parameter) -> Iterator[Fault]:
    """Faults of a parameter that is read in a form that it does not have."""
    meaning = MEANINGS.get(parameter.name)
    if meaning is None:
        return
    if parameter.kind is not meaning.kind:
        yield Fault(file, f"{parameter.name} must be of type {meaning.kind}", key="metadata.type")
    elif meaning.codes:
        yield from _unknown_codes(file, parameter, meaning.codes)
    if meaning.currency and parameter.currency is None:
        yield Fault(file, f"{parameter.name} needs its currency", key="metadata.currency")


def _unknown_codes(file: str, parameter: Parameter, codes: frozenset[str]) -> Iterator[Fault]:
    for value in parameter.values:
        if value.value is not None and value.value not in codes:
            known = ", ".join(sorted(codes))
            yield Fault(file, f"unknown code; known are {known}", key=f"values.{value.since}.value")
