"""The arithmetic between figures, by hand; what is not known stays unknown."""

from datetime import date
from decimal import Decimal

import pytest

from deploy.demo import reading
from deploy.demo.figures import Basis, Rate, Slice

from .sample import BRISK, HOUR, SILENT, SLOW, TOTAL, D, figures


@pytest.mark.parametrize(
    ("part", "basis", "currency", "hourly"),
    [
        (BRISK, Basis.PAID, "USD", D(6)),
        (BRISK, Basis.ALL, "USD", D(5)),
        (SLOW, Basis.PAID, "MAD", D(20)),
        (SLOW, Basis.ALL, "MAD", D(10)),
        (TOTAL, Basis.ALL, "USD", D("2.5")),
    ],
)
def test_pay_for_an_hour_stands_on_a_named_basis(
    part: Slice, basis: Basis, currency: str, hourly: Decimal
) -> None:
    assert figures().hourly(part, basis, currency) == hourly


def test_pay_is_held_against_the_minimum_wage_in_force_on_the_last_day() -> None:
    assert figures().to_floor(SLOW, Basis.PAID) == D(20) / D(18)
    assert figures().to_floor(SLOW, Basis.ALL) == D(10) / D(18)
    new_year = figures(recorded_from=date(2025, 12, 20), recorded_to=date(2026, 1, 5))
    assert [one.amount for one in new_year.floors_in_period] == [D("17.10"), D("18")]
    before = figures(recorded_from=date(2024, 1, 1), recorded_to=date(2024, 12, 31))
    assert before.floor_in_force is None
    assert before.to_floor(SLOW, Basis.ALL) is None


def test_hours_are_summed_over_currencies_before_pay_is_taken() -> None:
    both = Slice("both", 1, {}, 2 * HOUR, {"search": 0}, 0, {"USD": D(1), "MAD": D(10)})
    assert figures().hourly(both, Basis.PAID, "MAD") == D(10)
    assert figures().hourly(both, Basis.ALL, "USD") == D(1)


def test_a_missing_rate_leaves_pay_unknown() -> None:
    euros = Slice("euros", 1, {}, HOUR, {}, 0, {"EUR": D(1), "USD": D(1)})
    assert figures().hourly(euros, Basis.PAID, "USD") is None
    rate = Rate("EUR", "USD", D("1.25"), date(2026, 10, 20), "test")
    assert figures(rates=(rate,)).hourly(euros, Basis.PAID, "USD") == D("2.25")


def test_facts_without_money_need_no_rate() -> None:
    part = Slice("part", 1, {}, HOUR, {}, 0, {"XXX": D(0), "USD": D(3)})
    assert figures().hourly(part, Basis.PAID, "USD") == D(3)


def test_what_nobody_stated_is_unknown_and_not_zero() -> None:
    for basis in Basis:
        assert figures().hourly(SILENT, basis, "USD") is None
    assert SILENT.unpaid_total is None
    assert SILENT.unpaid_minutes_per_paid_hour is None
    assert SILENT.rejection_rate is None
    assert SILENT.fee_share("USD") is None
    assert SILENT.earned_unpaid is None


def test_without_unpaid_time_pay_with_unpaid_time_is_unknown() -> None:
    part = Slice("part", 1, {}, HOUR, {}, 0, {"USD": D(3)})
    assert figures().hourly(part, Basis.PAID, "USD") == D(3)
    assert figures().hourly(part, Basis.ALL, "USD") is None


def test_shares_and_debts() -> None:
    assert BRISK.rejection_rate == D("0.05")
    assert SLOW.fee_share("USD") == D("0.2")
    assert SLOW.fee_share("EUR") is None
    assert TOTAL.earned_unpaid == {"USD": D("20.00")}
    assert SLOW.unpaid_minutes_per_paid_hour == D(60)
    assert SLOW.lost_minutes("waiting") == D(42)
    assert SLOW.lost_minutes("search") is None


def test_a_currency_in_which_no_payment_was_reported_is_no_debt() -> None:
    part = Slice("p", 1, {}, HOUR, {}, 0, {"USD": D(3), "EUR": D(9)}, {"USD": D(1)}, {}, {})
    assert part.earned_unpaid == {"USD": D(2)}


def test_the_plain_reading_says_what_the_figures_say() -> None:
    said = reading.paragraph(figures())
    assert "earns 4.00 USD (40.00 MAD); with the unpaid time in it, 2.50 USD (25.00 MAD)" in said
    assert "For each paid hour, 36 minutes go unpaid." in said
    assert "18.00 MAD an hour since 1 January 2026 (decree 2.25.983)" in said
    assert "Below the minimum wage once unpaid time counts: slow." in said
    assert "6.7 % of decided work was rejected, 5 times without a stated reason" in said
    assert "Platforms keep 11.7 % of pay in USD as fees." in said
    assert "Earned and not yet paid: 20.00 USD." in said


def test_the_plain_reading_of_nothing_claims_nothing() -> None:
    nothing = figures(
        platforms=(SILENT,), sectors=(), total=SILENT, refusals_by_reason={}, floor=(), series=()
    )
    assert reading.paragraph(nothing) == (
        "What an hour of this work pays is not known. How much time goes unpaid is not known. "
        "No minimum wage is known for this period."
    )
    unheld = reading.shortfall(figures(platforms=(SILENT,)), (SILENT,), "platform", "all time")
    assert "less than" not in unheld
