"""What nobody of the registry wrote into the topics changes nothing, and stops nobody."""

import asyncio
from dataclasses import replace

from events.leaf import NO_LEAF_HASH, decode_leaf
from events.log.intake import partition_of
from events.log.kafka.records import FORMAT, leaf_headers
from events.log.kafka.topics import remember_topics
from events.log.protocol import Arrival, LeafRecord, Round
from migrations.roles import SEQUENCER
from services.checker.kafka.source import in_kafka
from tests.fault.checking import assert_whole
from tests.log.kits import KafkaKit
from tests.log.raw import Raw, put, raw_arrival, raw_leaf
from tests.log.reading import read_all
from tests.log.registry import Registry, finish, new_platform
from tests.log.writing import PARTITIONS, Writer, arrival


async def _round(kit: KafkaKit, writer: Writer, size: int) -> Round:
    sent = [arrival("alpha") for _ in range(size)]
    return writer.round([(await kit.intake.append(one), one) for one in sent])


def _strangers(first: LeafRecord, following: LeafRecord) -> list[Raw]:
    """Nothing of this is a leaf behind the one before `following`, which is the next that is."""
    return [
        Raw(b"junk", []),
        Raw(following.leaf, []),
        Raw(b"", [("format", FORMAT)]),
        Raw(None, leaf_headers(following)),
        raw_leaf(following, format=b"2"),
        raw_leaf(following, previous=NO_LEAF_HASH),
        raw_leaf(following, index=b"%d" % (following.index + 1)),
        raw_leaf(following, positions=b"none"),
        raw_leaf(following, positions=b""),
        raw_leaf(following, body=b"0"),
        Raw(following.leaf, [*leaf_headers(following), ("index", b"0")]),
        raw_leaf(first),
        raw_leaf(replace(first, index=following.index)),
    ]


async def test_strangers_among_the_leaves_are_ignored_by_all_and_stop_nobody(
    on_kafka: KafkaKit,
) -> None:
    kit, writer = on_kafka, Writer()
    at = kit.address.leaves_partition
    begun = await _round(kit, writer, 2)
    following = await _round(kit, writer, 1)
    strangers = _strangers(begun.leaves[0], following.leaves[0])
    await put(kit.address, at, strangers[:6])
    assert await kit.log.commit(begun)
    # The writer knows nothing of these, and finds that its round stands all the same.
    await put(kit.address, at, strangers)
    assert await kit.log.commit(following)
    rounds = [await _round(kit, writer, size) for size in (1, 3, 2)]
    await put(kit.address, at, strangers)
    assert await asyncio.gather(*map(kit.log.commit, rounds)) == [True] * 3
    written = [leaf for one in (begun, following, *rounds) for leaf in one.leaves]
    assert await kit.log.tail() == written[-1]
    assert await kit.leaves.leaves(0, 100) == written
    assert await (await kit.another_log()).tail() == written[-1]
    assert await kit.log.commit(await _round(kit, writer, 1))


async def test_a_stranger_that_continues_the_chain_is_a_leaf_and_the_writer_loses(
    on_kafka: KafkaKit,
) -> None:
    """Who writes it makes no difference: here one that was thought dead."""
    kit, writer = on_kafka, Writer()
    assert await kit.log.commit(await _round(kit, writer, 1))
    dead = await _round(kit, writer.twin(), 2)
    await put(kit.address, kit.address.leaves_partition, [raw_leaf(one) for one in dead.leaves])
    assert not await kit.log.commit(await _round(kit, writer, 3))
    assert await kit.log.tail() == dead.leaves[-1]
    ids = [(one.emitter, one.submission) for one in dead.indexed]
    assert [one.submission for one in await kit.leaves.look_up(ids)] == [one for _, one in ids]


async def test_strangers_in_the_intake_keep_their_places_and_get_no_leaf(
    on_kafka: KafkaKit,
) -> None:
    """They lie before, between and behind arrivals; the first leaf is the establishment's."""
    kit, registry = on_kafka, Registry(on_kafka.intake)
    alpha, beta = new_platform("alpha"), new_platform("beta")
    await _put_strangers(kit, registry, alpha.emitter)
    sequencer = await registry.establish(kit.log, alpha, beta)
    good = [registry.said(alpha), registry.said(beta), registry.said(alpha)]
    for one in good:
        await registry.append(one)
        await _put_strangers(kit, registry, one.emitter)
    await finish(sequencer)
    standing = await kit.leaves.leaves(0, 100)
    said = [decode_leaf(record.leaf) for record in standing]
    assert sorted((leaf.emitter, leaf.submission) for leaf in said[2:]) == sorted(
        (one.emitter, one.submission) for one in good
    )
    records = await read_all(kit)
    assert sum(record.is_foreign for record in records) == 4 * 10
    assert len(records) == 4 * 10 + len(said)
    # Nothing waits: the sequencer has seen them all, as one that starts anew does.
    assert await sequencer.commit_round() == 0
    await finish(registry.sequencer(await kit.another_log()))
    assert await kit.leaves.leaves(0, 100) == standing
    await remember_topics(kit.address, await kit.pool(SEQUENCER))
    await assert_whole(kit.dsn(), log=in_kafka(kit.address))


async def _put_strangers(kit: KafkaKit, registry: Registry, emitter: str) -> None:
    stranger = registry.said(new_platform(emitter))
    home = kit.address.intake_partitions[partition_of(emitter, PARTITIONS)]
    await put(kit.address, home, _no_arrivals(stranger))


def _no_arrivals(stranger: Arrival) -> list[Raw]:
    headers = raw_arrival(stranger).headers
    return [
        Raw(b"junk", []),
        Raw(None, headers, stranger.emitter.encode()),
        Raw(stranger.body, headers, b"\xff"),
        Raw(stranger.body, [*headers, headers[0]], stranger.emitter.encode()),
        raw_arrival(stranger, format=b"2"),
        raw_arrival(stranger, submission=b"zero\0byte"),
        raw_arrival(stranger, sha256=b""),
        raw_arrival(stranger, events=b"0"),
        raw_arrival(stranger, received=b"yesterday"),
        raw_arrival(stranger, token=b"t" * 2_000),
    ]
