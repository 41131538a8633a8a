"""The embedded log: intake and leaves are tables of the one PostgreSQL.

Every promise of the protocol is kept by a transaction here: a commit writes the leaves and the
index derived from them together, and the primary key of `log.leaf` lets exactly one writer win
each index, so a second or a frozen sequencer changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg

from events.keys import Emitter, Key, KeyRing
from events.leaf import NO_LEAF_HASH, leaf_hash
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
from events.log.index import look_up, read_key_ring
from events.log.intake import PostgresIntake, partition_of
from events.log.protocol import Indexed, IntakeRecord, LeafRecord, Place, Positions, Round
from events.log.rows import (
    emitter_row,
    indexed_row,
    intake_record,
    key_row,
    leaf_record,
    leaf_row,
)

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


class PostgresLeaves:
    """The readers' side: leaves in order, and the bodies they stand for."""

    def __init__(self, pool: asyncpg.Pool, hints: Hints) -> None:
        self._pool = pool
        self._hints = hints

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

    async def wait_leaf(self, index: int, seconds: float) -> None:
        """Return when a leaf may have come."""
        await self._hints.wait(seconds)

    async def look_up(self, ids: Sequence[tuple[str, str]]) -> list[Indexed]:
        """What stands under these ids."""
        return await look_up(self._pool, ids)

    async def key_ring_before(self, index: int) -> KeyRing:
        """All emitters and keys as the leaves below an index left them."""
        return await read_key_ring(self._pool, index)

    async def quarantined(self) -> dict[int, int]:
        """Leaves that no fold shall read."""
        rows = await fetch(self._pool, "SELECT leaf_index, act_leaf FROM log.quarantine")
        return {row["leaf_index"]: row["act_leaf"] for row in rows}


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

    async def intake(self, after: Positions, limit: int) -> list[IntakeRecord]:
        """Records at or past the positions."""
        rows = await fetch(self._pool, log_sql("intake"), list(after), limit)
        return [intake_record(row) for row in rows]

    async def wait_intake(self, seconds: float) -> None:
        """Return when something may have arrived."""
        await self._intake_hints.wait(seconds)

    async def now(self) -> datetime:
        """The server's time."""
        ((moment,),) = await fetch(self._pool, "SELECT clock_timestamp()")
        assert isinstance(moment, datetime)
        return moment

    async def key_ring(self) -> KeyRing:
        """All emitters and keys."""
        return await read_key_ring(self._pool)

    async def commit(self, round_: Round) -> bool:
        """Leaves and index in one transaction; False if another writer took an index first."""
        try:
            async with transaction(self._pool) as connection:
                # A crash before COMMIT leaves nothing; after it, everything. An error of COMMIT
                # itself is an unknown outcome and is not caught: the caller reads the tail again.
                if not await _continues(connection, round_.leaves[0]):
                    return False
                await _insert(connection, "leaf", [leaf_row(r) for r in round_.leaves])
                await _insert(connection, "submission", [indexed_row(r) for r in round_.indexed])
                await _insert_changes(connection, round_)
                await connection.execute(f"NOTIFY {LEAF_CHANNEL}")
        except asyncpg.UniqueViolationError as error:
            # Leaves go first, so a rival shows here and nowhere else. A second entry in the index
            # would mean that the index and the judgement disagree: no round could ever win.
            if error.constraint_name != LEAF_KEY:
                raise
            return False
        return True


async def _continues(connection: Any, first: LeafRecord) -> bool:
    """Whether the leaf before stands: a database restored to an earlier time may have lost it."""
    if first.index == 0:
        return first.previous_hash == NO_LEAF_HASH
    before = await connection.fetchval(
        "SELECT leaf FROM log.leaf WHERE leaf_index = $1", first.index - 1
    )
    return before is not None and leaf_hash(before) == first.previous_hash


async def _insert_changes(connection: Any, round_: Round) -> None:
    emitters = [(i, c) for i, c in round_.emitters if isinstance(c, Emitter)]
    keys = [(i, c) for i, c in round_.emitters if isinstance(c, Key)]
    # One act may change an emitter twice; only its last state at that leaf is kept.
    states = {(c.emitter, i): emitter_row(i, c) for i, c in emitters}
    key_states = {(c.kid, i): key_row(i, c) for i, c in keys}
    await _insert(connection, "emitter", list(states.values()))
    await _insert(connection, "emitter_key", list(key_states.values()))
    for leaf_index, act_leaf in round_.quarantined:
        await connection.execute(
            "INSERT INTO log.quarantine VALUES ($1, $2) ON CONFLICT DO NOTHING",
            leaf_index,
            act_leaf,
        )


async def _insert(connection: Any, table: str, records: Sequence[tuple[Any, ...]]) -> None:
    if records:
        await connection.copy_records_to_table(table, schema_name="log", records=records)
