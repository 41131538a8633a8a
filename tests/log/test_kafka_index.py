"""The index on Kafka: derived from the topic, written after it, never ahead of it, never torn."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from events.errors import Fatal
from events.leaf import leaf_hash
from events.log.kafka import sequencer as module
from events.log.kafka.chain import ChainEnd
from events.log.kafka.places import IndexMoved, IndexWriter
from events.log.kafka.records import Placed
from events.log.protocol import LeafRecord, Place, Round
from migrations.roles import SEQUENCER
from services.sequencer.sequencer import Sequencer
from tests.log.kits import DERIVED, KafkaKit
from tests.log.registry import Registry, finish, new_platform, public
from tests.log.writing import Writer, arrival


async def _index(kit: KafkaKit) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the index."""
    rows = {table: await kit.execute(f"SELECT * FROM log.{table}") for table in DERIVED}
    return {table: sorted(map(tuple, found), key=repr) for table, found in rows.items()}


async def _written(kit: KafkaKit) -> Sequencer:
    """A log with acts of every kind: twelve leaves, three outcomes, more than one round."""
    registry, alpha = Registry(kit.intake), new_platform("alpha")
    sequencer = await registry.establish(kit.log, alpha)
    passing = new_platform("alpha")
    said = [
        registry.said(alpha, submission="one"),
        registry.said(alpha, submission="one"),
        registry.act("key.added", {"emitter": "alpha", "key": public(passing)}),
        registry.said(passing),
        registry.act("platform.renamed", {"emitter": "alpha", "name": "Renamed"}),
        registry.act("submission.quarantined", {"leaf_index": 3, "reason_code": "unreadable"}),
        registry.act(
            "key.revoked", {"emitter": "alpha", "kid": passing.key.kid, "reason_code": "lost"}
        ),
        registry.said(passing),
        registry.registered(new_platform("beta"), new_platform("gamma")),
        registry.said(alpha),
    ]
    for one in said:
        await registry.append(one)
        await finish(sequencer)
    return sequencer


