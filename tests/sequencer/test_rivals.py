"""Two writers over one log: whatever happens between two steps of one, no leaf is lost or doubled.

The rival runs where the first one awaits, so every interleaving here is chosen, none is luck.
"""

import asyncio
from dataclasses import dataclass
from itertools import count

import msgspec
import pytest

from events.jose import PrivateKey
from events.leaf import decode_leaf
from services.sequencer.sequencer import Sequencer
from tests.fault.checking import assert_whole
from tests.fault.clients import Client
from tests.fault.faults import Hook, stepped
from tests.support.world import Platform, World

#: Where a round awaits: a fresh sequencer reads its state first.
LOADING = ("tail", "leaves", "key_ring")
ROUND = ("intake", "look_up", "bodies", "commit")


@dataclass
class Traffic:
    """Submissions of every outcome, and acts that change who may speak."""

    world: World
    client: Client

    def __post_init__(self) -> None:
        self._numbers = count(1)

    async def flow(self) -> None:
        """A new platform, a new submission, its repeat, a conflict, a key that comes and goes."""
        number = next(self._numbers)
        platform = Platform(f"p{number}", PrivateKey.generate())
        await self._act("platform.registered", _registered(platform))
        await self.client.send(f"s{number}")
        await self.client.send_again()
        await self.client.send(f"s{number}")
        passing = Platform("alpha", PrivateKey.generate())
        jwk = msgspec.to_builtins(passing.key.jwk)
        await self._act("key.added", {"emitter": "alpha", "key": jwk})
        kid = passing.key.kid
        await self._act("key.revoked", {"emitter": "alpha", "kid": kid, "reason_code": "lost"})

    async def _act(self, type_: str, data: dict[str, object]) -> None:
        authority = self.world.authority
        await self.world.push(authority, [authority.event(type_, data)])


def _registered(platform: Platform) -> dict[str, object]:
    jwk = msgspec.to_builtins(platform.key.jwk)
    return {"emitter": platform.emitter, "name": "P", "key": jwk}


@pytest.fixture
def traffic(world: World) -> Traffic:
    """Traffic of the world's one platform."""
    return Traffic(world, Client(world, world.alpha))


async def _finish(sequencer: Sequencer) -> None:
    while await sequencer.commit_round():
        pass


def _once(step: str, when: str, happening: Hook) -> Hook:
    """Calls `happening` at the first time this step is reached."""
    done: list[bool] = []

    async def hook(name: str, side: str) -> None:
        if (name, side) == (step, when) and not done:
            done.append(True)
            await happening(name, side)

    return hook


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "warm"])
async def test_a_rival_between_any_two_steps(world: World, traffic: Traffic, fresh: bool) -> None:
    steps = (*LOADING, *ROUND) if fresh else ROUND
    rival = world.new_sequencer()

    async def overtake(name: str, side: str) -> None:
        await traffic.flow()
        await _finish(rival)

    for step in steps:
        for when in ("before", "after"):
            active: list[Hook] = []

            async def hook(name: str, side: str, active: list[Hook] = active) -> None:
                for one in active:
                    await one(name, side)

            slow = Sequencer(stepped(world.log, hook), world.clock)
            if not fresh:
                await _finish(slow)
            active.append(_once(step, when, overtake))
            await traffic.flow()
            await _finish(slow)
            await traffic.flow()
            await _finish(rival)
    report = await assert_whole(world.dsn(), traffic.client.history)
    # Each flow: 3 acts, a counted leaf and its conflict; before them the establishment and alpha.
    assert report.leaves == 2 + 5 * 3 * 2 * len(steps)


async def test_a_frozen_writer_wakes_up_with_an_old_round(world: World, traffic: Traffic) -> None:
    """It judged under keys that were revoked meanwhile; nothing of its round may stand."""
    await traffic.flow()

    async def sleep(name: str, side: str) -> None:
        kid = world.alpha.key.kid
        await world.act("key.revoked", {"emitter": "alpha", "kid": kid, "reason_code": "lost"})
        for number in range(3):
            await world.register(Platform(f"new{number}", PrivateKey.generate()))

    frozen = Sequencer(stepped(world.log, _once("commit", "before", sleep)), world.clock)
    await frozen.commit_round()
    assert frozen.progress.lost == 1
    assert frozen.progress.leaves == 0
    await _finish(frozen)
    await assert_whole(world.dsn(), traffic.client.history)


