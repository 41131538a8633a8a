"""The database as readers see it: one read-only snapshot for each answer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from events.leaf import Leaf, decode_leaf
from events.log.protocol import Place
from migrations.tables import generation, leaf
from services.query_api.views import load_query
from services.web.problems import Problem

Row = dict[str, Any]

#: A query that takes longer is ended, so that one reader cannot hold the others up.
STATEMENT_TIMEOUT = "20s"


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """A leaf as stored, and where its body lies."""

    index: int
    encoded: bytes
    place: Place

    @property
    def leaf(self) -> Leaf:
        """The leaf's fields."""
        return decode_leaf(self.encoded)


class Snapshot:
    """One REPEATABLE READ transaction on the active generation of views."""

    def __init__(self, connection: AsyncConnection, position: int, tzdata: str) -> None:
        self._connection = connection
        self.position = position
        self.tzdata = tzdata

    async def rows(self, name: str, **values: Any) -> list[Row]:
        """The rows of a named query."""
        found = await self._connection.execute(text(load_query(name)), values)
        return [dict(row) for row in found.mappings()]

    async def select(self, query: Select[Any]) -> list[Row]:
        """The rows of a query with optional filters."""
        return [dict(row) for row in (await self._connection.execute(query)).mappings()]

    async def leaf(self, index: int) -> StoredLeaf | None:
        """A leaf by its index."""
        found = await self.select(leaf.select().where(leaf.c.leaf_index == index))
        return _stored(found)

    async def counted_leaf(self, first: int, end: int) -> StoredLeaf | None:
        """The first counted leaf in a range of indexes."""
        return _stored(await self.rows("counted_leaf", first=first, end=end))


def _stored(rows: Sequence[Row]) -> StoredLeaf | None:
    if not rows:
        return None
    row = rows[0]
    return StoredLeaf(row["leaf_index"], row["leaf"], Place(row["partition"], row["offset"]))


class QueryDatabase:
    """Reads through an engine whose role can only read."""

    def __init__(self, engine: AsyncEngine) -> None:
        # Even a role with more rights could not write through this.
        self._engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """The active generation, its cursor and all reads of one answer see one moment."""
        async with self._engine.connect() as connection:
            await connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
            active = generation.select().where(generation.c.active)
            row = (await connection.execute(active)).mappings().first()
            if row is None:
                raise Problem(503, "no-views", "no generation of views is active yet")
            await connection.execute(text(f"SET LOCAL search_path TO view_{int(row['number'])}"))
            next_leaf = await connection.execute(text("SELECT next_leaf FROM cursor"))
            yield Snapshot(connection, next_leaf.scalar_one() - 1, row["tzdata"])

    async def tail(self) -> int:
        """The index of the log's last leaf; -1 in an empty log."""
        async with self._engine.connect() as connection:
            found = await connection.execute(text("SELECT max(leaf_index) FROM log.leaf"))
            last: int | None = found.scalar_one()
        return -1 if last is None else last
