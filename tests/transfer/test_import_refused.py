"""What an import does not touch: other topics, other indexes, files that are damaged."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from kafka import TopicPartition

from deploy.embedded.postgres import EmbeddedPostgres
from events.errors import Fatal
from events.log.kafka.client import KafkaAddress
from events.log.kafka.producer import Outgoing
from services.transfer.format import IntakeLine, LeafLine
from services.transfer.groups import groups
from services.transfer.importing import import_log
from tests.log.kits import KafkaKit, postgres_kit
from tests.log.writing import arrival
from tests.transfer.carrying import execute, imported, lying, promised, unheard
from tests.transfer.making import laid_down, lines_in, lines_of, read, sealed

LINES = lines_of(laid_down())
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


async def _refused(kit: KafkaKit, why: str, data: bytes = FILE) -> None:
    """Nothing is appended."""
    before = await lying(kit.address)
    with pytest.raises(Fatal, match=why):
        await imported(kit, data)
    assert await lying(kit.address) == before


@pytest.mark.parametrize("field", ["value", "key", "headers", "header order"])
async def test_topics_that_hold_another_record(kit: KafkaKit, field: str) -> None:
    full = next(number for number, count in enumerate(LINES[0].intake) if count)  # type: ignore[union-attr]
    partition = kit.address.intake_partitions[full]
    right = _first(kit.address, partition)
    wrong = {
        "value": replace(right, value=right.value + b" "),
        "key": replace(right, key=b"other"),
        "headers": replace(right, headers=[*right.headers[:-1], ("token", b"other")]),
        "header order": replace(right, headers=right.headers[::-1]),
    }
    await _append(kit.address, wrong[field])
    with pytest.raises(Fatal, match=f"offset 0 of .*intake partition {full} holds another"):
        await imported(kit, FILE)


async def test_a_leaf_that_is_another(kit: KafkaKit) -> None:
    partition = kit.address.leaves_partition
    await _append(kit.address, replace(_first(kit.address, partition), value=b"{}"))
    await _refused(kit, "offset 0 of .*leaves partition 0 holds another record")


async def test_topics_that_hold_more(kit: KafkaKit) -> None:
    empty = LINES[0].intake.index(0)  # type: ignore[union-attr]
    partition = kit.address.intake_partitions[empty]
    await _append(kit.address, Outgoing(partition, b"[]", [], b"somebody"))
    await _refused(kit, f"intake partition {empty} holds 1 records, the export 0")


async def test_topics_on_which_the_registry_was_started(kit: KafkaKit) -> None:
    await imported(kit, FILE)
    await kit.log.tail()
    await kit.intake.append(arrival("alpha", "new"))
    await _refused(kit, "the registry was started on them already")


async def test_topics_that_are_not_there(
    postgres: EmbeddedPostgres, kafka: str, topics: str
) -> None:
    async with postgres_kit(postgres) as kit:
        address = KafkaAddress(kafka, topics)
        with pytest.raises(Fatal, match="is missing: run `sijill topics apply`"):
            await import_log(address, kit.dsn(), lines_in(FILE), unheard)


async def test_a_database_that_holds_a_log(postgres: EmbeddedPostgres, kit: KafkaKit) -> None:
    async with postgres_kit(postgres) as other:
        await other.intake.append(arrival("alpha"))
        with pytest.raises(Fatal, match=r"log\.intake of this database holds a log of its own"):
            await import_log(kit.address, other.dsn(), lines_in(FILE), unheard)


async def test_an_index_that_leads(kit: KafkaKit) -> None:
    await execute(kit.dsn(), "INSERT INTO log.leaf_place VALUES (0, 0, '\\x00', 0, 0)")
    await _refused(kit, "the index holds leaf 0, the leaves topic ends before offset 0")


async def test_an_index_of_another_log(kit: KafkaKit) -> None:
    await imported(kit, FILE)
    await execute(kit.dsn(), "INSERT INTO log.leaf_place VALUES (2, 2, '\\x00', 0, 0)")
    await _refused(kit, "the index holds another leaf 2 than the export")


async def test_an_index_of_topics_that_were_made_anew(kit: KafkaKit) -> None:
    name = kit.address.leaves
    await execute(kit.dsn(), f"INSERT INTO log.topic VALUES ('{name}', 'another', 1)")
    await _refused(kit, "was deleted and made anew")


async def test_a_file_that_is_no_export(kit: KafkaKit) -> None:
    await _refused(kit, "test, line 1", b"no export\n")
    await _refused(kit, "test, line 1", b"")


@pytest.mark.parametrize("left", range(1, len(LINES)))
async def test_a_cut_file_is_a_beginning_that_the_whole_one_ends(kit: KafkaKit, left: int) -> None:
    with pytest.raises(Fatal, match="the file was cut"):
        await imported(kit, b"".join(sealed(LINES[:left])))
    everything = promised(kit.address, LINES)
    assert [one for one in await lying(kit.address) if one not in everything] == []
    await imported(kit, FILE)
    assert await lying(kit.address) == everything


async def test_a_changed_line_never_reaches_the_topics(kit: KafkaKit) -> None:
    damaged = bytearray(FILE)
    damaged[FILE.index(b"token-waits") + 3] ^= 1
    with pytest.raises(Fatal, match="the seal does not fit"):
        await imported(kit, bytes(damaged))
    everything = promised(kit.address, LINES)
    assert [one for one in await lying(kit.address) if one not in everything] == []


async def test_another_export_does_not_go_on_with_this_one(kit: KafkaKit) -> None:
    await imported(kit, FILE)
    other = list(LINES)
    place = next(at for at, line in enumerate(other) if isinstance(line, IntakeLine))
    other[place] = msgspec.structs.replace(other[place], received="2026-03-04T12:00:01.000000Z")
    await _refused(kit, "holds another record than the export", b"".join(sealed(other)))


def test_the_lines_are_those_that_the_tests_mean() -> None:
    assert sum(isinstance(line, LeafLine) for line in LINES) == 4
    assert read(FILE) == LINES