async def test_leaves_that_the_index_lacks_are_applied_at_the_next_start(
    on_kafka: KafkaKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One, several, all of them; at once or in parts; with all that their acts changed."""
    kit = on_kafka
    await _written(kit)
    whole, standing = await _index(kit), await kit.leaves.leaves(0, 100)
    assert len(standing) == 12
    assert {row[-1] for row in whole["submission"]} == {"counted", "conflict", "key-revoked"}
    assert len(whole["quarantine"]) == 1
    for first, at_once in ((11, 5_000), (8, 5_000), (5, 2), (0, 5_000), (0, 1)):
        monkeypatch.setattr(module, "_CATCH_UP_LEAVES", at_once)
        await kit.forget_index(first)
        starting = await kit.another_log()
        assert await starting.tail() == standing[-1]
        assert await _index(kit) == whole
    assert await kit.leaves.leaves(0, 100) == standing


async def test_a_crash_between_topic_and_index_costs_nothing_that_was_promised(
    on_kafka: KafkaKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit, writer = on_kafka, Writer()
    rounds = [writer.round(await _sent(kit, size)) for size in (1, 2, 1)]
    assert await kit.log.commit(rounds[0])
    before = await _index(kit)

    async def dies(self: IndexWriter, together: object) -> None:
        raise ConnectionResetError("the process is gone")

    with monkeypatch.context() as patch:
        patch.setattr(IndexWriter, "_write", dies)
        outcomes = await asyncio.gather(*map(kit.log.commit, rounds[1:]), return_exceptions=True)
    assert [isinstance(one, ConnectionError) for one in outcomes] == [True, True]
    # Nobody was told, and nobody can see it.
    assert await _index(kit) == before
    assert await kit.leaves.tail() == rounds[0].leaves[-1]
    successor = await kit.another_log()
    assert await successor.tail() == rounds[2].leaves[-1]
    ids = [(one.emitter, one.submission) for round_ in rounds for one in round_.indexed]
    assert len(await kit.intake.look_up(ids)) == 4
    assert await kit.log.tail() == rounds[2].leaves[-1]


async def _sent(kit: KafkaKit, size: int) -> list[tuple[Place, Any]]:
    made = [arrival("alpha") for _ in range(size)]
    return [(await kit.intake.append(one), one) for one in made]


async def test_two_that_bring_the_index_up_at_once_do_not_hinder_each_other(
    on_kafka: KafkaKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = on_kafka
    await _written(kit)
    whole, standing = await _index(kit), await kit.leaves.leaves(0, 100)
    logs = [kit.log, *[await kit.another_log() for _ in range(2)]]
    for first, at_once in ((0, 5_000), (2, 1)):
        monkeypatch.setattr(module, "_CATCH_UP_LEAVES", at_once)
        await kit.forget_index(first)
        assert await asyncio.gather(*(log.tail() for log in logs)) == [standing[-1]] * 3
        assert await _index(kit) == whole


async def test_a_rival_that_applies_a_round_before_its_writer_does_takes_nothing_from_it(
    on_kafka: KafkaKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saw the beginning of the round in the topic, or the whole."""
    kit, writer = on_kafka, Writer()
    rival = IndexWriter(await kit.pool(SEQUENCER))
    apply, early = IndexWriter.apply, dict[int, int]()

    async def overtaken(self: IndexWriter, round_: Round, placed: list[Placed]) -> None:
        if self is not rival and (size := early.pop(round_.leaves[0].index, 0)):
            await apply(
                rival, Round(round_.leaves[:size], round_.indexed[:size], (), ()), placed[:size]
            )
        await apply(self, round_, placed)

    monkeypatch.setattr(IndexWriter, "apply", overtaken)
    written = list[LeafRecord]()
    for size in (1, 2, 3):
        rounds = [writer.round(await _sent(kit, 3)) for _ in range(3)]
        early[rounds[0].leaves[0].index] = size
        outcomes = await asyncio.gather(*map(kit.log.commit, rounds), return_exceptions=True)
        assert outcomes == [True] * 3
        written += [leaf for one in rounds for leaf in one.leaves]
        assert await kit.leaves.leaves(0, 100) == written
    assert early == {}
    assert await kit.log.tail() == written[-1]


# --- an index that leads --------------------------------------------------------------------------


async def test_an_index_that_leads_the_topic_stops_everybody_and_says_why(
    on_kafka: KafkaKit,
) -> None:
    """A row too many, rows that point elsewhere: until the index is right again, which is when it
    was emptied and made anew from the topic."""
    kit, writer = on_kafka, Writer()
    assert await kit.log.commit(writer.round(await _sent(kit, 3)))
    late = writer.twin().round(await _sent(kit, 1))
    for change, told in _LEADING.items():
        await kit.execute(change)
        for asking in (kit.log.tail(), kit.leaves.tail(), kit.intake.tail(), kit.log.commit(late)):
            with pytest.raises(Fatal, match=f"{told}.*the index leads the topic"):
                await asking
        with pytest.raises(Fatal, match=told):
            await kit.leaves.leaves(0, 10)
        assert [leaf.index for leaf in await kit.leaves.leaves(0, 2)] == [0, 1]
        await kit.forget_index(0)
        assert (await kit.log.tail(), len(await kit.leaves.leaves(0, 10))) != (None, 0)
    assert await kit.log.commit(late)


#: What is done to an index of three leaves, and what is said of it.
_LEADING = {
    r"INSERT INTO log.leaf_place VALUES (3, 3, '\x00', 0, 9)": "leaf 3 does not lie at offset 3",
    r"INSERT INTO log.leaf_place VALUES (3, 2, '\x00', 0, 9)": "leaf 3 does not lie at offset 2",
    "UPDATE log.leaf_place SET leaf_offset = 0 WHERE leaf_index = 2": "leaf 2 does not lie",
    "UPDATE log.leaf_place SET leaf_offset = 99 WHERE leaf_index = 2": "leaf 2 does not lie",
    r"UPDATE log.leaf_place SET leaf_hash = '\x00' WHERE leaf_index = 2": "leaf 2 does not lie",
}


# --- the writer of the index, alone ---------------------------------------------------------------


def _placed(rounds: Iterable[Round]) -> list[list[Placed]]:
    """As if the topic held them and nothing else."""
    return [[Placed(record, 10 + record.index) for record in one.leaves] for one in rounds]


def _made(writer: Writer, *sizes: int) -> list[Round]:
    return [
        writer.round([(Place(0, index), arrival("alpha")) for index in range(size)])
        for size in sizes
    ]


def _end(last: LeafRecord) -> ChainEnd:
    return ChainEnd(last.index + 1, leaf_hash(last.leaf), last.index + 11)


async def test_the_index_never_has_a_hole(on_kafka: KafkaKit) -> None:
    kit, writer = on_kafka, Writer()
    index = IndexWriter(await kit.pool(SEQUENCER))
    rounds = _made(writer, 2, 1, 3)
    placed = _placed(rounds)
    empty = await _index(kit)
    for number in (1, 2):
        with pytest.raises(IndexMoved, match="does not end before leaf"):
            await index.apply(rounds[number], placed[number])
    assert await _index(kit) == empty
    assert await index.end() == ChainEnd()
    await index.apply(rounds[0], placed[0])
    with pytest.raises(IndexMoved, match="does not end before leaf 3"):
        await index.apply(rounds[2], placed[2])
    # What waits behind one that fails, fails with it.
    outcomes = await asyncio.gather(
        *(index.apply(rounds[number], placed[number]) for number in (2, 1, 2)),
        return_exceptions=True,
    )
    assert [type(one) for one in outcomes] == [IndexMoved] * 3
    assert await index.end() == _end(rounds[0].leaves[-1])
    await asyncio.gather(*(index.apply(rounds[n], placed[n]) for n in (1, 2)))
    assert await index.end() == _end(rounds[2].leaves[-1])


async def test_of_many_that_apply_the_same_leaves_one_does(on_kafka: KafkaKit) -> None:
    kit, writer = on_kafka, Writer()
    indexes = [IndexWriter(await kit.pool(SEQUENCER)) for _ in range(4)]
    for size in (1, 5, 2):
        rounds = _made(writer, size)
        (placed,) = _placed(rounds)
        outcomes = await asyncio.gather(
            *(one.apply(rounds[0], placed) for one in indexes), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in outcomes) == ["IndexMoved"] * 3 + ["NoneType"]
    assert len((await _index(kit))["leaf_place"]) == 8
