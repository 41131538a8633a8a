"""Which exchange rate converts the pay of a day (RULES 7.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from policies.bundle import Bundle
from policies.meanings import RATE_MAX_AGE, RATE_RULE, RATE_SOURCE


@dataclass(frozen=True, slots=True)
class DatedRate:
    """What one unit of the foreign currency was worth in the country's own on a day."""

    day: date
    rate: Decimal


class Waits(StrEnum):
    """Why pay cannot be converted yet."""

    NOT_SETTLED = "no rate dated on or after the day stands yet"
    NO_RATE = "no rate dated on or before the day stands"
    TOO_OLD = "the newest rate dated on or before the day is too old"
    NO_RULE = "the policy states no rule that converts pay in another currency"


@dataclass(frozen=True, slots=True)
class RateRule:
    """How old, in days, a rate may be on the pay day, and who publishes it if that is stated."""

    max_age_days: int
    source: str | None


def rule_on(bundle: Bundle, day: date) -> RateRule | None:
    """The exchange-rate rule of a pay day; None where the policy states none: nothing converts."""
    max_age = bundle.at(RATE_MAX_AGE, day).value
    source = bundle.at(RATE_SOURCE, day).value
    if bundle.at(RATE_RULE, day).value is None or not isinstance(max_age, int):
        return None
    return RateRule(max_age, source if isinstance(source, str) else None)


def rate_on(rates: Iterable[DatedRate], day: date, max_age_days: int) -> DatedRate | Waits:
    """The newest rate dated on or before `day` and at most `max_age_days` older, once settled.

    Settled means that a rate dated on or after `day` stands: until then a newer one could still
    be published and change the answer. `rates` are those that stand for one currency pair, in any
    order, one a day; of two of one day the first given is taken.
    """
    standing = list(rates)
    if not any(rate.day >= day for rate in standing):
        return Waits.NOT_SETTLED
    usable = [rate for rate in standing if rate.day <= day]
    if not usable:
        return Waits.NO_RATE
    newest = max(usable, key=lambda rate: rate.day)
    return newest if (day - newest.day).days <= max_age_days else Waits.TOO_OLD
