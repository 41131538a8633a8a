"""A broker that freezes, dies and comes back: errors of the connection, then on from there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from deploy.kafka.cluster import Cluster
from deploy.kafka.programs import Programs
from events.log.kafka import client, producer, reader, tailing
from events.log.kafka.client import KafkaAddress
from events.log.kafka.topics import TopicInspector, check_topics
from events.log.protocol import Arrival, LeafRecord, Place
from tests.fault.waiting import until
from tests.log.going_on import goes_on
from tests.log.kits import KafkaKit, kafka_kit
from tests.log.reading import read_all
from tests.log.writing import START, Writer, arrival

#: What being away looks like.
_AWAY = (ConnectionError, TimeoutError)


@pytest.fixture
async def hurt(
    tmp_path: Path,
    kafka_programs: Programs,
    postgres: EmbeddedPostgres,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[Cluster, KafkaKit]]:
    """A log on a broker of its own. Its clients give up sooner, for nobody waits behind them."""
    monkeypatch.setattr(client, "REQUEST_MS", 1_500)
    monkeypatch.setattr(client, "BOOTSTRAP_MS", 1_500)
    monkeypatch.setattr(producer, "GRACE_SECONDS", 1.0)
    for module in (reader, tailing):
        monkeypatch.setattr(module, "ANSWER_SECONDS_MAX", 1.0)
    with Cluster(tmp_path / "kafka") as cluster:
        async with kafka_kit(postgres, KafkaAddress(cluster.bootstrap, delivery_ms=2_500)) as kit:
            yield cluster, kit


async def test_a_broker_that_is_away_is_waited_for_and_nothing_told_is_lost(
    hurt: tuple[Cluster, KafkaKit],
) -> None:
    """Every side goes on with the clients that it has, whether it was asked meanwhile or not."""
    cluster, kit = hurt
    inspector = TopicInspector(kit.address)
    await inspector.check()
    kept = [await _keep(kit) for _ in range(3)]
    written = [await goes_on(kit, kit.log) for _ in range(3)]

    cluster.freeze(1)
    unknown = await _is_away(kit, inspector, written[-1])
    cluster.thaw(1)
    unknown += await _is_back(kit, kept, written)
    await inspector.check()

    cluster.kill(1)
    unknown += await _is_away(kit, inspector, written[-1])
    cluster.launch(1)
    await asyncio.to_thread(cluster.wait, 1)
    unknown += await _is_back(kit, kept, written)
    await inspector.check()
    await inspector.close()
    await check_topics(kit.address)
    # What nobody was told of may be there, once for each try, and nothing else.
    names = {record.submission for record in await read_all(kit)}
    assert {sent.submission for sent, _ in kept} <= names
    said = {sent.submission for sent, _ in kept} | {one.submission for one in unknown}
    assert len(names - said) == len(written)


async def _keep(kit: KafkaKit) -> tuple[Arrival, Place]:
    sent = arrival("kept")
    return sent, await kit.intake.append(sent)


async def _is_away(kit: KafkaKit, inspector: TopicInspector, last: LeafRecord) -> list[Arrival]:
    """Every side says so in its time; what was sent, its outcome unknown."""
    lost = [arrival("unknown") for _ in range(20)]
    round_ = Writer.behind(last).round([(Place(0, 0), lost[0])])
    sent = await asyncio.gather(
        kit.log.commit(round_), *map(kit.intake.append, lost), return_exceptions=True
    )
    assert {type(one) for one in sent} == {ConnectionError}
    asked = await asyncio.gather(
        kit.log.tail(),
        kit.leaves.bodies([Place(11, 0)]),
        inspector.check(),
        return_exceptions=True,
    )
    assert [isinstance(one, _AWAY) for one in asked] == [True] * 3, asked
    return lost


async def _is_back(
    kit: KafkaKit, kept: list[tuple[Arrival, Place]], written: list[LeafRecord]
) -> list[Arrival]:
    """Every side answers again, and what was told still stands; what was sent to find out."""
    tried = list[Arrival]()

    async def append() -> None:
        tried.append(arrival("unknown"))
        await kit.intake.append(tried[-1])

    asked: list[Callable[[], Awaitable[object]]] = [
        lambda: kit.log.tail(),
        lambda: kit.log.intake(START, 10),
        lambda: kit.leaves.tail(),
        lambda: kit.intake.tail(),
        append,
    ]
    for ask in asked:

        async def answers(ask: Callable[[], Awaitable[object]] = ask) -> bool:
            try:
                await ask()
            except _AWAY:
                return False
            return True

        await until(answers, "an answer of the broker that is back")

    async def freed() -> bool:
        return kit.intake.waiting_bytes == 0

    await until(freed, "bytes that nobody waits for any more given up")
    kept.append(await _keep(kit))
    written.append(await goes_on(kit, kit.log))
    for side in (kit.leaves, kit.intake, kit.log):
        standing = await side.leaves(0, 100)
        assert [leaf for leaf in standing if leaf in written] == written
        assert [leaf.index for leaf in standing] == list(range(len(standing)))
    assert await kit.leaves.bodies([place for _, place in kept]) == [one.body for one, _ in kept]
    return tried
