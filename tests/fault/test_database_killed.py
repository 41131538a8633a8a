"""PostgreSQL killed with -9 under load: nothing acknowledged is lost, nothing stands twice."""

import asyncio

from deploy.embedded.postgres import EmbeddedPostgres
from services.checker.history import Answer
from services.ingest.door import LOG_ERRORS
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.conftest import world_on
from tests.fault.waiting import until
from tests.support.killing import kill_server
from tests.support.world import World

#: Submissions in flight at once, and acknowledgements after which the server is killed.
_CLIENTS, _ACKED = 40, 60


async def _load(client: Client, number: int) -> None:
    """A platform that sends one after another until it meets the fault.

    A killed server still answers for a moment: its backends end what they are at.
    """
    for turn in range(10_000):
        if await client.send(f"s{number}-{turn}") is Answer.UNKNOWN:
            return


async def _sequence(world: World, enough: asyncio.Event) -> None:
    """A writer beside the load, ended by the same fault."""
    while not enough.is_set():
        try:
            if not await world.sequencer.commit_round():
                await world.log.wait_intake(0.01)
        except LOG_ERRORS:
            return


async def test_a_database_killed_under_load_loses_nothing_acknowledged(
    durable: EmbeddedPostgres,
) -> None:
    async with world_on(durable) as world:
        client, enough = Client(world, world.alpha), asyncio.Event()

        async def some_acked() -> bool:
            return sum(one.answer is Answer.ACKED for one in client.history) >= _ACKED

        async with asyncio.TaskGroup() as tasks:
            for number in range(_CLIENTS):
                tasks.create_task(_load(client, number))
            tasks.create_task(_sequence(world, enough))
            await until(some_acked, "acknowledgements")
            await asyncio.to_thread(kill_server, durable)
            enough.set()
        answers = [one.answer for one in client.history]
        assert answers.count(Answer.UNKNOWN) > 0
        durable.start()
        # The platforms do what the answer told them; the same writer goes on with what stands.
        await client.send_unknown_again()
        await world.sequence()
        report = await assert_whole(world.dsn(), client.history)
        sent = {one[:3] for one in client.history}
        assert report.leaves == 2 + len(sent)
