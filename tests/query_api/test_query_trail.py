"""The line that a reading leaves: written while rows are read, on disk before they are shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from tests.fault.waiting import until
from tests.query_api.query_world import QueryWorld
from tests.query_api.test_query_access import INSPECTOR, lines

#: The last that each route asks of the views, as the server knows it.
LAST_READ = {
    "/v1/platforms/atlas/workers/w-a": "-- Contracts that a worker's events name%",
    "/v1/platforms/atlas/workers/w-x": "-- One worker of a platform%",
    "/v1/tasks?worker=w-a": "SELECT fact.event_number%",
    "/v1/events/6": "-- What the folds found wrong in one event%",
    "/v1/events/6/bytes": "-- What an event added%",
}
ENDED = "SELECT pg_terminate_backend(pid, 10000) FROM ({}) AS them"
WAITS = """SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND usename = 'sijill_audit' AND wait_event_type = 'Lock'"""
READERS = """SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND usename IN ('sijill_query', 'sijill_audit')"""
HAS_READ = """SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND usename = 'sijill_query'
        AND state = 'idle in transaction' AND query LIKE $1"""


@asynccontextmanager
async def hanging(told: QueryWorld) -> AsyncIterator[None]:
    """No line can be written within it: each waits for a lock."""
    connection = await asyncpg.connect(told.inner.dsn())
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE audit.access IN EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


@pytest.fixture
async def looking(told: QueryWorld) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(told.inner.dsn())
    yield connection
    await connection.close()


async def until_only_the_line_is_missing(looking: asyncpg.Connection, path: str) -> None:
    """Wait until the rows were read and the line still hangs."""

    async def is_so() -> bool:
        return bool(await looking.fetch(HAS_READ, LAST_READ[path]) and await looking.fetch(WAITS))

    await until(is_so, f"reading {path} beside a line that hangs")


@pytest.mark.parametrize("path", LAST_READ)
async def test_what_was_read_waits_for_its_line(
    client: httpx.AsyncClient, told: QueryWorld, looking: asyncpg.Connection, path: str
) -> None:
    before = len(await lines(told))
    async with hanging(told):
        asked = asyncio.create_task(client.get(path, headers=told.bearer(**INSPECTOR)))
        await until_only_the_line_is_missing(looking, path)
        assert not asked.done()
    answer = await asked
    assert answer.status_code == (404 if path.endswith("w-x") else 200)
    assert [line["what"] for line in (await lines(told))[before:]] == [f"GET {path}"]


@pytest.mark.parametrize("path", LAST_READ)
async def test_a_line_that_breaks_off_shows_nothing(
    client: httpx.AsyncClient, told: QueryWorld, looking: asyncpg.Connection, path: str
) -> None:
    before = len(await lines(told))
    async with hanging(told):
        asked = asyncio.create_task(client.get(path, headers=told.bearer(**INSPECTOR)))
        await until_only_the_line_is_missing(looking, path)
        await looking.execute(ENDED.format(WAITS))
        answer = await asked
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:sijill:problem:no-audit"
    assert "w-a" not in answer.text
    assert len(await lines(told)) == before
    # The next one has a session that lives.
    assert (await client.get("/v1/events/6", headers=told.bearer(**INSPECTOR))).status_code == 200


async def test_sessions_that_were_ended_while_idle_are_replaced(
    client: httpx.AsyncClient, told: QueryWorld, looking: asyncpg.Connection
) -> None:
    path, headers = "/v1/platforms/atlas/workers/w-a", told.bearer(**INSPECTOR)
    await asyncio.gather(*(client.get(path, headers=headers) for _ in range(4)))
    ended = await looking.fetch(ENDED.format(READERS))
    assert len(ended) > 1
    for _ in range(4):
        assert (await client.get(path, headers=headers)).status_code == 200
