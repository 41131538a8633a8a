"""Rebuild: fold a new generation from the log, compare at one position, switch (RULES 5.4).

The old generation answers and is folded on all the while.
"""

from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

from events.days import Days, tzdata_version
from events.errors import Fatal
from events.log.protocol import Leaves
from services.projections.generation import (
    active_generation,
    create_generation,
    drop_generation,
    first_difference,
    schema_of,
    switch_to,
)
from services.projections.projection import BATCH_LEAVES, Projection


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did; `expected_difference` says why the views could not be equal, if so."""

    old: int
    new: int
    compared_at: int
    switched_at: int
    expected_difference: str | None


class NotEqual(Fatal):
    """The new views differ from the old ones; nothing was switched."""


async def rebuild(
    dsn: str, log: Leaves, days: Days, progress: Callable[[int, int], None]
) -> Rebuilt:
    """Make a new generation and let it answer.

    `dsn`: the projection's role. `progress(leaves folded, leaves in all)`. Raises `NotEqual` if
    the views differ for no known reason; the old generation then goes on answering.
    """
    snapshot, writer = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        old = await active_generation(writer)
        if old is None:
            raise Fatal("there are no views yet: start the registry first")
        new = await create_generation(writer, active=False)
        try:
            return await _rebuild(snapshot, writer, log, days, old, new, progress)
        except BaseException:
            await drop_generation(await _fresh(writer, dsn), new)
            raise
    finally:
        await snapshot.close()
        await writer.close()


async def _fresh(connection: asyncpg.Connection, dsn: str) -> asyncpg.Connection:
    return connection if not connection.is_closed() else await asyncpg.connect(dsn)


async def _rebuild(
    snapshot: asyncpg.Connection,
    writer: asyncpg.Connection,
    log: Leaves,
    days: Days,
    old: int,
    new: int,
    progress: Callable[[int, int], None],
) -> Rebuilt:
    projection = Projection(writer, log, days, new)
    async with snapshot.transaction(isolation="repeatable_read", readonly=True):
        at: int = await snapshot.fetchval(f"SELECT next_leaf FROM {schema_of(old)}.cursor")
        expected = await _expected_difference(snapshot, log, old)
        while projection.progress.next_leaf < at:
            await projection.fold_to(min(at, projection.progress.next_leaf + BATCH_LEAVES))
            progress(projection.progress.next_leaf, at)
        if expected is None:
            async with writer.transaction(isolation="repeatable_read", readonly=True):
                difference = await first_difference(snapshot, old, writer, new)
            if difference is not None:
                raise NotEqual("at leaf {}: {} has {} and would have {}".format(at, *difference))
    switched = await _catch_up_and_switch(snapshot, projection, old, new)
    await drop_generation(writer, old)
    return Rebuilt(old, new, at, switched, expected)


async def _expected_difference(snapshot: asyncpg.Connection, log: Leaves, old: int) -> str | None:
    """Why the two need not be equal: a folded leaf was quarantined, or days are counted anew."""
    listed = list(await log.quarantined())
    folded = await snapshot.fetchval(
        f"SELECT min(leaf_index) FROM {schema_of(old)}.submission WHERE leaf_index = ANY ($1)",
        listed,
    )
    if folded is not None:
        return f"leaf {folded} is quarantined and was folded before"
    version = await snapshot.fetchval(
        "SELECT tzdata FROM projection.generation WHERE number = $1", old
    )
    if version != tzdata_version():
        return f"days were counted by tzdata {version}, now by {tzdata_version()}"
    return None


async def _catch_up_and_switch(
    holder: asyncpg.Connection, projection: Projection, old: int, new: int
) -> int:
    """Fold to where the old generation stands, hold it there for a moment, and switch."""
    cursor = f"{schema_of(old)}.cursor"
    await projection.fold_to(await holder.fetchval(f"SELECT next_leaf FROM {cursor}"))
    async with holder.transaction():
        # The old cursor is locked: its projection waits. A crash here rolls all of it back.
        end: int = await holder.fetchval(f"SELECT next_leaf FROM {cursor} FOR UPDATE")
        await projection.fold_to(end)
        await switch_to(holder, new)
        # Without its cursor the old generation can never be folded again: its projection finds
        # itself overtaken and goes on with the new one.
        await holder.execute(f"DELETE FROM {cursor}")
    return end
