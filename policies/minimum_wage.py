"""The minimum wage of a day, as a country's policy states it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from policies.bundle import Bundle
from policies.meanings import HOURLY_MINIMUM, HOURS_PER_MONTH
from policies.parameter import Value


@dataclass(frozen=True, slots=True)
class Floor:
    """The least pay for an hour: `amount` in `currency`, or None where no value is known.

    `stated` has the first day, title, reference, and the note to show where there is no amount.
    """

    amount: Decimal | None
    currency: str | None
    stated: Value


def hourly(bundle: Bundle, day: date) -> Floor:
    """The hourly minimum wage in force on a day."""
    stated = bundle.at(HOURLY_MINIMUM, day)
    if not isinstance(stated.value, Decimal):
        return Floor(None, None, stated)
    return Floor(stated.value, bundle.parameters[HOURLY_MINIMUM].currency, stated)


def monthly(bundle: Bundle, day: date) -> Decimal | None:
    """The hourly minimum times the month's hours on a day, exact; None where either is unknown."""
    amount = hourly(bundle, day).amount
    hours = bundle.at(HOURS_PER_MONTH, day).value
    return amount * hours if amount is not None and isinstance(hours, int) else None
