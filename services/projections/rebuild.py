"""Rebuild: fold a new generation from the log, compare at one position, switch (RULES 5.4).

The old generation answers and is folded on all the while. Killed at any point, either the old or
the new generation answers, whole; the next rebuild drops what was left behind.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import structlog

from events.days import tzdata_version
from events.errors import Fatal
from events.log.protocol import Leaves
from services.projections.building import Builder
from services.projections.comparison import first_difference, moved_days
from services.projections.generation import (
    active_generation,
    create_generation,
    drop_generation,
    has_our_shape,
    idle_generations,
    schema_of,
    switch_to,
)
from services.projections.projection import Projection

_log = structlog.get_logger()
#: The advisory lock of whoever rebuilds; the server lets go of it with the session.
_REBUILD_LOCK = 0x73696A_696C6C
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


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
    dsn: str, log: Leaves, builder: Builder, progress: Callable[[int, int], None]
) -> Rebuilt:
    """Make a new generation and let it answer.

    `dsn`: the projection's role. `progress(leaves folded, leaves in all)`. Raises `NotEqual` if
    the views differ for no known reason, and `Fatal` if another rebuild is running; the old
    generation then goes on answering.
    """
    async with _connected(dsn) as holder:
        if not await holder.fetchval("SELECT pg_try_advisory_lock($1)", _REBUILD_LOCK):
            raise Fatal("another rebuild is running: start again when it has ended")
        old = await active_generation(holder)
        if old is None:
            raise Fatal("there are no views yet: start the registry first")
        await _drop_idle(holder)
        try:
            async with _connected(dsn) as writer:
                new = await create_generation(writer, active=False)
                return await _rebuild(holder, writer, log, builder, old, new, progress)
        finally:
            # The old views after a switch, the new ones after a failure, also where nobody
            # knows whether the switch was committed. Only while the lock is held.
            await _drop_idle(holder)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def _drop_idle(holder: asyncpg.Connection) -> None:
    """Drop every generation that does not answer; what cannot be dropped waits for the next."""
    try:
        for number in await idle_generations(holder):
            await drop_generation(holder, number)
    except _AWAY as error:
        _log.warning("views left behind: the next rebuild drops them", error=str(error))


async def _rebuild(
    holder: asyncpg.Connection,
    writer: asyncpg.Connection,
    log: Leaves,
    builder: Builder,
    old: int,
    new: int,
    progress: Callable[[int, int], None],
) -> Rebuilt:
    projection = Projection(writer, log, builder, new)
    async with holder.transaction(isolation="repeatable_read", readonly=True):
        at: int = await holder.fetchval(f"SELECT next_leaf FROM {schema_of(old)}.cursor")
        await projection.fold_to(at, lambda folded: progress(folded, at))
        async with writer.transaction(isolation="repeatable_read", readonly=True):
            expected = await _compare(holder, writer, log, old, new, at)
    switched = await _catch_up_and_switch(holder, projection, old, new)
    return Rebuilt(old, new, at, switched, expected)


async def _compare(
    snapshot: asyncpg.Connection,
    writer: asyncpg.Connection,
    log: Leaves,
    old: int,
    new: int,
    at: int,
) -> str | None:
    """Why the two need not be equal; None if they are. Raises `NotEqual`."""
    if not await has_our_shape(snapshot, old):
        return f"another version of Sijill made the views of generation {old}: not compared"
    folded = await _folded_but_quarantined(snapshot, log, old)
    reasons = []
    if folded is not None:
        reasons.append(f"leaf {folded} is quarantined and was folded before")
    counted_by = await snapshot.fetchval(
        "SELECT tzdata FROM projection.generation WHERE number = $1", old
    )
    other_days = counted_by != tzdata_version()
    if folded is None:
        found = await first_difference(snapshot, old, writer, new, but_days=other_days)
        if found is not None:
            raise NotEqual("at leaf {}: {} has {} and would have {}".format(at, *found))
    if other_days:
        moves = await moved_days(writer, old, new)
        versions = f"days were counted by tzdata {counted_by}, now by {tzdata_version()}"
        reasons.append(f"{versions}: {moves}")
    return "; ".join(reasons) or None


async def _folded_but_quarantined(
    snapshot: asyncpg.Connection, log: Leaves, old: int
) -> int | None:
    listed = list(await log.quarantined())
    folded: int | None = await snapshot.fetchval(
        f"SELECT min(leaf_index) FROM {schema_of(old)}.submission WHERE leaf_index = ANY ($1)",
        listed,
    )
    return folded


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
