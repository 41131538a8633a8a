"""The exchange-rate rule: newest on or before the pay day, not too old, once settled."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.exchange import DatedRate, Waits, rate_on

PAY_DAY = date(2026, 3, 20)


def rates(*ages: int) -> list[DatedRate]:
    """Rates dated so many days before the pay day; the rate tells its age."""
    return [DatedRate(PAY_DAY - timedelta(days=age), Decimal(100 + age)) for age in ages]


@pytest.mark.parametrize(
    ("ages", "answer"),
    [
        ([0], 0),
        ([3, 0, -1], 0),
        ([5, 2, -1], 2),
        ([-1, 2, 5], 2),
        ([7, -3], 7),
        ([], Waits.NOT_SETTLED),
        ([1], Waits.NOT_SETTLED),
        ([-1], Waits.NO_RATE),
        ([8, -1], Waits.TOO_OLD),
    ],
)
def test_rate_of_a_pay_day(ages: list[int], answer: int | Waits) -> None:
    found = rate_on(rates(*ages), PAY_DAY, 7)
    assert found == (answer if isinstance(answer, Waits) else rates(answer)[0])


def test_of_two_rates_of_one_day_the_first_stands() -> None:
    first, second = DatedRate(PAY_DAY, Decimal(10)), DatedRate(PAY_DAY, Decimal(11))
    assert rate_on([first, second], PAY_DAY, 0) == first


@settings(deadline=None)
@given(st.lists(st.integers(-20, 20), unique=True), st.integers(0, 10), st.data())
def test_a_settled_rate_never_changes_by_later_days(
    ages: list[int], max_age: int, data: st.DataObject
) -> None:
    """Rates come out day by day, so whatever is published later cannot reach back."""
    before = rate_on(rates(*ages), PAY_DAY, max_age)
    newest = min(ages, default=20)
    later = data.draw(st.lists(st.integers(-40, newest - 1), unique=True))
    if before is not Waits.NOT_SETTLED:
        assert rate_on(rates(*ages, *later), PAY_DAY, max_age) == before
    else:
        assert all(age > 0 for age in ages)
