"""Three sequencers without a lease, all writing at once into one log, frozen and killed.

Goal: every acknowledged body has exactly one leaf, each partition keeps its order, and the index
is the chain and nothing else. Method: real processes; what is done to which of them and when is
a function of a seed, under a steady load with repeats and conflicts. Set SIJILL_RIVAL_SECONDS for
a longer run and SIJILL_RIVAL_SEED for the same one again.
"""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.leaf import Leaf, LeafOutcome, decode_leaf
from events.log.kafka.chain import Chain
from events.log.kafka.client import KafkaAddress
from events.log.kafka.records import Placed, placed_leaf
from events.log.kafka.topics import remember_topics
from events.log.protocol import Arrival
from migrations.roles import SEQUENCER
from services.checker.history import Answer, Attempt
from services.checker.kafka.source import in_kafka
from tests.fault.checking import assert_whole
from tests.fault.nodes import Child
from tests.fault.waiting import until
from tests.log.kits import KafkaKit, kafka_kit
from tests.log.registry import Registry, new_platform
from tests.support.world import Platform

_SECONDS = float(os.environ.get("SIJILL_RIVAL_SECONDS", "8"))
_SEED = int(os.environ.get("SIJILL_RIVAL_SEED", "20260304"))
_RIVALS = 3
#: Seconds between two blows, and for which one is frozen.
_BETWEEN, _FROZEN = (0.1, 0.7), (0.2, 1.5)
#: Seconds between two groups of arrivals, and how many at most are sent at once.
_TICK, _AT_ONCE = 0.01, 4


@dataclass(frozen=True, slots=True)
class _Blow:
    """What is done to one of the rivals, after how many seconds."""

    wait: float
    rival: int
    #: Seconds for which it is frozen; 0: it is killed, and started again at once.
    frozen: float


def _blows(seed: int, seconds: float) -> Iterator[_Blow]:
    chance, now = random.Random(seed), 0.0
    while (now := now + (wait := chance.uniform(*_BETWEEN))) < seconds:
        frozen = chance.uniform(*_FROZEN) if chance.random() < 0.6 else 0.0
        yield _Blow(wait, chance.randrange(_RIVALS), frozen)


async def _strike(blows: Sequence[_Blow], rivals: Sequence[Child]) -> None:
    thawing = set[asyncio.Task[None]]()
    for blow in blows:
        await asyncio.sleep(blow.wait)
        rival = rivals[blow.rival]
        if blow.frozen:
            rival.freeze()
            thawing.add(asyncio.create_task(_thaw(rival, blow.frozen)))
        else:
            await rival.kill()
            rival.start()
    await asyncio.gather(*thawing)


async def _thaw(rival: Child, seconds: float) -> None:
    await asyncio.sleep(seconds)
    rival.thaw()


