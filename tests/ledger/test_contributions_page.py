"""The page for funds shows a month as the engine works it out."""

import re
from pathlib import Path

from events.money import to_micros
from services.ledger import difference
from services.ledger.difference import ROUNDING, balances_of
from tests.ledger.months import assessed, pay

PAGE = (Path(__file__).parents[2] / "docs" / "contributions.md").read_text("utf-8")
_ROW = re.compile(
    r"^\| `([a-z-]+)` [0-9]\.[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", re.M
)


def test_the_month_on_the_page_is_the_engines() -> None:
    month = assessed(pay("742.35"))
    rounding = {
        key.branch: amount for key, amount in balances_of(month).items() if key.account == ROUNDING
    }
    rows = _ROW.findall(PAGE)
    assert len(rows) == len(month.claims)
    for branch, *cells in rows:
        base, platform, worker, claim, left = (to_micros(cell.strip() or "0") for cell in cells)
        lines = {
            str(line.charge.payer): line for line in month.lines if line.charge.branch == branch
        }
        (owed,) = (one for one in month.claims if one.charge.branch == branch)
        assert (base, claim) == (owed.base, owed.amount)
        assert platform == lines["platform"].amount
        assert worker == (lines["worker"].amount if "worker" in lines else 0)
        assert left == rounding.get(branch, 0)


def test_the_page_names_every_account() -> None:
    accounts = {
        value for name, value in vars(difference).items()
        if name.isupper() and isinstance(value, str)
    }  # fmt: skip
    assert len(accounts) == 6
    assert [name for name in accounts if f"`{name}`" not in PAGE] == []
