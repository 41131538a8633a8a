"""Until when a month's contributions are not late, by the rules of a country."""

from datetime import date

import pytest

from policies import country_folder
from policies.bundle import Bundle
from policies.faults import PolicyError
from policies.loader import read_folder
from services.ledger.due import due_day_of, due_on

FILE = "contributions/due_day.yaml"


def _morocco(day: str = "10") -> Bundle:
    """Morocco's rules with another day stated."""
    files = dict(read_folder(country_folder("ma")))
    files[FILE] = files[FILE].replace("value: 10", f"value: {day}")
    return Bundle.from_files("MA", files)


@pytest.mark.parametrize(
    ("period", "day"),
    [("2026-01", "2026-02-10"), ("2026-02", "2026-03-10"), ("2026-12", "2027-01-10")],
)
def test_the_tenth_of_the_next_month_is_stated_as_an_assumption(period: str, day: str) -> None:
    morocco = _morocco()
    assert due_on(morocco, period) == date.fromisoformat(day)
    assert str(due_day_of(morocco, period).stated.mark) == "assumed"


def test_a_country_may_state_another_day_or_none() -> None:
    assert due_on(_morocco("28"), "2026-01") == date(2026, 2, 28)
    files = dict(read_folder(country_folder("ma")))
    del files[FILE]
    assert due_on(Bundle.from_files("MA", files), "2026-01") is None
    assert due_on(None, "2026-01") is None


@pytest.mark.parametrize("day", ["0", "29", "-1", "999999999999"])
def test_a_day_that_some_month_lacks_is_refused(day: str) -> None:
    with pytest.raises(PolicyError, match="due_day"):
        _morocco(day)
