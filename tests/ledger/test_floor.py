"""The wage floor by hand: two values in one year, both bases, fragments, currencies, residence."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from events.money import MICRO, from_micros, to_micros
from policies.exchange import DatedRate
from services.ledger.conversion import Conversions
from services.ledger.floor import FloorSums, Work, floor_by, floor_by_group, floor_days
from tests.ledger.months import morocco, rates

Standing = Mapping[str, list[DatedRate]]


def work(
    day: str,
    earned: str = "0",
    paid: int = 0,
    unpaid: int = 0,
    outside: int = 0,
    platform: str = "atlas",
    worker: str = "w-1",
    currency: str = "MAD",
    residence: str = "MA",
    task_group: str = "surveys",
) -> Work:
    """Work of one day."""
    return Work(
        platform, worker, date.fromisoformat(day), residence, task_group, currency,
        paid, unpaid, outside, to_micros(earned),
    )  # fmt: skip


def days_of(rows: Iterable[Work], standing: Standing | None = None) -> list:
    return floor_days(morocco(), rows, Conversions(morocco(), standing or {}))


def whole(*rows: Work, standing: Standing | None = None) -> FloorSums:
    """All rows as one line."""
    return floor_by(days_of(rows, standing), lambda day: None)[None]


def short(sums: FloorSums) -> tuple[str, str]:
    """Shortfall on paid time, and on paid plus unpaid time."""
    return from_micros(sums.paid_time.shortfall), from_micros(sums.paid_and_unpaid_time.shortfall)


def test_2023_has_two_minimum_wages() -> None:
    """Two hours for 20.00: 2 x 15.55 = 31.10 on 31 August, 11.10 short; 2 x 16.29 = 32.58 on 1
    September, 12.58 short; all of 2024 too."""
    assert short(whole(work("2023-08-31", "20", paid=7200)))[0] == "11.1"
    assert short(whole(work("2023-09-01", "20", paid=7200)))[0] == "12.58"
    assert short(whole(work("2024-12-31", "20", paid=7200)))[0] == "12.58"
    year = whole(work("2023-08-31", "20", paid=7200), work("2023-09-01", "20", paid=7200))
    assert (short(year)[0], year.paid_time.below, year.days) == ("23.68", 2, 2)
    assert from_micros(year.paid_time.floor) == "63.68"


def test_unpaid_time_counts_on_the_second_basis_alone() -> None:
    """17.92 for an hour that took 20 unpaid minutes more: enough for paid time; over 80 minutes
    17.92 x 4/3 = 23.893333, 5.973333 short, of which 10 minutes were outside any task."""
    sums = whole(work("2026-10-07", "17.92", paid=3600, unpaid=600, outside=600))
    assert short(sums) == ("0", "5.973333")
    assert (sums.paid_time.seconds, sums.paid_and_unpaid_time.seconds) == (3600, 4800)
    assert (sums.paid_time.below, sums.paid_and_unpaid_time.below) == (0, 1)


def test_fragments_of_a_day_are_held_against_the_floor_together() -> None:
    """120 tasks of 30 seconds at 0.10: an hour for 12.00, 5.92 short, however they were split."""
    tasks = [work("2026-10-07", "0.10", paid=30) for _ in range(120)]
    assert short(whole(*tasks))[0] == "5.92"
    assert short(whole(work("2026-10-07", "12", paid=3600)))[0] == "5.92"


def test_a_good_day_does_not_make_up_for_a_bad_one() -> None:
    """Nor a good platform for a bad one: 100 + 0 for an hour each leaves 17.92 missing."""
    assert short(whole(work("2026-10-07", "100", paid=3600), work("2026-10-08", paid=3600)))[0] == (
        "17.92"
    )
    other = work("2026-10-07", paid=3600, platform="rif")
    assert short(whole(work("2026-10-07", "100", paid=3600), other))[0] == "17.92"


def test_dollars_are_converted_at_the_work_days_rate() -> None:
    """1.50 USD at 9.20 = 13.80 for an hour: 4.12 short. Without a rate the day waits."""
    earned = work("2026-10-07", "1.50", paid=3600, currency="USD")
    standing = rates("USD", d20261007="9.20")
    sums = whole(earned, standing=standing)
    assert (short(sums)[0], from_micros(sums.pay), sums.days_waiting) == ("4.12", "13.8", 0)
    waits = whole(earned, work("2026-10-08", "10", paid=3600))
    assert (short(waits)[0], waits.days, waits.days_waiting) == ("7.92", 1, 1)


def test_residents_and_the_unstated_stand_apart_and_others_are_left_out() -> None:
    rows = [
        work("2026-10-07", paid=3600, residence="MA-CAS"),
        work("2026-10-07", paid=1800, residence=""),
        work("2026-10-07", paid=3600, residence="FR"),
    ]
    found = floor_by(days_of(rows), lambda day: day.resident)
    assert {resident: short(sums)[0] for resident, sums in found.items()} == {
        True: "17.92",
        False: "8.96",
    }


def test_pay_taken_back_on_a_day_without_time_is_no_shortfall() -> None:
    row = replace(work("2026-10-07", "5"), earned=-5_000_000)
    assert short(whole(row)) == ("0", "0")
    assert floor_by_group(days_of([row]), lambda day, group: group)["surveys"].pay == -5_000_000


def test_a_row_of_the_views_may_hold_more_than_any_integer_of_theirs() -> None:
    row = {**asdict(work("2026-10-07", paid=60)), "earned": Decimal(10**19)}
    assert whole(Work.of(row)).pay == 10**19


def test_days_without_a_known_wage_are_counted_and_owe_nothing() -> None:
    sums = whole(work("2020-06-01", paid=3600), work("2022-09-01", paid=3600))
    assert (short(sums)[0], sums.days, sums.days_without_wage) == ("15.55", 1, 1)


def test_sectors_share_a_days_shortfall_by_time_and_add_up() -> None:
    """One hour of surveys, half an hour of transcription, half an hour of search, 20.00 in all:
    2 x 17.92 - 20 = 15.84 short, half of it in surveys, a quarter each in the others."""
    rows = [
        work("2026-10-07", "15", paid=3600, outside=1800),
        work("2026-10-07", "5", unpaid=1800, task_group="transcription"),
    ]
    found = floor_by_group(days_of(rows), lambda day, group: group)
    assert {group: short(sums)[1] for group, sums in found.items()} == {
        "surveys": "7.92",
        "transcription": "3.96",
        None: "3.96",
    }


_ROWS = st.builds(
    Work,
    platform=st.sampled_from("ab"),
    worker=st.sampled_from("wx"),
    day=st.sampled_from([date(2023, 8, 31), date(2023, 9, 1), date(2020, 1, 1)]),
    residence=st.sampled_from(["MA", "MA-CAS", "", "FR"]),
    task_group=st.sampled_from(["surveys", "unstated"]),
    currency=st.sampled_from(["MAD", "USD"]),
    paid=st.integers(0, 40_000),
    unpaid=st.integers(0, 9_000),
    outside=st.integers(0, 9_000),
    earned=st.integers(0, 200 * MICRO),
)
_RATE = rates("USD", d20230831="9.99", d20230901="10.0000000007", d20200101="9")


@settings(deadline=None, max_examples=80)
@given(st.lists(_ROWS, max_size=8), st.integers(0, 10**9))
def test_shortfalls_are_those_of_plain_fractions_in_any_split(rows: list[Work], seed: int) -> None:
    chance = Random(seed)
    split = [half for row in rows for half in _halves(row, chance)]
    chance.shuffle(split)
    assert days_of(split, _RATE) == days_of(rows, _RATE)
    sums = floor_by(days_of(split, _RATE), lambda day: (day.platform, day.resident))
    for unpaid in (False, True):
        expected: dict[tuple[str, bool], Fraction] = {}
        for day in {(r.platform, r.worker, r.day, r.residence[:2]) for r in rows}:
            if day[3] != "FR" and day[2].year == 2023:
                key = day[0], day[3] == "MA"
                expected[key] = expected.get(key, Fraction(0)) + _naive(rows, day, unpaid)
        for key, exact in expected.items():
            if key not in sums:
                assert exact == 0
                continue
            basis = sums[key].paid_and_unpaid_time if unpaid else sums[key].paid_time
            assert abs(exact * MICRO - basis.shortfall) <= Fraction(1, 2)


def _halves(row: Work, chance: Random) -> list[Work]:
    """The same sums in two rows, one of which may take back more than it gives."""
    parts = {
        name: chance.randint(-size, size)
        for name, size in (("paid", row.paid), ("unpaid", row.unpaid), ("earned", row.earned))
    }
    rest = {name: getattr(row, name) - part for name, part in parts.items()}
    return [replace(row, **parts), replace(row, **rest, outside=0)]


def _naive(rows: list[Work], key: tuple[str, str, date, str], unpaid: bool) -> Fraction:
    day = [r for r in rows if (r.platform, r.worker, r.day, r.residence[:2]) == key]
    wage = Fraction("15.55") if key[2] == date(2023, 8, 31) else Fraction("16.29")
    rate = Fraction("9.99") if key[2] == date(2023, 8, 31) else Fraction("10.0000000007")
    seconds = sum(r.paid + (r.unpaid + r.outside if unpaid else 0) for r in day)
    pay = sum(Fraction(r.earned, MICRO) * (rate if r.currency == "USD" else 1) for r in day)
    return max(Fraction(0), wage * seconds / 3600 - pay)


@settings(deadline=None, max_examples=60)
@given(st.lists(_ROWS, max_size=8))
def test_sectors_add_up_to_the_whole(rows: list[Work]) -> None:
    days = days_of(rows, _RATE)
    total = floor_by(days, lambda day: None)
    parts = floor_by_group(days, lambda day, group: group)
    if total:
        both = total[None]
        for member in ("paid_time", "paid_and_unpaid_time"):
            added = sum(getattr(sums, member).shortfall for sums in parts.values())
            # Each line is rounded to a micro-unit once.
            assert abs(added - getattr(both, member).shortfall) <= len(parts)
            seconds = sum(getattr(sums, member).seconds for sums in parts.values())
            assert seconds == getattr(both, member).seconds
