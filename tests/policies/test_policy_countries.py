"""What the rules that ship say on which day, and that a second country needs only files."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from policies import country_folder, exchange, minimum_wage
from policies.bundle import Bundle
from policies.faults import PolicyError
from policies.loader import read_folder
from policies.parameter import Mark


@pytest.fixture(scope="module")
def morocco() -> Bundle:
    return Bundle.from_files("MA", read_folder(country_folder("ma")))


@pytest.fixture(scope="module")
def tunisia() -> Bundle:
    return Bundle.from_files("TN", read_folder(Path(__file__).parent / "tn"))


@pytest.mark.parametrize(
    ("day", "amount"),
    [
        ("2015-06-30", None),
        ("2015-07-01", "13.46"),
        ("2018-12-31", "13.46"),
        ("2021-06-30", None),
        ("2022-08-31", "14.81"),
        ("2022-09-01", "15.55"),
        ("2023-08-31", "15.55"),
        ("2023-09-01", "16.29"),
        ("2024-12-31", "16.29"),
        ("2025-01-01", "17.10"),
        ("2025-12-31", "17.10"),
        ("2026-01-01", "17.92"),
    ],
)
def test_moroccan_minimum_wage_begins_on_the_first_proven_day(
    morocco: Bundle, day: str, amount: str | None
) -> None:
    floor = minimum_wage.hourly(morocco, date.fromisoformat(day))
    assert floor.amount == (Decimal(amount) if amount else None)
    assert floor.currency == ("MAD" if amount else None)
    if amount is None:
        assert "no value known" in (floor.stated.note or "")
    else:
        assert floor.stated.title
        assert floor.stated.reference


@pytest.mark.parametrize(("day", "amount"), [("2025-06-01", "3266.10"), ("2026-06-01", "3422.72")])
def test_monthly_minimum_is_the_hourly_one_times_its_hours(
    morocco: Bundle, day: str, amount: str
) -> None:
    assert minimum_wage.monthly(morocco, date.fromisoformat(day)) == Decimal(amount)


def test_monthly_minimum_is_unknown_before_its_hours_are(morocco: Bundle) -> None:
    assert minimum_wage.hourly(morocco, date(2024, 6, 1)).amount is not None
    assert minimum_wage.monthly(morocco, date(2024, 6, 1)) is None


def test_exchange_rule_is_stated_as_an_assumption(morocco: Bundle) -> None:
    day = date(2026, 1, 1)
    rule = exchange.rule_on(morocco, day)
    assert rule == exchange.RateRule(7, "Bank Al-Maghrib, daily reference rate")
    names = [name for name in morocco.parameters if name.startswith("exchange_rate.")]
    assert len(names) == 3
    assert {morocco.at(name, day).mark for name in names} == {Mark.ASSUMED}


def test_a_second_country_is_only_a_folder(tunisia: Bundle) -> None:
    floor = minimum_wage.hourly(tunisia, date(2025, 12, 31))
    assert (floor.amount, floor.currency) == (Decimal("2.540"), "TND")
    assert exchange.rule_on(tunisia, date(2025, 12, 31)) is None
    assert minimum_wage.monthly(tunisia, date(2025, 12, 31)) is None


def test_a_parameter_that_a_country_lacks_has_no_value_known(tunisia: Bundle) -> None:
    value = tunisia.at("exchange_rate.max_age_days", date(2026, 1, 1))
    assert value.value is None
    assert value.note == "no value known: TN states no exchange_rate.max_age_days"


@pytest.mark.parametrize("country", ["zz", "..", "../ma", "ma/", "__", ""])
def test_only_a_country_that_ships_has_a_folder(country: str) -> None:
    with pytest.raises(PolicyError, match="no rules of this country"):
        country_folder(country)
