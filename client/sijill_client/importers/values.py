"""Typed values of Parquet files and workbooks, as a text table would write them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def text_of(value: Any) -> str:
    """The text of a value; empty for none. A time without a zone stays without one."""
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat(sep=" ")
    if isinstance(value, date):
        # A spreadsheet does not tell a day from its midnight.
        return f"{value.isoformat()} 00:00:00"
    if isinstance(value, float):
        # As short as it reads back: 0.05 and not 0.05000000000000000277; and 17, not 17.0.
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    return str(value)
