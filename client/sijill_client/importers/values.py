"""Typed values of Parquet files and workbooks, as a text table would write them."""

from datetime import UTC, date, datetime, time, timedelta
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
    if isinstance(value, timedelta):
        return clock_text(value)
    if isinstance(value, time):
        return value.isoformat("microseconds").removesuffix(".000000")
    if isinstance(value, float):
        # As short as it reads back: 0.05 and not 0.05000000000000000277; and 17, not 17.0.
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    return str(value)


def clock_text(span: timedelta) -> str:
    """A span of time as a clock shows it: `0:07:30`, `36:00:00`."""
    minutes, seconds = divmod(span, timedelta(minutes=1))
    shown = f"{seconds / timedelta(seconds=1):09.6f}".removesuffix(".000000")
    return f"{minutes // 60}:{minutes % 60:02}:{shown}"