class _Load:
    """Arrivals from several platforms: most are new, some are sent again, some with other bytes."""

    def __init__(self, registry: Registry, seed: int) -> None:
        self._registry, self._chance = registry, random.Random(seed)
        self.platforms = [new_platform(f"platform-{number}") for number in range(8)]
        self.history: list[Attempt] = []
        self._sent: list[tuple[Platform, Arrival]] = []

    async def run(self, seconds: float) -> None:
        """Send for so long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            group = [self._next() for _ in range(self._chance.randint(1, _AT_ONCE))]
            await asyncio.gather(*map(self.send, group))
            await asyncio.sleep(_TICK)

    def _next(self) -> Arrival:
        kind = self._chance.random()
        if self._sent and kind < 0.15:
            return self._chance.choice(self._sent)[1]
        if self._sent and kind < 0.2:
            platform, earlier = self._chance.choice(self._sent)
            return self._registry.said(platform, submission=earlier.submission)
        platform = self._chance.choice(self.platforms)
        made = self._registry.said(platform)
        self._sent.append((platform, made))
        return made

    async def send(self, one: Arrival) -> None:
        """Append it and remember the answer."""
        await self._registry.intake.append(one, anyway=True)
        self.remember(one)

    def remember(self, one: Arrival) -> None:
        """It was acknowledged."""
        self.history.append(Attempt(one.emitter, one.submission, one.body_sha256, Answer.ACKED))

    @property
    def bodies(self) -> set[tuple[str, str, bytes]]:
        """What must have one leaf each."""
        return {(one.emitter, one.submission, one.sha256) for one in self.history}


@pytest.fixture
async def kit(kafka: str, topics: str, postgres: EmbeddedPostgres) -> AsyncIterator[KafkaKit]:
    """An empty log on Kafka."""
    async with kafka_kit(postgres, KafkaAddress(kafka, topics)) as made:
        yield made


@asynccontextmanager
async def _writing(kit: KafkaKit, folder: Path) -> AsyncIterator[list[Child]]:
    """The rivals; at the end each ends in order, whatever was done to it."""
    target = [kit.dsn(SEQUENCER), kit.address.bootstrap, kit.address.prefix]
    argv = [sys.executable, "-m", "tests.fault.rival", *target]
    rivals = [
        Child(f"rival {number}", argv, os.environ, folder / f"rival-{number}.log")
        for number in range(_RIVALS)
    ]
    for rival in rivals:
        rival.start()
    try:
        yield rivals
    finally:
        for rival in rivals:
            rival.thaw()
            await rival.stop()


async def test_three_at_once_give_every_body_one_leaf(kit: KafkaKit, tmp_path: Path) -> None:
    print(f"seed {_SEED}, {_SECONDS:g} seconds")
    registry = Registry(kit.intake)
    load, blows = _Load(registry, _SEED), list(_blows(_SEED, _SECONDS))
    for one in (registry.establishment(), registry.registered(*load.platforms)):
        await load.send(one)
    async with _writing(kit, tmp_path) as rivals:
        await _all_have_leaves(kit, load)
        await asyncio.gather(load.run(_SECONDS), _strike(blows, rivals))
        await _somebody_lost(kit, load)
        await _all_have_leaves(kit, load)
    # One that was killed a moment ago may not listen yet when it is told to end.
    assert {rival.status() for rival in rivals} <= {0, -signal.SIGTERM}, _said(rivals)
    kills = sum(not blow.frozen for blow in blows)
    records, leaves = await _topic(kit)
    print(
        f"{len(load.history)} acknowledged, {len(leaves)} leaves, {records - len(leaves)} records "
        f"that lost, {kills} kills, {len(blows) - kills} freezes"
    )
    _hold(leaves, load)
    await _index_is_the_chain(kit, leaves)
    await remember_topics(kit.address, await kit.pool(SEQUENCER))
    await assert_whole(kit.dsn(), load.history, in_kafka(kit.address))


async def _all_have_leaves(kit: KafkaKit, load: _Load) -> None:
    async def so() -> bool:
        return await kit.execute("SELECT count(*) FROM log.submission") == [(len(load.bodies),)]

    await until(so, "a leaf for each body")


async def _somebody_lost(kit: KafkaKit, load: _Load) -> None:
    """Or they did not write at once: then they go on until they have."""

    async def so() -> bool:
        records, leaves = await _topic(kit)
        if records == len(leaves):
            await load.run(_TICK)
        return records > len(leaves)

    await until(so, "a round that lost")


def _said(rivals: Sequence[Child]) -> str:
    return "\n".join(rival.log.read_text() for rival in rivals)


async def _topic(kit: KafkaKit) -> tuple[int, list[Placed]]:
    """How many records lie in the leaves' topic, and those that are leaves."""
    return await asyncio.to_thread(_walk, kit.address)


def _walk(address: KafkaAddress) -> tuple[int, list[Placed]]:
    consumer, at = address.consumer(), address.leaves_partition
    consumer.assign([at])
    consumer.seek(at, 0)
    (end,) = consumer.end_offsets([at]).values()
    chain, leaves = Chain(), list[Placed]()
    while chain.end.next_offset < end:
        for records in consumer.poll(500).values():
            leaves += chain.follow((one.offset, placed_leaf(one)) for one in records)
    consumer.close()
    return end, leaves


def _hold(leaves: Sequence[Placed], load: _Load) -> None:
    """One leaf for each body and for nothing else, in the order of each partition."""
    said = [decode_leaf(placed.record.leaf) for placed in leaves]
    found = Counter((one.emitter, one.submission, bytes.fromhex(one.body_sha256)) for one in said)
    assert found == Counter(load.bodies)
    places = [placed.record.place for placed in leaves]
    for partition in {place.partition for place in places}:
        offsets = [place.offset for place in places if place.partition == partition]
        assert offsets == sorted(set(offsets))
    following = 0
    for leaf in said:
        assert leaf.first_event == (following if leaf.outcome is LeafOutcome.COUNTED else None)
        following += leaf.events if leaf.first_event is not None else 0


async def _index_is_the_chain(kit: KafkaKit, leaves: Sequence[Placed]) -> None:
    assert await _rows(kit, "leaf_place") == [
        (
            one.record.index,
            one.offset,
            one.hash,
            one.record.place.partition,
            one.record.place.offset,
        )
        for one in leaves
    ]
    assert await _rows(kit, "submission") == [
        _indexed(placed, decode_leaf(placed.record.leaf)) for placed in leaves
    ]


def _indexed(placed: Placed, leaf: Leaf) -> tuple[Any, ...]:
    digest = bytes.fromhex(leaf.body_sha256)
    return leaf.emitter, leaf.submission, digest, placed.record.index, leaf.outcome.value


async def _rows(kit: KafkaKit, table: str) -> list[tuple[Any, ...]]:
    return list(map(tuple, await kit.execute(f"SELECT * FROM log.{table} ORDER BY leaf_index")))
