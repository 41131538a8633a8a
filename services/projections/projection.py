"""The projection: leaves to rows to sums, with the cursor, in one transaction.

Read `Projection.fold_batch` from top to bottom.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from events.days import Days
from events.errors import Fatal
from events.keys import KeyRing
from events.leaf import Leaf, LeafOutcome, decode_leaf
from events.log.protocol import LeafRecord, Leaves
from services.projections import catalogue
from services.projections.generation import schema_of
from services.projections.rows import (
    BATCH_COLUMNS,
    NOTED_COLUMNS,
    TOLD_COLUMNS,
    Rows,
    add_leaf,
)

_log = structlog.get_logger()
#: Events and leaves that share one commit at most.
BATCH_EVENTS, BATCH_LEAVES = 20_000, 2_000
#: Seconds to sleep at most when nothing hints at new leaves.
POLL_SECONDS = 0.5
#: Workers whose codes are kept in memory; past it the memory starts anew.
WORKERS_KNOWN_MAX = 1_000_000
_EMITTER, _WORKER = BATCH_COLUMNS.index("emitter_code"), BATCH_COLUMNS.index("worker_code")
_EVENT_ID = BATCH_COLUMNS.index("event_id")


class Poison(Fatal):
    """A leaf that no fold can digest. It needs the authority's `submission.quarantined`."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__(
            f"leaf {index} cannot be digested: {error}. The views stand still before it. "
            f"Look at its body, then quarantine it: sijill quarantine {index}"
        )
        self.index = index


class Overtaken(Exception):
    """Another projection moved the cursor of this generation."""


@dataclass(slots=True)
class Progress:
    """For metrics; only the projection writes it.

    `oldest_unfolded`: when the next leaf to fold was sequenced, once it has been read.
    """

    next_leaf: int = 0
    events: int = 0
    batches: int = 0
    oldest_unfolded: datetime | None = None


@dataclass(slots=True)
class _Codes:
    """Codes known to stand in the generation, committed ones only."""

    emitters: dict[str, int] = field(default_factory=dict)
    workers: dict[tuple[int, str], int] = field(default_factory=dict)


