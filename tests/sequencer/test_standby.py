"""Real processes: a leader that freezes, one that dies, one whose clock is wrong."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.waiting import until
from tests.support.starting import Process, Start, starting
from tests.support.world import World


@pytest.fixture
def start(world: World, tmp_path: Path) -> Iterator[Start]:
    """Starts sequencers."""
    with starting(world, tmp_path, "sequence") as begin:
        yield begin


async def _until_leaves(world: World, number: int) -> None:
    async def there() -> bool:
        tail = await world.leaves.tail()
        return tail is not None and tail.index + 1 >= number

    await until(there, f"{number} leaves")


async def test_a_frozen_leader_and_a_dead_one_are_replaced(world: World, start: Start) -> None:
    client = Client(world, world.alpha)
    first = start()
    await first.until("leading", True)
    standby = start()
    await standby.until("ready", True)
    assert (await standby.health())["leading"] is False
    await _send(client, "one")
    await _until_leaves(world, 12)
    # Frozen in the middle of whatever it does with these.
    await asyncio.gather(_send(client, "two"), _freeze(first))
    await standby.until("leading", True)
    await _until_leaves(world, 22)
    first.thaw()
    await _send(client, "three")
    # Awake, it finds its sessions ended and stands by.
    await first.until("ready", True)
    await first.until("leading", False)
    await _until_leaves(world, 32)
    # Now the leader dies under load, and the one that was frozen leads again.
    sending = asyncio.create_task(_send(client, "four"))
    standby.kill()
    await sending
    await first.until("leading", True)
    await _until_leaves(world, 42)
    first.child.terminate()
    assert first.child.wait() == 0
    report = await assert_whole(world.dsn(), client.history)
    assert report.leaves == 2 + 4 * 10


async def _send(client: Client, name: str) -> None:
    await asyncio.gather(*(client.send(f"{name}-{number}") for number in range(10)))


async def _freeze(process: Process) -> None:
    process.freeze()


async def test_a_process_whose_clock_runs_ahead_is_not_ready_and_writes_nothing(
    world: World, start: Start, tmp_path: Path
) -> None:
    client, clock = Client(world, world.alpha), tmp_path / "clock"
    await client.send("s1")
    clock.write_text((datetime.now(UTC) + timedelta(minutes=5)).isoformat())
    process = start(SIJILL_CLOCK=f"file:{clock}")
    await process.until("clock_fits", False)
    health = await process.health()
    assert (health["status"], health["ready"], health["leading"]) == (503, False, False)
    tail = await world.leaves.tail()
    assert tail is not None
    assert tail.index == 1
    clock.write_text(datetime.now(UTC).isoformat())
    await _until_leaves(world, 3)
    await process.until("ready", True)
    await assert_whole(world.dsn(), client.history)
