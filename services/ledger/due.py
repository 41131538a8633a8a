"""Until when a platform may bring a month's contributions to the fund. Pure."""

from datetime import date, timedelta

from policies.bundle import Bundle
from policies.meanings import DUE_DAY
from policies.schemes import Term
from services.ledger.months import first_day


def due_day_of(bundle: Bundle, period: str) -> Term:
    """The day of the month after `period` (YYYY-MM), as it was stated on the period's first day."""
    return Term(DUE_DAY, bundle.at(DUE_DAY, first_day(period)))


def due_on(bundle: Bundle | None, period: str) -> date | None:
    """The last day on which a month's remittance is not late; None where no value is known."""
    stated = None if bundle is None else due_day_of(bundle, period).stated.value
    if not isinstance(stated, int):
        return None
    return (first_day(period) + timedelta(days=31)).replace(day=stated)
