"""What the machine can do at most: parts of the registry's work, each alone.

The dsn's role must be allowed to make tables and schemas; nothing stays behind.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from time import perf_counter

import asyncpg
import msgspec

from events.days import Days
from events.leaf import Leaf, LeafOutcome, encode_leaf
from events.submission import decode_events
from services.projections import catalogue
from services.projections.building import Built, Counted, build
from services.projections.encoding import BATCH_COLUMNS, Table

#: Connections that bring bodies at once.
CONNECTIONS = 4
#: Bodies whose rows go into one COPY.
_COPY_BODIES = 20
_SCHEMA = "bench_limits"


def decode_limit(bodies: Sequence[bytes]) -> float:
    """Events a second on one core of SHA-256 and msgspec alone.

    The decoder is the door's, into the typed events of the vocabulary (`decode_events`), without
    any of the door's checks behind it.
    """
    started, events = perf_counter(), 0
    for body in bodies:
        hashlib.sha256(body).digest()
        events += len(decode_events(body))
    return events / (perf_counter() - started)


async def postgres_limit(dsn: str, bodies: Sequence[bytes]) -> float:
    """Events a second when PostgreSQL takes the bodies alone.

    One row and one transaction a body, stored as the intake stores it, over four connections.
    """
    events = sum(len(msgspec.json.decode(body, type=list[msgspec.Raw])) for body in bodies)
    async with asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        await pool.execute(_BODY_TABLE)
        try:
            started, waiting = perf_counter(), enumerate(bodies)
            await asyncio.gather(*(_bring(pool, waiting) for _ in range(CONNECTIONS)))
            return events / (perf_counter() - started)
        finally:
            await pool.execute("DROP TABLE bench_body")


_BODY_TABLE = """
DROP TABLE IF EXISTS bench_body;
CREATE TABLE bench_body (number bigint PRIMARY KEY, body bytea STORAGE EXTERNAL NOT NULL)
"""


async def _bring(pool: asyncpg.Pool, waiting: Iterator[tuple[int, bytes]]) -> None:
    async with pool.acquire() as connection:
        statement = await connection.prepare("INSERT INTO bench_body VALUES ($1, $2)")
        for number, body in waiting:
            await statement.fetch(number, body)


async def copy_limit(dsn: str, bodies: Sequence[bytes], zone: str) -> float:
    """Rows a second of a raw COPY of the fact rows of these bodies.

    The rows are those that the projection loads, in its columns, encoded by its encoder before the
    clock starts; the table is a plain one, logged, without an index, one commit a table of rows.
    """
    tables = list(_fact_tables(bodies, Days(zone)))
    connection = await asyncpg.connect(dsn)
    try:
        await _make_fact_rows(connection)
        started = perf_counter()
        for table in tables:
            await _copy(connection, table)
        return sum(table.rows for table in tables) / (perf_counter() - started)
    finally:
        await connection.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE")
        await connection.close()


async def _make_fact_rows(connection: asyncpg.Connection) -> None:
    """A table with the columns and types of the projection's batch."""
    await connection.execute(f"DROP SCHEMA IF EXISTS {_SCHEMA} CASCADE; CREATE SCHEMA {_SCHEMA}")
    await connection.execute(f"SET search_path TO {_SCHEMA}")
    await connection.execute(catalogue.table_sql("types"))
    await connection.execute(catalogue.batch_sql())
    columns = ", ".join(BATCH_COLUMNS)
    await connection.execute(
        f"CREATE TABLE fact_rows AS SELECT {columns} FROM pg_temp.batch WITH NO DATA"
    )


async def _copy(connection: asyncpg.Connection, table: Table) -> None:
    await connection.copy_to_table(
        "fact_rows", columns=BATCH_COLUMNS, format="binary", source=_sent(table)
    )


async def _sent(table: Table) -> AsyncIterator[bytes]:
    for chunk in table.chunks():
        yield chunk


def _fact_tables(bodies: Sequence[bytes], days: Days) -> Iterator[Table]:
    counted = list(_counted(bodies))
    for start in range(0, len(counted), _COPY_BODIES):
        built = build(counted[start : start + _COPY_BODIES], days)
        if not isinstance(built, Built):
            raise ValueError(f"body {built.index} cannot be digested: {built.error}")
        workers = (worker for _, worker in built.table.speakers)
        built.table.fill([(1, None if w is None else code) for code, w in enumerate(workers)])
        yield built.table


def _counted(bodies: Sequence[bytes]) -> Iterator[Counted]:
    """Each body under a leaf that nobody signed."""
    number = 0
    for index, body in enumerate(bodies):
        events = decode_events(body)
        at = max(event.time for event in events).isoformat()
        leaf = Leaf(
            v=1,
            emitter="emitter",
            submission=f"{index}",
            received_at=at,
            sequenced_at=at,
            body_sha256=hashlib.sha256(body).hexdigest(),
            body_bytes=len(body),
            events=len(events),
            first_event=number,
            outcome=LeafOutcome.COUNTED,
            token="",
        )
        number += len(events)
        yield Counted(index, encode_leaf(leaf), body)
