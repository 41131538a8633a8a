"""The projection: leaves to rows to sums, with the cursor, in one transaction.

Read `Projection.fold_batch` from top to bottom.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
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
_RECORDED = BATCH_COLUMNS.index("recorded_day")
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
    """Counters for metrics; only the projection writes them."""

    next_leaf: int = 0
    events: int = 0
    batches: int = 0
    last_error: str = ""


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
        """Make the connection's temporary tables, and read where this generation stands."""
        await self._connection.execute(f"SET search_path TO {schema_of(self._generation)}, pg_temp")
        await self._connection.execute("DROP TABLE IF EXISTS pg_temp.batch, noted, told_batch")
        await self._connection.execute(catalogue.batch_sql())
        self.progress.next_leaf = await self._connection.fetchval("SELECT next_leaf FROM cursor")
        self._ring = await self._log.key_ring_before(self.progress.next_leaf)
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
        stands. A commit whose outcome is unknown is settled by reading the cursor again.
        """
        if not self._ready:
            await self.prepare()
        start = self.progress.next_leaf
        limit = BATCH_LEAVES if end is None else min(BATCH_LEAVES, end - start)
        if start < self._one_by_one_until:
            limit = 1
        leaves = await self._log.leaves(start, limit)
        if not leaves:
            return 0
        ring = self._ring.copy()
        taken, rows = await self._read(leaves, ring)
        self._ready = False
        try:
            await self._commit(rows, start, start + taken)
        except asyncpg.DataError as error:
            if taken == 1:
                raise Poison(start, error) from error
            # One of these leaves holds what the database cannot take: find out which.
            self._one_by_one_until = start + taken
            return await self.fold_batch(end)
        self._ready = True
        self._ring = ring
        self._advance(start + taken, len(rows.batch))
        return taken

    async def _commit(self, rows: Rows, start: int, end: int) -> None:
        async with self._connection.transaction():
            await self._settle(rows)
            # The fence: if another projection has folded these leaves, nothing here may stand.
            moved = await self._connection.execute(
                "UPDATE cursor SET next_leaf = $1 WHERE next_leaf = $2", end, start
            )
            if moved != "UPDATE 1":
                raise Overtaken(f"the cursor no longer stands at leaf {start}")

    # --- reading ahead: leaves and bodies to rows, no database state touched ----------------

    async def _read(self, leaves: Sequence[LeafRecord], ring: KeyRing) -> tuple[int, Rows]:
        """Rows of as many leaves as fit a batch, and how many leaves that were."""
        quarantined = await self._quarantined_before(leaves[0].index)
        decoded = [decode_leaf(record.leaf) for record in leaves]
        count = _fitting(decoded)
        chosen = [
            (record, leaf)
            for record, leaf in zip(leaves[:count], decoded, strict=False)
            if leaf.outcome is LeafOutcome.COUNTED and record.index not in quarantined
        ]
        bodies = await self._log.bodies([record.place for record, _ in chosen])
        rows = Rows()
        for (record, leaf), body in zip(chosen, bodies, strict=True):
            try:
                add_leaf(rows, record.index, leaf, body, days=self._days, ring=ring)
            except Exception as error:
                raise Poison(record.index, error) from error
        return count, rows

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
        first: dict[tuple[int, str], Any] = {}
        for row in batch:
            if row[_WORKER] is not None:
                first.setdefault((emitters[row[_EMITTER]], row[_WORKER]), row[_RECORDED])
        workers = await self._worker_codes(first)
        return [_coded(row, emitters, workers) for row in batch]

    async def _emitter_codes(self, asked: Iterable[str]) -> dict[str, int]:
        known = self._codes.emitters
        new = sorted(set(asked) - known.keys())
        if new:
            made = await self._connection.fetch(catalogue.codes_sql("emitter"), new)
            known.update((row["emitter"], row["emitter_code"]) for row in made)
        return known

    async def _worker_codes(self, first: dict[tuple[int, str], Any]) -> dict[tuple[int, str], int]:
        known = self._codes.workers
        if len(known) > WORKERS_KNOWN_MAX:
            known.clear()
        new = sorted(first.keys() - known.keys())
        if new:
            made = await self._connection.fetch(
                catalogue.codes_sql("worker"),
                [emitter for emitter, _ in new],
                [worker for _, worker in new],
                [first[key] for key in new],
            )
            known.update(((r["emitter_code"], r["worker"]), r["worker_code"]) for r in made)
        return known

    def _advance(self, next_leaf: int, rows: int) -> None:
        self.progress.next_leaf = next_leaf
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