async def test_a_submission_behind_a_rivals_revocation_is_refused_by_the_loser(
    world: World,
) -> None:
    """The loser had judged it counted; read again behind the winner's leaf it is key-revoked."""
    client = Client(world, world.alpha)
    await client.send("before")

    async def revoke(name: str, side: str) -> None:
        revoked = {"emitter": "alpha", "kid": world.alpha.key.kid, "reason_code": "lost"}
        authority = world.authority
        await world.push(authority, [authority.event("key.revoked", revoked)])
        await _finish(world.new_sequencer())
        await client.send("after")

    loser = Sequencer(stepped(world.log, _once("intake", "before", revoke)), world.clock)
    await _finish(loser)
    outcomes = {
        leaf.submission: leaf.outcome.value
        for leaf in (decode_leaf(record.leaf) for record in await world.leaves.leaves(0, 100))
    }
    assert outcomes["after"] == "key-revoked"
    await assert_whole(world.dsn(), client.history)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_commit_whose_outcome_is_unknown_is_read_from_the_log(
    world: World, traffic: Traffic, when: str
) -> None:
    async def cut(name: str, side: str) -> None:
        raise ConnectionResetError("the connection broke")

    sequencer = Sequencer(stepped(world.log, _once("commit", when, cut)), world.clock)
    await traffic.flow()
    with pytest.raises(ConnectionResetError):
        await sequencer.commit_round()
    assert sequencer.progress.leaves == 0
    await traffic.flow()
    await _finish(sequencer)
    report = await assert_whole(world.dsn(), traffic.client.history)
    assert report.leaves == 2 + 2 * 5


@pytest.mark.parametrize("step", ROUND)
async def test_a_round_that_was_cancelled_is_done_again(
    world: World, traffic: Traffic, step: str
) -> None:
    reached = asyncio.Event()

    async def stay(name: str, side: str) -> None:
        reached.set()
        await asyncio.Event().wait()

    sequencer = Sequencer(stepped(world.log, _once(step, "after", stay)), world.clock)
    await traffic.flow()
    round_ = asyncio.create_task(sequencer.commit_round())
    await reached.wait()
    round_.cancel()
    with pytest.raises(asyncio.CancelledError):
        await round_
    await _finish(sequencer)
    report = await assert_whole(world.dsn(), traffic.client.history)
    assert report.leaves == 2 + 5


async def test_writers_that_race_without_order_lose_nothing(world: World, traffic: Traffic) -> None:
    """Three at once, as fast as the database lets them, while submissions come in."""
    writers = [world.new_sequencer() for _ in range(3)]
    arrived = asyncio.Event()

    async def write(sequencer: Sequencer) -> None:
        while not arrived.is_set():
            await sequencer.commit_round()
        await _finish(sequencer)

    async def arrive() -> None:
        for _ in range(6):
            await traffic.flow()
        arrived.set()

    await asyncio.gather(arrive(), *(write(one) for one in writers))
    report = await assert_whole(world.dsn(), traffic.client.history)
    # How many there are depends on who was first: a conflict seen at the door has no leaf.
    assert report.leaves == 2 + sum(one.progress.leaves for one in writers)


async def test_a_restart_behind_leaves_that_count_nothing_finds_the_next_event_number(
    world: World,
) -> None:
    """Hundreds of conflicts in a row: the last counted leaf lies further back than one look."""
    client = Client(world, world.alpha)
    for _ in range(300):
        await client.send("same")
    await world.sequence()
    await client.send("other")
    restarted = world.new_sequencer()
    await _finish(restarted)
    tail = await world.leaves.tail()
    assert tail is not None
    # Two acts of the world, the one counted body of "same", then this one.
    assert decode_leaf(tail.leaf).first_event == 3
    await assert_whole(world.dsn(), client.history)
