"""The embedded log: intake and leaves are tables of the one PostgreSQL.

Every promise of the protocol is kept by a transaction here: a commit writes the leaves and the
index derived from them together, and the primary key of `log.leaf` lets exactly one writer win
each index, so a second or a frozen sequencer changes nothing.
"""

import asyncio
from collections.abc import Sequence

import asyncpg

from events.leaf import NO_LEAF_HASH
from events.limits import INTAKE_PARTITIONS
from events.log.connections import (
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    breaking_told,
    connect_pool,
    fetch,
    log_sql,
    transaction,
)
from events.log.index import Index, columns, write_index
from events.log.intake import PostgresIntake, partition_of
from events.log.protocol import IntakeRecord, LeafRecord, Place, Positions, Round
from events.log.rows import intake_record, leaf_record, leaf_row

#: The embedded log in one import.
__all__ = [
    "INTAKE_CHANNEL",
    "LEAF_CHANNEL",
    "Hints",
    "PostgresIntake",
    "PostgresLeaves",
    "PostgresSequencerLog",
    "breaking_told",
    "connect_pool",
    "partition_of",
]

#: The constraint that lets one writer win each index.
LEAF_KEY = "leaf_pk"


class PostgresLeaves(Index):
    """The readers' side: leaves in order, and the bodies they stand for."""

    async def tail(self) -> LeafRecord | None:
        """The last leaf."""
        rows = await fetch(self._pool, log_sql("tail"))
        return leaf_record(rows[0]) if rows else None

    async def leaves(self, start: int, limit: int) -> list[LeafRecord]:
        """Up to `limit` leaves from an index on."""
        rows = await fetch(self._pool, log_sql("leaves"), start, limit)
        return [leaf_record(row) for row in rows]

    async def bodies(self, places: Sequence[Place]) -> list[bytes]:
        """The exact bytes at these places."""
        rows = await fetch(
            self._pool, log_sql("bodies"), [p.partition for p in places], [p.offset for p in places]
        )
        if len(rows) != len(places):
            raise LookupError("a body that has a leaf is missing from the intake")
        return [row["body"] for row in rows]


class PostgresSequencerLog(PostgresLeaves):
    """The one writer's side."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        leaf_hints: Hints,
        intake_hints: Hints,
        partitions: int = INTAKE_PARTITIONS,
    ) -> None:
        super().__init__(pool, leaf_hints)
        self.partitions = partitions
        self._intake_hints = intake_hints
        self._in_order = asyncio.Lock()

    async def intake(self, after: Positions, limit: int) -> list[IntakeRecord]:
        """Records at or past the positions."""
        rows = await fetch(self._pool, log_sql("intake"), list(after), limit)
        return [intake_record(row) for row in rows]

    async def wait_intake(self, seconds: float) -> None:
        """Return when something may have arrived."""
        await self._intake_hints.wait(seconds)

    async def follow(self) -> None:
        """Nothing to read ahead: leaves and index are one database."""

    async def commit(self, round_: Round) -> bool:
        """Leaves and index in one transaction; False if another writer took an index first."""
        async with self._in_order:
            try:
                return await self._write(round_)
            except asyncpg.UniqueViolationError as error:
                # Leaves go first, so a rival shows here and nowhere else. A second entry in the
                # index would mean that the index and the judgement disagree: no round could win.
                if error.constraint_name != LEAF_KEY:
                    raise
                return False

    async def _write(self, round_: Round) -> bool:
        async with transaction(self._pool) as connection:
            # A crash before COMMIT leaves nothing; after it, everything. An error of COMMIT itself
            # is an unknown outcome and is not caught: the caller reads the tail again.
            leaves = columns(6, [leaf_row(one) for one in round_.leaves])
            added = await connection.fetchval(log_sql("leaf_add"), *leaves, NO_LEAF_HASH)
            if added is None:
                return False
            await write_index(connection, round_)
        return True
