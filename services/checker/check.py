"""`sijill check`: reads the log and one generation of views in one snapshot and compares them.

Everything that decides is pure and stands in the modules beside this one; here is what reads.
"""

import gc
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from events.days import Days, tzdata_version
from events.log.protocol import Arrival, IntakeRecord, LeafRecord, Place
from events.sql import load_sql
from services.checker.compare import Ordered
from services.checker.history import Attempt, Identity, check_history
from services.checker.index import index_row, index_tables, submission_row, submissions
from services.checker.intake import IntakeCheck, Passing
from services.checker.judgement import Examined, Judge, Stored
from services.checker.refold import Refold
from services.checker.report import Collector, Enough, Finding, Report
from services.checker.views import as_compared, expect, keyed_views, ordered_views

#: Called now and then with how many leaves and events were checked so far.
Progress = Callable[[int, int], None]

#: Rows fetched at a time: leaves come with their bodies, of up to 4 MiB each.
_LEAVES_FETCHED, _ROWS_FETCHED = 32, 2_000
#: New objects after which Python looks for garbage while a check runs.
_COLLECT_AFTER = 500_000


async def check(
    dsn: str,
    *,
    history: Iterable[Attempt] | None = None,
    progress: Progress | None = None,
    first_only: bool = True,
) -> Report:
    """Check the log, its index and the active generation of views as they stand now.

    `dsn` is of a role that may read log and views. `history`: what clients remember of all that
    they sent. Raises what the connection raises; whatever is wrong with the data is a finding.
    """
    connection = await asyncpg.connect(dsn, server_settings={"transaction_timeout": "0"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await check_snapshot(
                connection, history=history, progress=progress, first_only=first_only
            )
    finally:
        await connection.close()


async def check_snapshot(
    connection: asyncpg.Connection,
    *,
    history: Iterable[Attempt] | None = None,
    progress: Progress | None = None,
    first_only: bool = True,
) -> Report:
    """The same on a connection inside a REPEATABLE READ transaction, which stays open.

    Its `search_path` is another one afterwards, until the transaction ends.
    """
    run = _Run(connection, Collector(first_only), progress or _silent)
    with _rare_collections():
        return await run.all(history)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Millions of live rows and no cycles: the collector would walk them for nothing."""
    usual = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _silent(leaves: int, events: int) -> None:
    """Nobody wants to hear of progress."""


class _Stream:
    """Rows of a query, fetched as they are wanted."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    async def next(self, limit: int) -> list[tuple[Any, ...]]:
        """Up to `limit` more rows; none at the end."""
        return [tuple(row) for row in await self._cursor.fetch(limit)]


@dataclass(slots=True)
class _Run:
    connection: asyncpg.Connection
    out: Collector
    progress: Progress
    judge: Judge = field(default_factory=Judge)
    passing: Passing = field(default_factory=Passing)
    views: dict[str, Ordered] = field(default_factory=dict)
    streams: dict[str, _Stream] = field(default_factory=dict)
    fold: Refold | None = None
    emitters: set[str] = field(default_factory=set)
    quarantined: frozenset[int] = frozenset()
    next_leaf: int | None = None
    waiting: set[Identity] | None = None

    async def all(self, history: Iterable[Attempt] | None) -> Report:
        """Every check, in the order of the log; the report also when the first finding ends it."""
        try:
            await self._prepare()
            await self._follow_leaves()
            await self._check_intake()
            await self._check_index()
            if history is not None:
                self.out.take(check_history(history, self.judge.leaf_of, self.waiting or set()))
            await self._check_views()
        except Enough:
            pass
        position = None if self.next_leaf is None else self.next_leaf - 1
        return Report(
            tuple(self.out.findings),
            tuple(self.out.notes),
            self.judge.chain.next_index,
            self.judge.next_event,
            position,
            None if self.waiting is None else len(self.waiting),
        )

    # --- before the first leaf ------------------------------------------------------------------

    async def _prepare(self) -> None:
        # The index's list steers the fold from the first leaf on; it is itself checked afterwards.
        rows = await self.connection.fetch("SELECT leaf_index FROM log.quarantine")
        self.quarantined = frozenset(row["leaf_index"] for row in rows)
        generation = await self.connection.fetchrow(
            "SELECT number, tzdata FROM projection.generation WHERE active"
        )
        if generation is None:
            self.out.notes.append("no generation of views is active: none was compared")
            return
        await self._open_views(generation["number"])
        if generation["tzdata"] != tzdata_version():
            self.out.notes.append(
                f"the views were folded under tzdata {generation['tzdata']}, this is "
                f"{tzdata_version()}: days may differ"
            )

    async def _open_views(self, number: int) -> None:
        await self.connection.execute(f"SET LOCAL search_path TO view_{number:d}")
        self.next_leaf = await self.connection.fetchval("SELECT next_leaf FROM cursor")
        tail = await self.connection.fetchval("SELECT max(leaf_index) FROM log.leaf")
        leaves = 0 if tail is None else tail + 1
        if self.next_leaf is None or not 0 <= self.next_leaf <= leaves:
            where = f"cursor of view_{number}"
            expected = f"at most {leaves}, one past the last leaf"
            self.out.take([Finding(where, "next_leaf", expected, self.next_leaf)])
        self.views = ordered_views()
        for view in self.views:
            self.streams[view] = await self._export(view)

    async def _export(self, view: str) -> _Stream:
        sql = load_sql("services.projections.views", f"{view}.export")
        return _Stream(await self.connection.cursor(sql))

    # --- the leaves -----------------------------------------------------------------------------

    async def _follow_leaves(self) -> None:
        index = _Stream(await self.connection.cursor(load_sql("services.checker", "submissions")))
        stands = submissions()
        async for stored in self._stored():
            examined = self.judge.examine(stored)
            self.out.take(examined.findings)
            self.out.notes += examined.notes
            self.out.take(self.passing.follow(stored.record))
            if examined.leaf is not None:
                stands.expected.append(submission_row(stored.record.index, examined.leaf))
                await self._compare("log.submission", stands, index)
            await self._fold(stored.record.index, examined)
            self.progress(self.judge.chain.next_index, self.judge.next_event)
        await self._finish("log.submission", stands, index)

    async def _stored(self) -> AsyncIterator[Stored]:
        stream = _Stream(await self.connection.cursor(load_sql("services.checker", "leaves")))
        while rows := await stream.next(_LEAVES_FETCHED):
            for row in rows:
                yield _stored(row)

    async def _fold(self, index: int, examined: Examined) -> None:
        counted = examined.counted
        if self.next_leaf is None or index >= self.next_leaf or counted is None:
            return
        if index in self.quarantined:
            self.out.notes.append(f"leaf {index} is quarantined: no view may hold it")
            return
        if self.judge.days is None:
            return
        if self.fold is None:
            self.fold = Refold(self.judge.days)
        try:
            expect(self.views, self.fold.fold(counted))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            where = f"leaf {index}"
            self.out.take([Finding(where, "events", "events of the vocabulary", repr(error))])
        self.emitters.add(counted.emitter)
        for view, comparison in self.views.items():
            await self._compare(view, comparison, self.streams[view])

    async def _compare(self, view: str, comparison: Ordered, stream: _Stream) -> None:
        while comparison.lacks:
            rows = await stream.next(_ROWS_FETCHED)
            if not rows:
                break
            comparison.found.extend(as_compared(view, row) for row in rows)
        self.out.take(comparison.compare())

    async def _finish(self, view: str, comparison: Ordered, stream: _Stream) -> None:
        while rows := await stream.next(_ROWS_FETCHED):
            comparison.found.extend(as_compared(view, row) for row in rows)
            self.out.take(comparison.compare())
            if not comparison.expected:
                break  # One row too many is said once, not for each of millions.
        self.out.take(comparison.finish())

    # --- after the last leaf ----------------------------------------------------------------------

    async def _check_intake(self) -> None:
        check = IntakeCheck(self.judge.leaf_of, self.passing)
        stream = _Stream(await self.connection.cursor(load_sql("services.checker", "intake")))
        while rows := await stream.next(_ROWS_FETCHED):
            for partition, offset, *columns, intact in rows:
                record = IntakeRecord(Place(partition, offset), *columns)
                self.out.take(check.follow(record, intact=intact))
        counters = await self.connection.fetch(
            "SELECT partition, next_offset FROM log.intake_counter ORDER BY partition"
        )
        self.waiting = check.waiting
        self.out.take(check.finish({row["partition"]: row["next_offset"] for row in counters}))

    async def _check_index(self) -> None:
        for name, comparison in index_tables(self.judge.registry):
            rows = await self.connection.fetch(load_sql("services.checker", name))
            self.out.take(comparison.follow(index_row(name, tuple(row)) for row in rows))
            self.out.take(comparison.finish())

    async def _check_views(self) -> None:
        for view, comparison in self.views.items():
            await self._finish(view, comparison, self.streams[view])
        if self.next_leaf is None:
            return
        # Where nothing was folded no day was asked for, so any calendar says the same.
        fold = self.fold or Refold(self.judge.days or Days("UTC"))
        for view, keyed in keyed_views(fold, self.emitters):
            stream = await self._export(view)
            while rows := await stream.next(_ROWS_FETCHED):
                self.out.take(keyed.follow(rows))
            self.out.take(keyed.finish())


def _stored(row: tuple[Any, ...]) -> Stored:
    index, previous, leaf, partition, offset, positions, *arrival = row
    place = Place(partition, offset)
    record = LeafRecord(index, previous, leaf, place, tuple(positions))
    return Stored(record, Arrival(*arrival) if arrival[-1] is not None else None)
