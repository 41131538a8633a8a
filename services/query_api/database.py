"""The database as readers see it: one read-only snapshot for each answer."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import Select, bindparam, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from migrations.tables import generation
from services.query_api.views import load_query
from services.web.problems import Problem

Row = dict[str, Any]
#: A platform and one of its pseudonyms.
Worker = tuple[str, str]
#: What views and log raise when they cannot be read now.
AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)

#: A query that takes longer is ended, so that one reader cannot hold the others up.
STATEMENT_TIMEOUT = "20s"
#: How the driver's statements are written.
_DIALECT = create_async_engine("postgresql+asyncpg://").dialect
#: Rows that are fetched at once of an answer too large to hold.
_FETCHED = 5_000
#: Finds the active generation, and turns the transaction to it, in one round trip.
_BEGIN = select(
    generation.c.number,
    generation.c.tzdata,
    func.set_config("statement_timeout", bindparam("timeout"), True),
    # The text of a day is its ISO 8601 form, whatever the server is set to.
    func.set_config("datestyle", "ISO", True),
    func.set_config("search_path", func.concat("view_", generation.c.number), True),
).where(generation.c.active)


@cache
def _compiled(name: str) -> tuple[str, tuple[str, ...]]:
    """A named query as the driver takes it, and which value stands for which of its `$n`."""
    statement = text(load_query(name)).compile(dialect=_DIALECT)
    return str(statement), tuple(statement.positiontup or ())


class Snapshot:
    """One REPEATABLE READ transaction on the active generation of views."""

    def __init__(
        self, connection: AsyncConnection, generation: int, position: int, tzdata: str
    ) -> None:
        self._connection = connection
        self.generation = generation
        self.position = position
        self.tzdata = tzdata

    async def rows(self, name: str, **values: Any) -> list[Row]:
        """The rows of a named query.

        By the driver itself: through the layer above it a row would take four times as long.
        """
        query, order = _compiled(name)
        found = await (await self._driver()).fetch(query, *(values[one] for one in order))
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
        query, order = _compiled(name)
        async for piece in self.pieces(query, [values[one] for one in order], size):
            for row in piece:
                yield row

    async def pieces(
        self, query: str, values: Sequence[Any], size: int
    ) -> AsyncIterator[list[Any]]:
        """The rows of a query with `$1` in it, some at a time: never all in memory. A row is both a
        sequence in the order of its columns and a mapping by their names."""
        cursor = await (await self._driver()).cursor(query, *values)
        while rows := await cursor.fetch(size):
            yield rows

    async def _driver(self) -> Any:
        return (await self._connection.get_raw_connection()).driver_connection

    async def select(self, query: Select[Any]) -> list[Row]:
        """The rows of a query with optional filters."""
        return [dict(row) for row in (await self._connection.execute(query)).mappings()]


class QueryDatabase:
    """Reads the views through an engine whose role can only read. The log is read elsewhere.

    `statement_timeout`: in the words of PostgreSQL; more than a reader's for whoever reads it all.
    """

    def __init__(self, engine: AsyncEngine, statement_timeout: str = STATEMENT_TIMEOUT) -> None:
        self._timeout = {"timeout": statement_timeout}
        # Even a role with more rights could not write through this.
        self._engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """The active generation, its cursor and all reads of one answer see one moment."""
        async with self._engine.connect() as connection:
            begun = (await connection.execute(_BEGIN, self._timeout)).mappings().first()
            if begun is None:
                raise Problem(503, "no-views", "no generation of views is active yet")
            next_leaf = await connection.execute(text("SELECT next_leaf FROM cursor"))
            position = next_leaf.scalar_one() - 1
            yield Snapshot(connection, begun["number"], position, begun["tzdata"])


def named(workers: Iterable[Worker]) -> dict[str, list[str]]:
    """Workers as queries take them: `:platforms` and `:workers`, of one length."""
    both = list(workers)
    return {"platforms": [one[0] for one in both], "workers": [one[1] for one in both]}


def _worker(row: Any) -> Worker:
    return row["platform"], row["worker"]
