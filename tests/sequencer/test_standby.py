"""Real processes: a leader that freezes, one that dies, one whose clock is wrong."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from migrations.roles import SEQUENCER
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.waiting import until
from tests.support.world import World

Start = Callable[..., "Process"]


@dataclass
class Process:
    """`sijill sequence` as an operator runs it."""

    child: subprocess.Popen[bytes]
    url: str

    async def health(self) -> dict[str, object]:
        """What /readyz says; nothing while it does not answer."""
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"{self.url}/readyz")
        except httpx.TransportError:
            return {}
        return {**answer.json(), "status": answer.status_code}

    async def until(self, what: str, value: object) -> None:
        """Wait until a member of its health has this value."""

        async def so() -> bool:
            assert self.child.poll() is None, f"ended with status {self.child.returncode}"
            return (await self.health()).get(what) == value

        await until(so, f"{what} = {value}")


@pytest.fixture
async def start(world: World, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts sequencers of the world's database; all are gone afterwards."""
    async with AsyncExitStack() as stack:

        def begin(**more: str) -> Process:
            port = _free_port()
            environment = {
                **os.environ,
                "SIJILL_DATABASE": world.dsn(SEQUENCER).replace(SEQUENCER, "{role}", 1),
                "SIJILL_KEYS": str(tmp_path),
                "SIJILL_PORT": str(port),
                **more,
            }
            child = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli.main", "sequence"],
                env=environment,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(_end, child)
            return Process(child, f"http://127.0.0.1:{port}")

        yield begin


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()


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
    first.child.send_signal(signal.SIGCONT)
    await _send(client, "three")
    # Awake, it finds its sessions ended and stands by.
    await first.until("ready", True)
    await first.until("leading", False)
    await _until_leaves(world, 32)
    # Now the leader dies under load, and the one that was frozen leads again.
    sending = asyncio.create_task(_send(client, "four"))
    standby.child.kill()
    await sending
    await _expire(world)
    await first.until("leading", True)
    await _until_leaves(world, 42)
    first.child.terminate()
    assert first.child.wait() == 0
    report = await assert_whole(world.dsn(), client.history)
    assert report.leaves == 2 + 4 * 10


async def _expire(world: World) -> None:
    """What a dead leader's lease does by itself, sooner."""
    connection = await asyncpg.connect(world.dsn())
    await connection.execute("UPDATE log.lease SET expires_at = clock_timestamp()")
    await connection.close()


async def _send(client: Client, name: str) -> None:
    await asyncio.gather(*(client.send(f"{name}-{number}") for number in range(10)))


async def _freeze(process: Process) -> None:
    process.child.send_signal(signal.SIGSTOP)


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
