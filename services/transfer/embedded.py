"""The embedded log, as one snapshot of PostgreSQL shows it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from events.errors import Fatal
from events.leaf import leaf_hash
from events.log.protocol import Arrival, Place
from events.log.rows import leaf_record
from events.sql import load_sql
from services.transfer.format import VERSION, HeadLine, IntakeLine, LeafLine, intake_line, leaf_line

#: Rows fetched at a time. Those of the intake carry bodies, of up to 4 MiB each.
_LEAVES_FETCHED, _RECORDS_FETCHED = 1_000, 16


@asynccontextmanager
async def embedded(dsn: str) -> AsyncIterator["EmbeddedSource"]:
    """The log in a database, read as a role that may; what is written meanwhile is not seen."""
    # The snapshot stays open as long as the export lasts, which may be hours.
    connection = await asyncpg.connect(dsn, server_settings={"transaction_timeout": "0"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield EmbeddedSource(connection, await _head(connection))
    finally:
        await connection.close()


class EmbeddedSource:
    """Leaves and intake of one snapshot."""

    def __init__(self, connection: asyncpg.Connection, head: HeadLine) -> None:
        self._connection = connection
        self.head = head

    async def leaves(self) -> AsyncIterator[LeafLine]:
        """Every leaf in order."""
        async for row in self._rows("leaves", _LEAVES_FETCHED):
            yield leaf_line(leaf_record(row))

    async def intake(self) -> AsyncIterator[IntakeLine]:
        """Every record of the intake."""
        async for partition, offset, *columns in self._rows("intake", _RECORDS_FETCHED):
            yield intake_line(Place(partition, offset), Arrival(*columns))

    async def _rows(self, query: str, fetched: int) -> AsyncIterator[asyncpg.Record]:
        statement = load_sql("services.transfer.sql", query)
        async for row in self._connection.cursor(statement, prefetch=fetched):
            yield row


async def _head(connection: asyncpg.Connection) -> HeadLine:
    first = await connection.fetchval("SELECT leaf FROM log.leaf WHERE leaf_index = 0")
    if first is None:
        raise Fatal("the log is empty: there is nothing to carry")
    last: int = await connection.fetchval("SELECT max(leaf_index) FROM log.leaf")
    counters = await connection.fetch(
        "SELECT next_offset FROM log.intake_counter ORDER BY partition"
    )
    return HeadLine(
        version=VERSION,
        identity=leaf_hash(first).hex(),
        leaves=last + 1,
        intake=tuple(row["next_offset"] for row in counters),
    )
