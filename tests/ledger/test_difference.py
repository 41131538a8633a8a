"""What is posted: lines on named accounts that turn what stands into what is due."""

from collections.abc import Iterable

import pytest

from services.ledger.difference import (
    FUND_RECEIVABLE,
    PLATFORM_PAYABLE,
    ROUNDING,
    SUSPENSE_RECEIVABLE,
    WORKER_PAYABLE,
    WORKER_WITHHELD,
    Balance,
    Movement,
    balanced_parts,
    balances_of,
    difference,
    movements,
)
from tests.ledger.months import assessed, pay


def test_a_month_is_posted_as_the_fund_and_the_platform_would_write_it() -> None:
    """AMO of 742.35: the fund is owed 33.55, the shares are 16.78 twice, a centime is rounding."""
    lines = [one for one in difference(assessed(pay("742.35")), {}) if one.branch == "amo"]
    assert [(one.account, one.debit, one.credit) for one in lines] == [
        (FUND_RECEIVABLE, 33_550_000, 0),
        (PLATFORM_PAYABLE, 0, 16_780_000),
        (ROUNDING, 10_000, 0),
        (WORKER_WITHHELD, 0, 16_780_000),
    ]
    assert {(one.platform, one.worker, one.currency) for one in lines} == {("atlas", "w-1", "MAD")}


def test_what_stands_already_is_not_posted_again() -> None:
    month = assessed(pay("742.35"))
    assert difference(month, balances_of(month)) == ()


def test_less_due_swaps_the_sides() -> None:
    posted = balances_of(assessed(pay("9000")))
    lines = [
        one for one in difference(assessed(pay("8000")), posted)
        if one.branch == "family-allowances"
    ]  # fmt: skip
    # 512.00 instead of 576.00.
    assert [(one.account, one.debit, one.credit) for one in lines] == [
        (FUND_RECEIVABLE, 0, 64_000_000),
        (PLATFORM_PAYABLE, 64_000_000, 0),
    ]


def test_a_month_that_fell_away_is_taken_back_whole() -> None:
    posted = balances_of(assessed(pay("742.35")))
    taken = movements({}, posted)
    assert len(taken) == len(posted)
    assert {Balance(o.account, o.branch, o.platform, o.worker, o.currency): o.credit - o.debit
            for o in taken} == posted  # fmt: skip


def test_without_a_scheme_what_is_owed_stands_in_suspense_until_one_is_assigned() -> None:
    waiting = assessed(pay("742.35"), by_default=True)
    accounts = {one.account for one in difference(waiting, {})}
    assert accounts == {SUSPENSE_RECEIVABLE, PLATFORM_PAYABLE, ROUNDING, WORKER_WITHHELD}
    moved = difference(assessed(pay("742.35")), balances_of(waiting))
    assert {one.account for one in moved} == {SUSPENSE_RECEIVABLE, FUND_RECEIVABLE}


def test_an_assessment_that_waits_leaves_what_is_posted() -> None:
    posted = balances_of(assessed(pay("742.35")))
    assert difference(assessed(pay("742.35"), pay("1", currency="USD")), posted) == ()


def test_who_pays_herself_is_no_debt_of_her_platform() -> None:
    lines = difference(assessed(pay("742.35"), scheme="auto-entrepreneur"), {})
    assert [(one.account, one.debit, one.credit) for one in lines] == [
        (FUND_RECEIVABLE, 100_000_000, 0),
        (WORKER_PAYABLE, 0, 100_000_000),
    ]


def test_more_than_one_line_may_say_takes_several() -> None:
    """A line says at most 10^9 units; a platform may state payments that come to more."""
    whole = 2_500_000_000_000_001
    keys = [Balance(account, "amo", "atlas", "w-1", "MAD") for account in ("a", "b")]
    lines = movements(dict(zip(keys, (whole, -whole), strict=True)), {})
    assert [line.debit or line.credit for line in lines] == [
        10**15,
        10**15,
        500_000_000_000_001,
    ] * 2
    assert sum(line.debit for line in lines) == sum(line.credit for line in lines) == whole


def _moved(lines: Iterable[Movement]) -> dict[Balance, int]:
    moved: dict[Balance, int] = {}
    for o in lines:
        key = Balance(o.account, o.branch, o.platform, o.worker, o.currency)
        moved[key] = moved.get(key, 0) + o.debit - o.credit
    return moved


def test_what_fits_into_one_act_is_one_part_as_it_is() -> None:
    lines = difference(assessed(pay("742.35")), {})
    assert list(balanced_parts(lines, len(lines))) == [lines]
    assert list(balanced_parts((), 10)) == []


@pytest.mark.parametrize("most", [2, 3, 7, 20, 100])
def test_a_month_too_large_for_an_act_is_cut_into_balanced_parts(most: int) -> None:
    """One person under thirty pseudonyms; some lines are of more than one may say."""
    person = [pay("742.35", worker=f"w-{number}") for number in range(30)]
    person.append(pay("3000000000.05", worker="w-30"))
    lines = difference(assessed(*person), {})
    parts = list(balanced_parts(lines, most))
    assert len(parts) >= len(lines) / most
    assert max(map(len, parts)) <= most
    assert all(sum(o.debit - o.credit for o in part) == 0 for part in parts)
    assert _moved(o for part in parts for o in part) == _moved(lines)
    if most >= 20:
        # A worker's branch is together and none of its lines is cut.
        assert sorted(map(repr, (o for part in parts for o in part))) == sorted(map(repr, lines))


def test_lines_that_do_not_balance_are_no_act() -> None:
    lines = difference(assessed(pay("742.35")), {})[1:]
    with pytest.raises(ValueError, match="lines do not balance"):
        list(balanced_parts(lines, 2))
