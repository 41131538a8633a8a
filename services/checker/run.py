"""One check from front to back: the source's leaves through judge, fold and comparisons, in order.

What is read of PostgreSQL here is what both logs have there: the derived index and the views.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import asyncpg

from events.days import Days, tzdata_version
from events.sql import load_sql
from services.checker.chain import ReadLeaf
from services.checker.compare import Ordered
from services.checker.history import Attempt, Identity, check_history
from services.checker.index import (
    index_row,
    index_tables,
    place_row,
    places,
    submission_row,
    submissions,
)
from services.checker.intake import IntakeCheck, Passing
from services.checker.judgement import Examined, Judge
from services.checker.refold import Refold
from services.checker.report import Collector, Enough, Finding, Report
from services.checker.rows import Stream
from services.checker.source import KeptLeaf, LogSource
from services.checker.views import as_compared, expect, keyed_views, ordered_views
from services.projections.catalogue import shape

#: Called now and then with how many leaves and events were checked so far.
Progress = Callable[[int, int], None]

_ROWS_FETCHED = 2_000


@dataclass(slots=True)
class Run:
    """`index` and `folded` see the index and the views, each in its snapshot."""

    log: LogSource
    index: asyncpg.Connection
    folded: asyncpg.Connection
    out: Collector
    progress: Progress
    judge: Judge = field(default_factory=Judge)
    passing: Passing = field(default_factory=Passing)
    tables: dict[str, Ordered] = field(default_factory=dict)
    views: dict[str, Ordered] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    fold: Refold | None = None
    emitters: set[str] = field(default_factory=set)
    quarantined: frozenset[int] = frozenset()
    next_leaf: int | None = None
    named: dict[Identity, int] | None = None
    waiting: set[Identity] | None = None

    async def all(self, history: Iterable[Attempt] | None) -> Report:
        """Every check, in the order of the log; the report also when the first finding ends it."""
        # Names of leaves are held whole for a history alone: it may ask about any of them.
        self.named = None if history is None else {}
        try:
            self.out.take(self.log.faults)
            await self._prepare()
            await self._follow_leaves()
            await self._check_intake()
            await self._check_index()
            if history is not None:
                self.out.take(check_history(history, self.named or {}, self.waiting or set()))
            await self._check_views()
        except Enough:
            pass
        self.out.notes += self.log.notes
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
        rows = await self.index.fetch("SELECT leaf_index FROM log.quarantine")
        self.quarantined = frozenset(row["leaf_index"] for row in rows)
        generation = await self.folded.fetchrow(
            "SELECT number, tzdata, shape FROM projection.generation WHERE active"
        )
        if generation is None:
            self.out.notes.append("no generation of views is active: none was compared")
            return
        if generation["shape"] != shape():
            self.out.notes.append(
                "another version of Sijill made the views: none was compared; run `sijill rebuild`"
            )
            return
        await self._open_views(generation["number"])
        if generation["tzdata"] != tzdata_version():
            self.out.notes.append(
                f"the views were folded under tzdata {generation['tzdata']}, this is "
                f"{tzdata_version()}: days may differ"
            )

    async def _open_views(self, number: int) -> None:
        await self.folded.execute(f"SET LOCAL search_path TO view_{number:d}")
        self.next_leaf = await self.folded.fetchval("SELECT next_leaf FROM cursor")
        indexed = self.log.indexed
        if self.next_leaf is None or not 0 <= self.next_leaf <= indexed:
            where = f"cursor of view_{number}"
            expected = f"at most {indexed}, one past the last leaf"
            self.out.take([Finding(where, "next_leaf", expected, self.next_leaf)])
        self.views = ordered_views()
        for view in self.views:
            self.streams[view] = await self._export(view)

    async def _export(self, view: str) -> Stream:
        sql = load_sql("services.projections.views", f"{view}.export")
        return await Stream.of(self.folded, sql)

    # --- the leaves -----------------------------------------------------------------------------

    async def _follow_leaves(self) -> None:
        await self._open_index()
        async for kept in self.log.leaves():
            record = kept.stored.record
            examined = self.judge.examine(kept.stored)
            self.out.take(examined.findings)
            self.out.notes += examined.notes
            self.out.take(self.passing.follow(record))
            self._name(record.index, examined.leaf)
            if record.index < self.log.indexed:
                self._expect_indexed(kept, examined.leaf)
            for table, comparison in self.tables.items():
                await self._compare(table, comparison)
            await self._fold(record.index, examined)
            self.progress(self.judge.chain.next_index, self.judge.next_event)
        for table, comparison in self.tables.items():
            await self._finish(table, comparison)
        self._compare_ends()

    def _name(self, index: int, leaf: ReadLeaf | None) -> None:
        if self.named is not None and leaf is not None:
            identity = (leaf.emitter, leaf.submission, bytes.fromhex(leaf.body_sha256))
            self.named.setdefault(identity, index)

    async def _open_index(self) -> None:
        self.tables = {"log.submission": submissions(), "log.leaf_place": places()}
        for table, query in (("log.submission", "submissions"), ("log.leaf_place", "places")):
            sql = load_sql("services.checker", query)
            self.streams[table] = await Stream.of(self.index, sql)

    def _expect_indexed(self, kept: KeptLeaf, leaf: ReadLeaf | None) -> None:
        record = kept.stored.record
        if leaf is not None:
            self.tables["log.submission"].expected.append(submission_row(record.index, leaf))
        if kept.offset is not None:
            self.tables["log.leaf_place"].expected.append(place_row(record, kept.offset))

    def _compare_ends(self) -> None:
        """The index may lag the log, which is where it comes from; it never leads it."""
        leaves, indexed = self.judge.chain.next_index, self.log.indexed
        if leaves > indexed:
            self.out.notes.append(f"the index lags the topic by {leaves - indexed} leaves")
        if leaves < indexed:
            found = f"{indexed} leaves, so the index leads the topic"
            self.out.take([Finding("the index", "leaves", f"at most {leaves}", found)])

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
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            where = f"leaf {index}"
            self.out.take([Finding(where, "events", "events of the vocabulary", repr(error))])
        self.emitters.add(counted.emitter)
        for view, comparison in self.views.items():
            await self._compare(view, comparison)

    async def _compare(self, name: str, comparison: Ordered) -> None:
        while comparison.lacks:
            rows = await self.streams[name].next(_ROWS_FETCHED)
            if not rows:
                break
            comparison.found.extend(as_compared(name, row) for row in rows)
        self.out.take(comparison.compare())

    async def _finish(self, name: str, comparison: Ordered) -> None:
        while rows := await self.streams[name].next(_ROWS_FETCHED):
            comparison.found.extend(as_compared(name, row) for row in rows)
            self.out.take(comparison.compare())
            if not comparison.expected:
                break  # One row too many is said once, not for each of millions.
        self.out.take(comparison.finish())

    # --- after the last leaf ----------------------------------------------------------------------

    async def _check_intake(self) -> None:
        check = IntakeCheck(self.judge.leaf_of, self.passing)
        async for lies in self.log.intake():
            if lies.record is None:
                self.out.take(check.pass_over(lies.place))
            else:
                self.out.take(check.follow(lies.record, intact=lies.intact))
        self.waiting = check.waiting
        self.out.take(check.finish(await self.log.ends()))

    async def _check_index(self) -> None:
        for name, comparison in index_tables(self.judge.registry, self.log.indexed):
            rows = await self.index.fetch(load_sql("services.checker", name))
            self.out.take(comparison.follow(index_row(name, tuple(row)) for row in rows))
            self.out.take(comparison.finish())

    async def _check_views(self) -> None:
        for view, comparison in self.views.items():
            await self._finish(view, comparison)
        if self.next_leaf is None:
            return
        # Where nothing was folded no day was asked for, so any calendar says the same.
        fold = self.fold or Refold(self.judge.days or Days("UTC"))
        for view, keyed in keyed_views(fold, self.emitters):
            stream = await self._export(view)
            while rows := await stream.next(_ROWS_FETCHED):
                self.out.take(keyed.follow(rows))
            self.out.take(keyed.finish())
