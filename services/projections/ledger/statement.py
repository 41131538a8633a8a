"""The statement of a period: opening, movements, closing (RULES 7.5). Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from events.money import from_micros


class Balance(msgspec.Struct, frozen=True):
    """An account at a moment: debits less credits, a decimal string that may be negative."""

    account: str
    currency: str
    balance: str


class Movement(msgspec.Struct, frozen=True):
    """All debits and all credits of an account in a period, decimal strings."""

    account: str
    currency: str
    debit: str
    credit: str


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A period of a scheme. `after` is the scheme's last entry number when it was made, `basis`
    the position; `entries_sha256` is over the period's lines of NDJSON in number order."""

    scheme: str
    period: str
    opening: list[Balance]
    movements: list[Movement]
    closing: list[Balance]
    first_entry: int | None
    last_entry: int | None
    entries: int
    entries_sha256: str
    after: int
    basis: int


@dataclass(frozen=True, slots=True)
class Moved:
    """What a period moved on an account, in micro-units of a currency."""

    period: str
    account: str
    currency: str
    debit: int
    credit: int


@dataclass(frozen=True, slots=True)
class Extent:
    """Which entries a period has; `digest` is over their lines."""

    first: int | None
    last: int | None
    entries: int
    digest: str


def make_statement(
    scheme: str, period: str, moved: Iterable[Moved], extent: Extent, *, after: int, basis: int
) -> Statement:
    """The statement of a period. `moved`: of this period and of every one before it."""
    known = [one for one in moved if one.period <= period]
    before = [one for one in known if one.period < period]
    return Statement(
        scheme=scheme,
        period=period,
        opening=_balances(before),
        movements=_movements(one for one in known if one.period == period),
        closing=_balances(known),
        first_entry=extent.first,
        last_entry=extent.last,
        entries=extent.entries,
        entries_sha256=extent.digest,
        after=after,
        basis=basis,
    )


def statement_digest(statement: Statement) -> str:
    """SHA-256 over the statement's JSON, fields in their order, no white space."""
    return f"sha256:{hashlib.sha256(msgspec.json.encode(statement)).hexdigest()}"


def _balances(moved: Iterable[Moved]) -> list[Balance]:
    sums: dict[tuple[str, str], int] = {}
    for one in moved:
        key = one.account, one.currency
        sums[key] = sums.get(key, 0) + one.debit - one.credit
    return [Balance(*key, from_micros(sums[key])) for key in sorted(sums)]


def _movements(moved: Iterable[Moved]) -> list[Movement]:
    ordered = sorted(moved, key=lambda one: (one.account, one.currency))
    return [
        Movement(one.account, one.currency, from_micros(one.debit), from_micros(one.credit))
        for one in ordered
    ]


def moved_of(row: Mapping[str, Any]) -> Moved:
    """A row of the view `ledger_sum`."""
    debit, credit = int(row["debit"]), int(row["credit"])
    return Moved(row["period"], row["account"], row["currency"], debit, credit)
