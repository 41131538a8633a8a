"""Days of work as a declaration asks for them, by the policy's day-equivalence rule."""

from collections.abc import Iterable
from datetime import date

from policies.bundle import Bundle
from policies.meanings import ANY_WORK, BY_SECONDS, DAY_RULE, DAY_SECONDS, DAYS_MAX
from services.ledger.floor import Work
from services.ledger.months import first_day


def days_of(bundle: Bundle, period: str, work: Iterable[Work]) -> int | None:
    """Days of a month (`YYYY-MM`) of one worker or person, over all platforms; None: no rule known.

    Under `any-work` a day with any effective time is one, however many platforms it was on; under
    `by-seconds` whole days of so many seconds are. Neither passes the month's most days.
    """
    first = first_day(period)
    most = bundle.at(DAYS_MAX, first).value
    seconds: dict[date, int] = {}
    for row in work:
        seconds[row.day] = seconds.get(row.day, 0) + row.paid + row.unpaid + row.outside
    rule, a_day = (bundle.at(name, first).value for name in (DAY_RULE, DAY_SECONDS))
    if rule == ANY_WORK:
        found = sum(one > 0 for one in seconds.values())
    elif rule == BY_SECONDS and isinstance(a_day, int) and a_day:
        found = max(0, sum(seconds.values())) // a_day
    else:
        return None
    return min(found, most) if isinstance(most, int) else found
