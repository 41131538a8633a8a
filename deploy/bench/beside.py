"""What stands beside a row: peers and limits, with the same events on the same server."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from deploy.bench.http import Client
from deploy.bench.loads import steadily
from deploy.bench.peers import limits, store
from deploy.bench.registry import LANES, Registry
from deploy.bench.workload import Signed
from deploy.ports import first_free

_DATABASE, _FIRST_PORT, _ZONE = "beside", 8700, "Africa/Casablanca"
#: How much each is given: enough to be steady, and not to be waited for.
_PLAIN_SUBMISSIONS, _EACH_SUBMISSIONS, _LIMIT_SUBMISSIONS = 60, 2, 200
#: Events that the library follows, and how many a transaction: as its manual has it, which is what
#: the fold is held to, and as far as one gets by hand.
_STORE = {"eventsourcing": (6_000, 1), "eventsourcing, sums batched by hand": (30_000, 1_000)}
_HEADERS = {"content-type": "application/json"}


async def ingest_peers(made: Registry, signed: Sequence[Signed]) -> dict[str, float]:
    """Events a second that the plain peer takes: a commit a request, a commit an event."""
    found = {}
    async with _plain(made) as port:
        found["plain"] = await _full_speed(port, signed[:_PLAIN_SUBMISSIONS])
    async with _plain(made, "--commit-each") as port:
        each = await _full_speed(port, signed[:_EACH_SUBMISSIONS])
    return {**found, "plain, a commit an event": each}


async def ingest_limits(made: Registry, signed: Sequence[Signed]) -> dict[str, float]:
    """Events a second: hashed and decoded on one core; kept by PostgreSQL, nothing else done."""
    bodies = [one.body for one in signed[:_LIMIT_SUBMISSIONS]]
    async with _database(made) as dsn:
        kept = await limits.postgres_limit(dsn, bodies)
    decoded = await asyncio.to_thread(limits.decode_limit, bodies)
    return {"SHA-256 and decode on one core": decoded, "PostgreSQL keeps the bodies": kept}


async def single_peer(made: Registry, singles: Sequence[Signed], per_second: float) -> float:
    """Median milliseconds of the plain peer at the same rate."""
    async with _plain(made) as port:
        return (await steadily(port, singles, per_second, _post)).quantile_ms(0.5)


async def fold_peers(made: Registry, signed: Sequence[Signed]) -> dict[str, float]:
    """Events a second of the `eventsourcing` library: in its own way, and many a transaction."""
    found = {}
    async with _database(made) as dsn:
        for name, (events, together) in _STORE.items():
            bodies = [one.body for one in signed[: events // signed[0].events + 1]]
            found[name] = await asyncio.to_thread(
                store.measure, dsn, bodies, events, together=together
            )
    return found


async def fold_limits(made: Registry, signed: Sequence[Signed]) -> dict[str, float]:
    """Events a second whose fact rows PostgreSQL only loads."""
    bodies = [one.body for one in signed[:_LIMIT_SUBMISSIONS]]
    async with _database(made) as dsn:
        return {"COPY of the fact rows": await limits.copy_limit(dsn, bodies, _ZONE)}


async def _full_speed(port: int, signed: Sequence[Signed]) -> float:
    waiting, began = iter(signed), time.perf_counter()

    async def lane(client: Client) -> None:
        for one in waiting:
            await _post(client, one)

    async with Client(port) as client:
        await asyncio.gather(*(lane(client) for _ in range(LANES)))
    return sum(one.events for one in signed) / (time.perf_counter() - began)


async def _post(client: Client, signed: Signed) -> None:
    answer = await client.post("/v1/submissions", _HEADERS, signed.body)
    if answer.status != 202:
        raise RuntimeError(f"the plain peer answers {answer.status}: {answer.body.decode()[:300]}")


@asynccontextmanager
async def _plain(made: Registry, *options: str) -> AsyncIterator[int]:
    port = first_free(_FIRST_PORT, 1)
    async with _database(made) as dsn:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "deploy.bench.peers.plain", "--dsn", dsn, "--port", str(port), *options),
        )
        try:
            async with Client(port) as client:
                while not await client.is_ready():  # noqa: ASYNC110 (another process)
                    await asyncio.sleep(0.05)
            yield port
        finally:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def _database(made: Registry) -> AsyncIterator[str]:
    """A database of its own on the registry's server, gone afterwards."""
    connection = await asyncpg.connect(made.servers.admin_dsn())
    try:
        await connection.execute(f"CREATE DATABASE {_DATABASE}")
        yield made.servers.admin_dsn(_DATABASE)
    finally:
        await connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        await connection.close()
