"""The database as readers see it: one read-only snapshot for each answer.

The engine keeps the connections; all that is said on them the driver says itself. Through the
layer above it a row takes four times as long, and a transaction three times.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.projections.catalogue import shape
from services.query_api.statements import Statement, alive, named
from services.web.problems import Problem

Row = dict[str, Any]
#: A platform and one of its pseudonyms.
Worker = tuple[str, str]
#: What views and log raise when they cannot be read now.
AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

#: A query that takes longer is ended, so that one reader cannot hold the others up.
STATEMENT_TIMEOUT = "20s"
#: Rows that are fetched at once of an answer too large to hold.
_FETCHED = 5_000


class Snapshot:
    """One REPEATABLE READ transaction on the active generation of views."""

    def __init__(self, driver: Any, generation: int, position: int, tzdata: str) -> None:
        self._driver = driver
        self.generation = generation
        self.position = position
        self.tzdata = tzdata

    async def rows(self, name: str, **values: Any) -> list[Row]:
        """The rows of a named query."""
        return await self.fetch(named(name), values)

    async def records(self, name: str, **values: Any) -> list[Any]:
        """The rows of a named query as the driver has them, which takes half the time: they are
        read by the names of their columns, and cannot be changed."""
        statement = named(name)
        found: list[Any] = await self._driver.fetch(statement.text, *statement.values(values))
        return found

    async def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """The rows of a statement."""
        found = await self._driver.fetch(statement.text, *statement.values(values))
        return [dict(row) for row in found]

    async def by_worker(self, name: str, **values: Any) -> AsyncIterator[tuple[Worker, list[Any]]]:
        """Each (platform, worker) with her rows, of a named query in which they stand together."""
        rows: list[Any] = []
        async for row in self.stream(name, _FETCHED, **values):
            if rows and _worker(rows[0]) != _worker(row):
                yield _worker(rows[0]), rows
                rows = []
            rows.append(row)
        if rows:
            yield _worker(rows[0]), rows

    async def stream(self, name: str, size: int, **values: Any) -> AsyncIterator[Any]:
        """The rows of a named query one by one, `size` of them fetched at a time."""
        statement = named(name)
        async for piece in self.pieces(statement.text, statement.values(values), size):
            for row in piece:
                yield row

    async def pieces(
        self, query: str, values: Sequence[Any], size: int
    ) -> AsyncIterator[list[Any]]:
        """The rows of a query with `$1` in it, some at a time: never all in memory. A row is both a
        sequence in the order of its columns and a mapping by their names."""
        cursor = await self._driver.cursor(query, *values)
        while rows := await cursor.fetch(size):
            yield rows


class QueryDatabase:
    """Reads the views through an engine whose role can only read. The log is read elsewhere.

    `statement_timeout`: in the words of PostgreSQL; more than a reader's for whoever reads it all.
    """

    def __init__(self, engine: AsyncEngine, statement_timeout: str = STATEMENT_TIMEOUT) -> None:
        self._engine = engine
        self._statement_timeout = statement_timeout

    @asynccontextmanager
    async def snapshot(self, *, whole: bool = False) -> AsyncIterator[Snapshot]:
        """The active generation, its cursor and all reads of one answer see one moment.

        `whole`: what is asked for may be most of a view, so a scan of all of it may be planned.
        Otherwise rows are looked up by keys: a plan is kept, and one made while the tables were
        small would read them whole each time, until somebody analyzed what grew meanwhile.
        """
        begin = named("begin")
        values = {"timeout": self._statement_timeout, "whole": "on" if whole else "off"}
        # Even a role with more rights could not write in it.
        how = {"isolation": "repeatable_read", "readonly": True}
        async with alive(self._engine) as driver, driver.transaction(**how):
            begun = await driver.fetchrow(begin.text, *begin.values(values))
            if begun is None:
                raise Problem(503, "no-views", "no generation of views is active yet")
            if begun["shape"] != shape():
                raise Problem(
                    503,
                    "no-views",
                    "another version of Sijill made the views: the operator runs `sijill rebuild`",
                )
            next_leaf = await driver.fetchval("SELECT next_leaf FROM cursor")
            yield Snapshot(driver, begun["number"], next_leaf - 1, begun["tzdata"])


def in_columns(workers: Iterable[Worker]) -> dict[str, list[str]]:
    """Workers as queries take them: `:platforms` and `:workers`, of one length."""
    both = list(workers)
    return {"platforms": [one[0] for one in both], "workers": [one[1] for one in both]}


def _worker(row: Any) -> Worker:
    return row["platform"], row["worker"]
