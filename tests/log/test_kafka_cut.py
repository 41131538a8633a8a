"""Topics that lost records: nobody reads on as if nothing had happened."""

import pytest

from events.errors import Fatal
from events.log.kafka import tailing
from events.log.protocol import Positions, Round
from tests.log.kits import KafkaKit
from tests.log.remaking import cut, remake
from tests.log.writing import START, Writer, arrival


@pytest.fixture(autouse=True)
def certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one broker of these tests is nobody's former leader."""
    monkeypatch.setattr(tailing, "STALE_SECONDS", 0.0)


async def _round(kit: KafkaKit, writer: Writer, size: int) -> Round:
    sent = [arrival("alpha") for _ in range(size)]
    return writer.round([(await kit.intake.append(one), one) for one in sent])


def _moved(partition: int, offset: int) -> Positions:
    return (*START[:partition], offset, *START[partition + 1 :])


async def test_positions_that_the_intake_does_not_reach_stop_the_sequencer(
    on_kafka: KafkaKit,
) -> None:
    kit = on_kafka
    place = [await kit.intake.append(arrival("alpha")) for _ in range(5)][-1]
    home, end = place.partition, place.offset + 1
    assert await kit.log.intake(_moved(home, end), 10) == []
    for beyond in (end + 1, end + 1_000):
        with pytest.raises(Fatal, match="was cut"):
            await kit.log.intake(_moved(home, beyond), 10)
    # An alarm is not the end: with positions that fit it goes on.
    assert len(await kit.log.intake(_moved(home, 1), 10)) == 4
    await cut(kit.address, kit.address.intake_partitions[home], 3)
    another = await kit.another_log()
    with pytest.raises(Fatal, match="was cut"):
        await another.intake(_moved(home, 2), 10)
    assert len(await another.intake(_moved(home, 3), 10)) == 2


async def test_leaves_that_are_gone_stop_whoever_has_to_read_them(on_kafka: KafkaKit) -> None:
    kit, writer = on_kafka, Writer()
    assert await kit.log.commit(await _round(kit, writer, 4))
    assert await kit.log.commit(await _round(kit, writer, 1))
    await cut(kit.address, kit.address.leaves_partition, 2)
    # The end of the chain still stands, and the index knows it.
    assert (await (await kit.another_log()).tail()) == await kit.leaves.tail()
    with pytest.raises(Fatal, match="leaf 0 does not lie"):
        await kit.leaves.leaves(0, 10)
    await kit.forget_index()
    with pytest.raises(Fatal, match="begins behind offset 0: it was cut"):
        await (await kit.another_log()).tail()


async def test_a_topic_that_is_shorter_than_it_was_stops_writers_and_standbys(
    on_kafka: KafkaKit,
) -> None:
    kit, writer = on_kafka, Writer()
    standby = await kit.another_log()
    assert await kit.log.commit(await _round(kit, writer, 3))
    await standby.follow()
    await remake(kit.address)
    with pytest.raises(
        Fatal, match=r"leaves ends at offset 0, and 3 was reached before: it was cut"
    ):
        await standby.follow()
    for side in (kit.log, await kit.another_log(), kit.leaves):
        with pytest.raises(Fatal, match="leaf 2 does not lie"):
            await side.tail()
