"""Slices as flat rows of a table, one row a slice, columns that never change.

A slice with more than one currency goes on in further rows, which hold its key, the currency and
the money alone: so a sum over any column of counts or seconds is right, and so is a sum over money
of one currency.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from services.query_api.figures import COUNTS, PAID, SECONDS

WORK_COLUMNS = (
    *COUNTS,
    *(f"{name}_seconds" for name in SECONDS),
    "currency",
    "earned",
    "hourly_pay_paid_time",
    "hourly_pay_paid_and_unpaid_time",
)
PAY_COLUMNS = ("payments", *PAID, "earned_unpaid")


def flatten_slice(row: Any) -> Iterator[Mapping[str, Any]]:
    """Flat rows of a struct that holds a slice; its plain members are the key."""
    plain = msgspec.to_builtins(row)
    key = {name: value for name, value in plain.items() if not isinstance(value, dict | list)}
    sizes = {
        **plain["counts"],
        **{f"{name}_seconds": value for name, value in plain["seconds"].items()},
    }
    money = list(_money(plain)) or [{}]
    yield {**key, **sizes, **money[0]}
    for more in money[1:]:
        yield {**key, **more}


def _money(plain: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    hourly = plain["hourly_pay"]
    paid, unpaid = plain.get("paid", {}), plain.get("earned_unpaid", {})
    for currency in sorted({*plain["earned"], *paid}):
        yield {
            "currency": currency,
            "earned": plain["earned"].get(currency),
            "hourly_pay_paid_time": (hourly["paid_time"] or {}).get(currency),
            "hourly_pay_paid_and_unpaid_time": (hourly["paid_and_unpaid_time"] or {}).get(currency),
            **paid.get(currency, {}),
            "earned_unpaid": unpaid.get(currency),
        }
