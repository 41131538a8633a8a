"""Rewards as export files write them: `$0.05`, `$0.05 `, `1,250.00`. Exact, never a float."""

import re
from decimal import Decimal

AMOUNT_MAX = Decimal(10**9)
DECIMALS_MAX = 6
_STRIPPED = str.maketrans("", "", "$ \t\u00a0\u202f")
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\Z")
#: Commas between thousands. `0,05` of a spreadsheet with decimal commas is no such number: read as
#: one it would be five dollars.
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?\Z")
_WHOLE = r"(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+)"
_DECIMAL_COMMA = re.compile(rf"{_WHOLE},[0-9]+\Z")
_DECIMAL_COMMA_OR_NONE = re.compile(rf"{_WHOLE}(?:,[0-9]+)?\Z")


def read_money(text: str) -> str:
    """The amount of a cell as the registry writes amounts; `ValueError` for a bad cell.

    `$`, commas between thousands and blanks are stripped. One amount has one text, with at least
    two decimals, so that `$0.5` of a spreadsheet copy and `$0.50` of the download agree.
    """
    number = text.translate(_STRIPPED)
    if _GROUPED.match(number):
        number = number.replace(",", "")
    if not _NUMBER.match(number):
        comma = " (a decimal comma? write a point)" if _DECIMAL_COMMA.match(number) else ""
        raise ValueError(f"{text!r} is not an amount{comma}")
    return write_money(Decimal(number))


def read_decimal_comma(text: str) -> str:
    """The same where a mapping says that the comma stands before the decimals."""
    number = text.translate(_STRIPPED)
    if not _DECIMAL_COMMA_OR_NONE.match(number):
        raise ValueError(f"{text!r} is not an amount with a decimal comma")
    return write_money(Decimal(number.replace(".", "").replace(",", ".")))


def write_money(amount: Decimal) -> str:
    """A decimal string of at least two and at most six decimals, up to 10^9 units."""
    if not 0 <= amount <= AMOUNT_MAX:
        raise ValueError(f"{amount} is not between 0 and {AMOUNT_MAX:,}")
    whole, _, decimals = f"{amount:f}".partition(".")
    decimals = decimals.rstrip("0")
    if len(decimals) > DECIMALS_MAX:
        raise ValueError(f"{amount} has more than {DECIMALS_MAX} decimals")
    return f"{int(whole)}.{decimals:0<2}"