class Projection:
    """Folds one generation over one connection of its own."""

    def __init__(
        self, connection: asyncpg.Connection, log: Leaves, days: Days, generation: int
    ) -> None:
        self._connection = connection
        self._log = log
        self._days = days
        self._generation = generation
        self._ring = KeyRing()
        self._codes = _Codes()
        self._ready = False
        self._one_by_one_until = 0
        self.progress = Progress()

    async def prepare(self) -> None:
        """Make the connection's temporary tables, and read where this generation stands.

        Raises `Overtaken` if a rebuild has taken its cursor away.
        """
        await self._connection.execute(f"SET search_path TO {schema_of(self._generation)}, pg_temp")
        next_leaf = await self._connection.fetchval("SELECT next_leaf FROM cursor")
        if next_leaf is None:
            raise Overtaken(f"another generation answers in place of {self._generation}")
        await self._connection.execute("DROP TABLE IF EXISTS pg_temp.batch, noted, told_batch")
        await self._connection.execute(catalogue.batch_sql())
        self.progress.next_leaf = next_leaf
        self._ring = await self._log.key_ring_before(next_leaf)
        self._codes = _Codes()
        self._ready = True

    async def run(self, stop: asyncio.Event) -> None:
        """Fold until asked to stop; the batch in hand is finished first."""
        while not stop.is_set():
            if not await self.fold_batch():
                await self._log.wait_leaf(self.progress.next_leaf, POLL_SECONDS)

    async def fold_to(self, end: int) -> None:
        """Fold exactly the leaves below an index, all of which must exist."""
        while self.progress.next_leaf < end:
            if not await self.fold_batch(end):
                raise Fatal(f"the log ends before leaf {end - 1}")

    async def fold_batch(self, end: int | None = None) -> int:
        """Fold the next leaves. Returns how many.

        A crash anywhere before COMMIT leaves the generation where it was; after it, everything
        stands. A commit whose outcome is unknown is settled by reading the cursor again. Raises
        `Poison` once all before the poisoned leaf is folded, `Overtaken` if this generation is
        no longer this projection's to fold, `Fatal` if a folded leaf was quarantined.
        """
        try:
            return await self._fold_next(end)
        except asyncpg.UndefinedTableError as error:
            if await self._generation_stands():
                raise
            raise Overtaken(f"generation {self._generation} is gone") from error

    async def _fold_next(self, end: int | None) -> int:
        if not self._ready:
            await self.prepare()
        start = self.progress.next_leaf
        leaves = await self._log.leaves(start, self._limit(start, end))
        if not leaves:
            return 0
        try:
            taken, rows, ring = await self._read(leaves)
        except Poison as poison:
            if poison.index == start:
                raise
            # What stands before the poisoned leaf is good: it is folded first.
            return await self._fold_next(poison.index)
        self._ready = False
        try:
            await self._commit(rows, start, start + taken)
        except asyncpg.DataError as error:
            if taken == 1:
                raise Poison(start, error) from error
            # One of these leaves holds what the database cannot take: find out which.
            self._one_by_one_until = start + taken
            return await self._fold_next(end)
        self._ready = True
        self._ring = ring
        self._advance(start + taken, len(rows.batch))
        return taken

    async def _commit(self, rows: Rows, start: int, end: int) -> None:
        async with self._connection.transaction():
            # The fence comes first: another projection of these leaves waits here for our COMMIT,
            # then finds the cursor moved, before it has touched anything else.
            moved = await self._connection.execute(
                "UPDATE cursor SET next_leaf = $1 WHERE next_leaf = $2", end, start
            )
            if moved != "UPDATE 1":
                raise Overtaken(f"the cursor no longer stands at leaf {start}")
            await self._settle(rows)

    def _limit(self, start: int, end: int | None) -> int:
        if start < self._one_by_one_until:
            return 1
        return BATCH_LEAVES if end is None else min(BATCH_LEAVES, end - start)

    async def _generation_stands(self) -> bool:
        found: bool = await self._connection.fetchval(
            "SELECT to_regclass($1) IS NOT NULL", f"{schema_of(self._generation)}.cursor"
        )
        return found

    # --- reading ahead: leaves and bodies to rows, no database state touched ----------------

    async def _read(self, leaves: Sequence[LeafRecord]) -> tuple[int, Rows, KeyRing]:
        """How many leaves fit a batch, their rows, and the keys behind them."""
        quarantined = await self._quarantined_before(leaves[0].index)
        decoded = [decode_leaf(record.leaf) for record in leaves]
        self.progress.oldest_unfolded = decoded[0].sequenced
        count = _fitting(decoded)
        counted = [
            (record, leaf)
            for record, leaf in zip(leaves[:count], decoded, strict=False)
            if leaf.outcome is LeafOutcome.COUNTED
        ]
        chosen = [record.place for record, _ in counted if record.index not in quarantined]
        bodies = iter(await self._log.bodies(chosen))
        rows, ring = Rows(), self._ring.copy()
        for record, leaf in counted:
            if record.index in quarantined:
                # The sequencer took its acts about keys before it was set aside: they stand.
                ring = await self._log.key_ring_before(record.index + 1)
                continue
            try:
                add_leaf(rows, record.index, leaf, next(bodies), days=self._days, ring=ring)
            except Exception as error:
                raise Poison(record.index, error) from error
        return count, rows, ring

    async def _quarantined_before(self, start: int) -> set[int]:
        """The listed leaves. One that is folded already means these views must be rebuilt."""
        listed = await self._log.quarantined()
        folded = await self._connection.fetch(
            "SELECT leaf_index FROM submission WHERE leaf_index = ANY ($1)", list(listed)
        )
        if folded:
            raise Fatal(
                f"leaf {folded[0]['leaf_index']} is quarantined but folded in generation "
                f"{self._generation}: run `sijill rebuild`"
            )
        return set(listed)

    # --- one commit -------------------------------------------------------------------------

    async def _settle(self, rows: Rows) -> None:
        if not rows.batch:
            return
        connection = self._connection
        batch = await self._with_codes(rows.batch)
        emitters = self._codes.emitters
        noted = [(number, leaf, emitters[e], *rest) for number, leaf, e, *rest in rows.noted]
        told = [
            (number, leaf, day, emitters[e], *rest) for number, leaf, day, e, *rest in rows.told
        ]
        await _load(connection, "batch", BATCH_COLUMNS, batch)
        await _load(connection, "noted", NOTED_COLUMNS, noted)
        await _load(connection, "told_batch", TOLD_COLUMNS, told)
        await self._keep_events(rows)
        for name in catalogue.FOLDS:
            await connection.execute(catalogue.fold_sql(name))
        if any(row[4] == catalogue.RATE for row in told):
            await connection.execute(catalogue.fold_sql("told_twice"))

    async def _keep_events(self, rows: Rows) -> None:
        heads = sum(row[_EVENT_ID] is not None for row in rows.batch)
        kept = await self._connection.execute(catalogue.fold_sql("fact"))
        if kept != f"INSERT 0 {heads}":
            await self._connection.execute(catalogue.fold_sql("repeat"))
        if heads < len(rows.batch):
            await self._connection.execute(
                catalogue.fold_sql("correction_resolve"), list(catalogue.CORRECTABLE)
            )
            for name in ("correction_negate", "correction_idle", "correction_keep"):
                await self._connection.execute(catalogue.fold_sql(name))

    async def _with_codes(self, batch: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows with codes in place of emitters and workers."""
        emitters = await self._emitter_codes({row[_EMITTER] for row in batch})
        named = {
            (emitters[row[_EMITTER]], row[_WORKER]) for row in batch if row[_WORKER] is not None
        }
        workers = await self._worker_codes(named)
        return [_coded(row, emitters, workers) for row in batch]

    async def _emitter_codes(self, asked: Iterable[str]) -> dict[str, int]:
        known = self._codes.emitters
        new = sorted(set(asked) - known.keys())
        if new:
            made = await self._connection.fetch(catalogue.codes_sql("emitter"), new)
            known.update((row["emitter"], row["emitter_code"]) for row in made)
        return known

    async def _worker_codes(self, asked: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
        known = self._codes.workers
        if len(known) > WORKERS_KNOWN_MAX:
            known.clear()
        new = sorted(asked - known.keys())
        if new:
            made = await self._connection.fetch(
                catalogue.codes_sql("worker"),
                [emitter for emitter, _ in new],
                [worker for _, worker in new],
            )
            known.update(((r["emitter_code"], r["worker"]), r["worker_code"]) for r in made)
        return known

    def _advance(self, next_leaf: int, rows: int) -> None:
        self.progress.next_leaf = next_leaf
        self.progress.oldest_unfolded = None
        self.progress.events += rows
        self.progress.batches += 1


def _fitting(leaves: Sequence[Leaf]) -> int:
    """How many leaves make a batch: at least one."""
    events = 0
    for count, leaf in enumerate(leaves):
        events += leaf.events
        if count and events > BATCH_EVENTS:
            return count
    return len(leaves)


def _coded(
    row: tuple[Any, ...], emitters: dict[str, int], workers: dict[tuple[int, str], int]
) -> tuple[Any, ...]:
    emitter = emitters[row[_EMITTER]]
    worker = row[_WORKER]
    code = None if worker is None else workers[emitter, worker]
    return (*row[:_EMITTER], emitter, *row[_EMITTER + 1 : _WORKER], code, *row[_WORKER + 1 :])


async def _load(
    connection: asyncpg.Connection,
    table: str,
    columns: Sequence[str],
    records: Sequence[tuple[Any, ...]],
) -> None:
    if records:
        await connection.copy_records_to_table(
            table, schema_name="pg_temp", columns=list(columns), records=records
        )
