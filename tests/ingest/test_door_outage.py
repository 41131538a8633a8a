"""PostgreSQL is killed under the door, and comes back."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from migrations.roles import ROLES
from migrations.run import upgrade
from services.ingest.app import READY_SECONDS, create_app
from services.ingest.door import Door
from tests.ingest.speaking import Caller, outcomes, problem, small
from tests.support.killing import kill_server
from tests.support.world import World


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A server of our own to kill, durable as in real life."""
    folder = Path(tempfile.mkdtemp(prefix="sj-", dir="/tmp"))
    folder.chmod(0o711)
    with EmbeddedPostgres(folder / "data", roles=ROLES) as made:
        yield made
    shutil.rmtree(folder)


@pytest.fixture
async def world(server: EmbeddedPostgres) -> AsyncIterator[World]:
    """A world on it, in a database that goes with the server."""
    await upgrade(server.dsn())
    made = World(server, "postgres")
    await made.open()
    yield made
    await made.close()


class Watch:
    """A monotonic clock that moves only when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_postgres_killed_and_started_again(server: EmbeddedPostgres, world: World) -> None:
    watch = Watch()
    door = Door(world.intake, world.registry_keys, world.clock, monotonic=watch)
    app = create_app(door)
    caller = Caller(world, app)
    async with app.router.lifespan_context(app):
        watch.now += 1
        await door.refresh_keys()
        assert (await caller.http.get("/readyz")).status_code == 200
        kept = small(world)
        assert (await caller.send(kept, "kept")).status_code == 202
        waiting = asyncio.create_task(caller.send(small(world), "waits", wait=2))
        await _appended(world, 2)

        await asyncio.to_thread(kill_server, server)
        # It was promised before: the promise is all that can be given now.
        assert (await waiting).status_code == 202
        lost = small(world)
        for answer in (await caller.send(lost, "lost"), await caller.send(kept, "kept")):
            problem(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0
        watch.now += READY_SECONDS
        assert (await caller.http.get("/readyz")).status_code == 503
        assert (await caller.http.get("/healthz")).status_code == 200

        server.start()
        answer = await _until_taken(caller, lost)
        assert answer.status_code == 202
        watch.now += 1
        await door.refresh_keys()
        assert (await caller.http.get("/readyz")).status_code == 200
    await world.sequence()
    assert (await caller.send(kept, "kept")).json()["outcome"] == "counted"
    assert sorted(await outcomes(world)) == [
        ("alpha", "kept", "counted"),
        ("alpha", "lost", "counted"),
        ("alpha", "waits", "counted"),
    ]


async def _appended(world: World, count: int) -> None:
    """Until so many of alpha's submissions lie in the intake."""
    async with asyncio.timeout(30):
        while True:
            records = await world.log.intake((0,) * world.log.partitions, 100)
            if sum(record.emitter == "alpha" for record in records) == count:
                return


async def _until_taken(caller: Caller, body: bytes) -> httpx.Response:
    """Send again while told to, as a platform does; connections of old fail first."""
    async with asyncio.timeout(30):
        while (answer := await caller.send(body, "lost")).status_code == 503:
            pass
    return answer
