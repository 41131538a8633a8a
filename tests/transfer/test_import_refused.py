"""What an import does not touch: other topics, other indexes, files that are damaged."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import pytest
from kafka import TopicPartition

from deploy.embedded.postgres import EmbeddedPostgres
from events.errors import Fatal
from events.log.kafka.client import KafkaAddress
from events.log.kafka.producer import Outgoing
from services.transfer.format import HeadLine, IntakeLine
from services.transfer.groups import groups, is_same
from services.transfer.importing import import_log
from tests.log.kits import postgres_kit
from tests.log.writing import arrival
from tests.transfer.carrying import Target, execute, imported, lying, promised, unheard
from tests.transfer.making import laid_down, lines_in, lines_of, sealed

LINES = lines_of(laid_down())
HEAD = next(line for line in LINES if isinstance(line, HeadLine))
FILE = b"".join(sealed(LINES))


async def _append(address: KafkaAddress, one: Outgoing) -> None:
    """Write a record past everybody."""

    def write() -> None:
        producer = address.producer()
        at = one.partition
        producer.send(at.topic, one.value, one.key, one.headers, at.partition).get(timeout=30)
        producer.close()

    await asyncio.to_thread(write)


def _first(address: KafkaAddress, partition: TopicPartition) -> Outgoing:
    """What belongs at the start of a partition."""
    return next(one.records[0] for one in groups(LINES, address) if one.partition == partition)


async def _refused(target: Target, why: str, data: bytes = FILE) -> None:
    """Nothing is appended."""
    before = await lying(target.address)
    with pytest.raises(Fatal, match=why):
        await imported(target, data)
    assert await lying(target.address) == before


async def test_topics_that_hold_another_record(target: Target) -> None:
    full = next(number for number, count in enumerate(HEAD.intake) if count)
    right = _first(target.address, target.address.intake_partitions[full])
    await _append(target.address, replace(right, headers=right.headers[::-1]))
    with pytest.raises(Fatal, match=f"offset 0 of .*intake partition {full} holds another"):
        await imported(target, FILE)


def test_a_record_is_the_same_only_to_the_byte() -> None:
    wanted = Outgoing(TopicPartition("t", 0), b"[]", [("a", b"1"), ("b", b"2")], b"alpha")
    lying = SimpleNamespace(value=b"[]", headers=(("a", b"1"), ("b", b"2")), key=b"alpha")
    assert is_same(lying, wanted)
    others = (
        {"value": b"[] "},
        {"value": None},
        {"key": b"beta"},
        {"key": None},
        {"headers": (("b", b"2"), ("a", b"1"))},
        {"headers": (("a", b"1"),)},
        {"headers": (("a", b"1"), ("b", b"2"), ("c", b""))},
    )
    for other in others:
        assert not is_same(SimpleNamespace(**{**vars(lying), **other}), wanted)


async def test_a_leaf_that_is_another(target: Target) -> None:
    partition = target.address.leaves_partition
    await _append(target.address, replace(_first(target.address, partition), value=b"{}"))
    await _refused(target, "offset 0 of .*leaves partition 0 holds another record")


async def test_topics_that_hold_more(target: Target) -> None:
    empty = HEAD.intake.index(0)
    partition = target.address.intake_partitions[empty]
    await _append(target.address, Outgoing(partition, b"[]", [], b"somebody"))
    await _refused(target, f"intake partition {empty} holds 1 records, the export 0")


async def test_topics_that_are_not_there(target: Target) -> None:
    elsewhere = replace(target.address, prefix=f"{target.address.prefix}-missing")
    with pytest.raises(Fatal, match="is missing: run `sijill topics apply`"):
        await import_log(elsewhere, target.dsn(), lines_in(FILE), unheard)


async def test_a_database_that_holds_a_log(postgres: EmbeddedPostgres, target: Target) -> None:
    async with postgres_kit(postgres) as other:
        await other.intake.append(arrival("alpha"))
        with pytest.raises(Fatal, match=r"log\.intake of this database holds a log of its own"):
            await import_log(target.address, other.dsn(), lines_in(FILE), unheard)


async def test_an_index_that_leads(target: Target) -> None:
    await execute(target.dsn(), "INSERT INTO log.leaf_place VALUES (0, 0, '\\x00', 0, 0)")
    await _refused(target, "the index holds leaf 0, the leaves topic ends before offset 0")


async def test_an_index_of_another_log(target: Target) -> None:
    await imported(target, FILE)
    await execute(target.dsn(), "INSERT INTO log.leaf_place VALUES (2, 2, '\\x00', 0, 0)")
    await _refused(target, "the index holds another leaf 2 than the export")


async def test_an_index_of_topics_that_were_made_anew(target: Target) -> None:
    name = target.address.leaves
    await execute(target.dsn(), f"INSERT INTO log.topic VALUES ('{name}', 'another', 1)")
    await _refused(target, "was deleted and made anew")


async def test_a_file_that_is_no_export(target: Target) -> None:
    await _refused(target, "test, line 1", b"no export\n")
    await _refused(target, "test, line 1", b"")


async def test_a_cut_file_is_a_beginning_that_longer_ones_go_on_with(target: Target) -> None:
    everything = promised(target.address, LINES)
    for left in range(1, len(LINES), 2):
        with pytest.raises(Fatal, match="the file was cut"):
            await imported(target, b"".join(sealed(LINES[:left])))
        assert [one for one in await lying(target.address) if one not in everything] == []
    await imported(target, FILE)
    assert await lying(target.address) == everything


async def test_a_changed_line_never_reaches_the_topics(target: Target) -> None:
    damaged = bytearray(FILE)
    damaged[FILE.index(b"token-waits") + 3] ^= 1
    with pytest.raises(Fatal, match="the seal does not fit"):
        await imported(target, bytes(damaged))
    everything = promised(target.address, LINES)
    assert [one for one in await lying(target.address) if one not in everything] == []


async def test_another_export_does_not_go_on_with_this_one(target: Target) -> None:
    await imported(target, FILE)
    other = list(LINES)
    place = next(at for at, line in enumerate(other) if isinstance(line, IntakeLine))
    other[place] = msgspec.structs.replace(other[place], received="2026-03-04T12:00:01.000000Z")
    await _refused(target, "holds another record than the export", b"".join(sealed(other)))
