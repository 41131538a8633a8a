"""Two generations of one log side by side, both read in natural-key order, codes as text."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from events.sql import load_sql
from services.projections import catalogue
from services.projections.generation import export_view, schema_of, view_digest

#: Views with a row for each event, leaf or name. In the others, days are part of the key: where
#: days move, their rows cannot be paired, and they follow from the facts.
_ROW_VIEWS = (
    *("emitter", "worker", "fact", "anomaly", "told", "submission"),
    *("entry", "ledger_sum", "ledger_period", "identity_link", "remittance"),
)
_DAYS = frozenset({"day", "recorded_day", "first_recorded_day"})
#: Moves that are listed; past it they are only counted.
MOVES_LISTED_MAX = 20


@dataclass(frozen=True, slots=True)
class Move:
    """Facts of an emitter whose `column` (day, recorded_day) another tzdata counts anew."""

    emitter: str
    column: str
    old: date
    new: date
    facts: int

    def __str__(self) -> str:
        return f"{self.emitter} {self.column} {self.old} to {self.new} ({self.facts} facts)"


@dataclass(frozen=True, slots=True)
class Moves:
    """The first moves by old day, and how many there are in all."""

    listed: tuple[Move, ...]
    moves: int
    facts: int

    def __str__(self) -> str:
        more = self.moves - len(self.listed)
        listed = [str(move) for move in self.listed] + [f"and {more} more"] * (more > 0)
        return f"{self.facts} facts moved" + ": " * bool(listed) + ", ".join(listed)


async def first_difference(
    old_side: asyncpg.Connection,
    old: int,
    new_side: asyncpg.Connection,
    new: int,
    *,
    but_days: bool = False,
) -> tuple[str, Any, Any] | None:
    """The first view and rows in which two generations differ, or None.

    Each side is read in the snapshot of its own connection's transaction. `but_days`: days may
    differ, so only views that can be paired without them are compared.
    """
    for name in _ROW_VIEWS if but_days else catalogue.VIEWS:
        if not but_days and await _same_rows(old_side, old, new_side, new, name):
            continue
        left = _rows(old_side, old, name, but_days)
        right = _rows(new_side, new, name, but_days)
        while True:
            a, b = await anext(left, None), await anext(right, None)
            if a != b:
                return name, a, b
            if a is None:
                break
    return None


async def _same_rows(
    old_side: asyncpg.Connection, old: int, new_side: asyncpg.Connection, new: int, name: str
) -> bool:
    """Whether both hold the same rows of a view: they are only looked at one by one where not."""
    reading = [
        asyncio.create_task(view_digest(side, number, name))
        for side, number in ((old_side, old), (new_side, new))
    ]
    try:
        one, other = await asyncio.gather(*reading)
    finally:
        # If one side broke, the other is still being read: its connection must be free again.
        for task in reading:
            task.cancel()
        await asyncio.wait(reading)
    return one == other


async def _rows(
    connection: asyncpg.Connection, number: int, name: str, but_days: bool
) -> AsyncIterator[tuple[Any, ...]]:
    async for row in export_view(connection, number, name):
        if but_days:
            yield tuple(value for column, value in row.items() if column not in _DAYS)
        else:
            yield tuple(row)


async def moved_days(connection: asyncpg.Connection, old: int, new: int) -> Moves:
    """Which days of facts in the new generation differ from those in the old one."""
    statement = load_sql("services.projections", "moved_days")
    statement = statement.replace("$old", schema_of(old)).replace("$new", schema_of(new))
    rows = await connection.fetch(statement, MOVES_LISTED_MAX)
    listed = [Move(r["emitter"], r["moved"], r["old"], r["new"], r["facts"]) for r in rows]
    moves, facts = (rows[0]["all_moves"], int(rows[0]["all_facts"])) if rows else (0, 0)
    return Moves(tuple(listed), moves, facts)
