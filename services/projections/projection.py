"""The projection: leaves to rows to sums, with the cursor, in one transaction.

Read `Projection.fold_batch` from top to bottom.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from events.errors import Fatal
from events.log.protocol import Leaves
from services.projections import catalogue
from services.projections.ahead import Ahead
from services.projections.building import Builder, Built
from services.projections.codes import Codes
from services.projections.encoding import BATCH_COLUMNS, Table
from services.projections.generation import has_our_shape, schema_of
from services.projections.ledger.acting import fold_acts
from services.projections.reading import Batch, Poison, Reader

#: Seconds to sleep at most when nothing hints at new leaves.
POLL_SECONDS = 0.5
NOTED_COLUMNS = ("event_number", "leaf_index", "emitter_code", "rule", "pointer")
TOLD_COLUMNS = (
    "event_number",
    "leaf_index",
    "recorded_day",
    "emitter_code",
    "type",
    "subject",
    "data",
)


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


class Projection:
    """Folds one generation over one connection of its own.

    While one batch is committed, `run` and `fold_to` have the next one read and built.
    """

    def __init__(
        self, connection: asyncpg.Connection, log: Leaves, builder: Builder, generation: int
    ) -> None:
        self._connection = connection
        self._log = log
        self._generation = generation
        self._ahead = Ahead(Reader(log, builder))
        self._codes = Codes(connection)
        self._ready = False
        self._alone_until = 0
        self.progress = Progress()

    async def prepare(self) -> None:
        """Make the connection's temporary tables, and read where this generation stands.

        Raises `Overtaken` if a rebuild has taken its cursor away, `Fatal` if another version of
        Sijill made these views.
        """
        await self._connection.execute(f"SET search_path TO {schema_of(self._generation)}, pg_temp")
        # The cursor is in the same transaction as what the leaves add: what a dying server loses of
        # the last commits is folded again to the same bytes, so no batch waits for a disk.
        await self._connection.execute("SET synchronous_commit TO off")
        # What a batch needs of the views it looks up by keys. A plan is kept: one made while they
        # were small would read them whole each time, until somebody analyzed what grew meanwhile.
        await self._connection.execute("SET enable_seqscan TO off")
        next_leaf = await self._connection.fetchval("SELECT next_leaf FROM cursor")
        if next_leaf is None:
            raise Overtaken(f"another generation answers in place of {self._generation}")
        if not await has_our_shape(self._connection, self._generation):
            raise Fatal(
                "another version of Sijill made the views, and its tables are not ours: "
                "run `sijill rebuild`"
            )
        await self._connection.execute("DROP TABLE IF EXISTS pg_temp.batch, noted, told_batch")
        await self._connection.execute(catalogue.batch_sql())
        self.progress.next_leaf = next_leaf
        self._codes = Codes(self._connection)
        self._ready = True

    async def run(self, stop: asyncio.Event) -> None:
        """Fold until asked to stop; the batch in hand is finished first."""
        async with self._ahead.looking():
            while not stop.is_set():
                if not await self.fold_batch():
                    await self._log.wait_leaf(self.progress.next_leaf, POLL_SECONDS)

    async def fold_to(self, end: int, folded: Callable[[int], None] = lambda _: None) -> None:
        """Fold exactly the leaves below an index, all of which must exist.

        `folded` is told after each batch how many leaves are.
        """
        async with self._ahead.looking():
            while self.progress.next_leaf < end:
                if not await self.fold_batch(end):
                    raise Fatal(f"the log ends before leaf {end - 1}")
                folded(self.progress.next_leaf)

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
        try:
            batch = await self._ahead.next(start, end, alone=start < self._alone_until)
        except Poison as poison:
            if poison.index == start:
                raise
            # What stands before the poisoned leaf is good: it is folded first.
            return await self._fold_next(poison.index)
        if batch is None:
            return 0
        self.progress.oldest_unfolded = batch.sequenced
        await self._refuse_folded(batch.listed)
        self._ready = False
        try:
            await self._commit(batch, end)
        except asyncpg.DataError as error:
            if batch.end == start + 1:
                raise Poison(start, error) from error
            # One of these leaves holds what the database cannot take: find out which.
            self._alone_until = batch.end
            return await self._fold_next(end)
        self._ready = True
        self._advance(batch)
        return batch.end - start

    async def _commit(self, batch: Batch, end: int | None) -> None:
        async with self._connection.transaction():
            # The fence comes first: another projection of these leaves waits here for our COMMIT,
            # then finds the cursor moved, before it has touched anything else.
            moved = await self._connection.execute(
                "UPDATE cursor SET next_leaf = $1 WHERE next_leaf = $2", batch.end, batch.start
            )
            if moved != "UPDATE 1":
                raise Overtaken(f"the cursor no longer stands at leaf {batch.start}")
            await self._load_batch(batch.built)
            self._ahead.go_on(batch, end)
            await self._settle(batch.built)

    async def _generation_stands(self) -> bool:
        found: bool = await self._connection.fetchval(
            "SELECT to_regclass($1) IS NOT NULL", f"{schema_of(self._generation)}.cursor"
        )
        return found

    async def _refuse_folded(self, listed: frozenset[int]) -> None:
        """A listed leaf that is folded already means that these views must be rebuilt."""
        if not listed:
            return
        folded = await self._connection.fetchval(
            "SELECT min(leaf_index) FROM submission WHERE leaf_index = ANY ($1)", list(listed)
        )
        if folded is not None:
            raise Fatal(
                f"leaf {folded} is quarantined but folded in generation "
                f"{self._generation}: run `sijill rebuild`"
            )

    def _advance(self, batch: Batch) -> None:
        self.progress.next_leaf = batch.end
        self.progress.oldest_unfolded = None
        self.progress.events += batch.built.table.rows
        self.progress.batches += 1

    # --- one commit -------------------------------------------------------------------------

    async def _load_batch(self, built: Built) -> None:
        if not built.table.rows:
            return
        codes = await self._codes.of(built.table.speakers)
        built.table.fill(codes)
        emitters = self._codes.emitters
        noted = [(number, leaf, emitters[e], *rest) for number, leaf, e, *rest in built.noted]
        told = [
            (number, leaf, day, emitters[e], *rest) for number, leaf, day, e, *rest in built.told
        ]
        connection = self._connection
        await connection.copy_to_table(
            "batch",
            schema_name="pg_temp",
            columns=BATCH_COLUMNS,
            format="binary",
            source=_sent(built.table),
        )
        await self._load("noted", NOTED_COLUMNS, noted)
        await self._load("told_batch", TOLD_COLUMNS, told)

    async def _settle(self, built: Built) -> None:
        if not built.table.rows:
            return
        connection = self._connection
        await self._keep_events(built)
        await self._codes.date(built.table.speakers)
        for name in catalogue.FOLDS:
            await connection.execute(catalogue.fold_sql(name))
        if any(row[4] == catalogue.RATE for row in built.told):
            await connection.execute(catalogue.fold_sql("told_twice"))
        await fold_acts(connection, built.told)

    async def _load(self, table: str, columns: Sequence[str], records: Sequence[Any]) -> None:
        if records:
            await self._connection.copy_records_to_table(
                table, schema_name="pg_temp", columns=columns, records=records
            )

    async def _keep_events(self, built: Built) -> None:
        await self._mark_repeats("repeat")
        if built.shared_ids:
            await self._mark_repeats("repeat_within")
        await self._connection.execute(catalogue.fold_sql("fact"))
        if built.heads < built.table.rows:
            await self._connection.execute(
                catalogue.fold_sql("correction_resolve"), list(catalogue.CORRECTABLE)
            )
            for name in ("correction_negate", "correction_idle", "correction_keep"):
                await self._connection.execute(catalogue.fold_sql(name))

    async def _mark_repeats(self, found_by: str) -> None:
        used = await self._connection.fetch(catalogue.fold_sql(found_by))
        if used:
            await self._connection.execute(
                catalogue.fold_sql("repeat_mark"),
                [row["event_number"] for row in used],
                [row["same"] for row in used],
            )


async def _sent(table: Table) -> AsyncIterator[bytes]:
    for chunk in table.chunks():
        yield chunk
