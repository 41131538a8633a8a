"""Rounds on their way to the topic: what the broker never got, got late, or got in part."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from events.log.kafka.producer import Outgoing, Producer
from events.log.kafka.sequencer import KafkaSequencerLog
from events.log.protocol import LeafRecord, Round
from tests.fault.waiting import until
from tests.log.kits import KafkaKit
from tests.log.raw import put, raw_leaf
from tests.log.writing import Writer, arrival

_Sent = asyncio.Future[list[int]]
_Send = Callable[[Sequence[Outgoing]], _Sent]


class _Network:
    """Between a writer and the broker: each group goes through, or is kept until told."""

    def __init__(self, log: KafkaSequencerLog, patch: pytest.MonkeyPatch) -> None:
        self._producer: Producer = log._producer
        self._send: _Send = self._producer.send
        self._plan: list[str] = []
        self.kept: list[tuple[Sequence[Outgoing], _Sent]] = []
        patch.setattr(self._producer, "send", self._sent)

    def plan(self, *steps: str) -> None:
        """For the next groups: `pass`, or `keep`."""
        self._plan = list(steps)

    def _sent(self, records: Sequence[Outgoing]) -> _Sent:
        if not self._plan or self._plan.pop(0) == "pass":
            return self._send(records)
        future: _Sent = asyncio.get_running_loop().create_future()
        self.kept.append((records, future))
        return future

    async def keeps(self, number: int) -> None:
        """Return once so many groups are kept."""

        async def so() -> bool:
            return len(self.kept) >= number

        await until(so, f"{number} groups on their way")

    def lose(self, number: int) -> None:
        """The broker never got it, and its sender never hears."""
        self.kept[number][1].set_exception(ConnectionError("not confirmed"))

    async def deliver(self, number: int, records: int = 1_000) -> None:
        """Now it arrives, or its first records do; its sender hears of what arrived."""
        group, future = self.kept[number]
        offsets = await self._send(group[:records])
        if records >= len(group) and not future.done():
            future.set_result(offsets)


@pytest.fixture
async def network(on_kafka: KafkaKit, monkeypatch: pytest.MonkeyPatch) -> _Network:
    """Around the kit's writer, who has read the tail."""
    await on_kafka.log.tail()
    return _Network(on_kafka.log, monkeypatch)


async def _rounds(kit: KafkaKit, writer: Writer, *sizes: int) -> list[Round]:
    made = []
    for size in sizes:
        sent = [arrival("alpha") for _ in range(size)]
        made.append(writer.round([(await kit.intake.append(one), one) for one in sent]))
    return made


def _given(kit: KafkaKit, rounds: Sequence[Round]) -> list[asyncio.Task[bool]]:
    return [asyncio.create_task(kit.log.commit(one)) for one in rounds]


async def _in_topic(kit: KafkaKit) -> int:
    consumer = kit.address.consumer()
    ends = await asyncio.to_thread(consumer.end_offsets, [kit.address.leaves_partition])
    consumer.close()
    return int(ends[kit.address.leaves_partition])


async def _lie_there(kit: KafkaKit, number: int) -> None:
    async def so() -> bool:
        return await _in_topic(kit) >= number

    await until(so, f"{number} records of the leaves' topic")


async def _stand(kit: KafkaKit, leaves: Sequence[LeafRecord]) -> None:
    """These and no others, for everybody."""
    assert await kit.log.tail() == (leaves[-1] if leaves else None)
    assert await kit.leaves.leaves(0, 100) == list(leaves)
    assert await kit.execute("SELECT count(*) FROM log.submission") == [(len(leaves),)]


async def test_behind_a_round_that_never_arrived_nothing_wins(
    on_kafka: KafkaKit, network: _Network
) -> None:
    """What was sent after it lies right behind the end that was known, and is no leaf."""
    kit, writer = on_kafka, Writer()
    (begun,) = await _rounds(kit, writer, 2)
    assert await kit.log.commit(begun)
    honest = writer.twin()
    network.plan("keep", "pass", "pass")
    tasks = _given(kit, await _rounds(kit, writer, 1, 2, 1))
    await _lie_there(kit, 5)
    network.lose(0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert True not in outcomes
    await _stand(kit, begun.leaves)
    (again,) = await _rounds(kit, honest, 1)
    assert await kit.log.commit(again)
    await _stand(kit, [*begun.leaves, *again.leaves])


async def test_a_writer_that_asks_again_too_early_is_not_told_a_win_either(
    on_kafka: KafkaKit, network: _Network
) -> None:
    """The end of the topic was read anew before the second round arrived, right behind it."""
    kit, writer = on_kafka, Writer()
    (begun,) = await _rounds(kit, writer, 1)
    assert await kit.log.commit(begun)
    network.plan("keep", "keep")
    first, second, third = await _rounds(kit, writer, 1, 2, 1)
    tasks = _given(kit, [first, second])
    await network.keeps(2)
    network.lose(0)
    with pytest.raises(ConnectionError):
        await tasks[0]
    assert not await kit.log.commit(third)
    await network.deliver(1)
    assert await asyncio.gather(tasks[1], return_exceptions=True) != [True]
    await _stand(kit, begun.leaves)


async def test_what_arrives_after_it_was_given_up_stands_and_is_found(
    on_kafka: KafkaKit, network: _Network
) -> None:
    kit, writer = on_kafka, Writer()
    network.plan("keep")
    late, over = await _rounds(kit, writer, 2), await _rounds(kit, Writer(), 3)
    (task,) = _given(kit, late)
    await network.keeps(1)
    task.cancel()
    assert isinstance(
        (await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError
    )
    # The tail is read, nothing stands; then it arrives before what was judged meanwhile.
    assert await kit.log.tail() is None
    await network.deliver(0)
    assert not await kit.log.commit(over[0])
    await _stand(kit, late[0].leaves)
    (behind,) = await _rounds(kit, writer, 1)
    assert await kit.log.commit(behind)


async def test_half_a_round_stands_as_far_as_it_arrived(
    on_kafka: KafkaKit, network: _Network
) -> None:
    """Its other half can never come to stand behind another's leaf."""
    kit, writer = on_kafka, Writer()
    network.plan("keep")
    rounds = await _rounds(kit, writer, 4, 1)
    tasks = _given(kit, rounds[:1])
    await network.keeps(1)
    await network.deliver(0, records=2)
    network.lose(0)
    assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [
        ConnectionError
    ]
    half = rounds[0].leaves[:2]
    await _stand(kit, half)
    (behind,) = await _rounds(kit, Writer.behind(half[-1]), 1)
    assert await kit.log.commit(behind)
    at = kit.address.leaves_partition
    await put(kit.address, at, [raw_leaf(one) for one in rounds[0].leaves[2:]])
    await _stand(kit, [*half, *behind.leaves])
