"""Brings an exported log into the topics of a cluster, whose index is empty or its own.

Leaves go first, then the intake. So whatever is started too early on half of it refuses: the
leaves name bodies and positions that are not there. The other way round a sequencer would find an
intake without leaves, and begin another chain.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import asyncpg

from events.errors import Fatal
from events.leaf import leaf_hash
from events.log.connections import connect_pool, fetch, log_sql
from events.log.kafka.client import KafkaAddress
from events.log.kafka.topics import check_topics
from services.transfer.export import Tell
from services.transfer.filling import Filling
from services.transfer.format import HeadLine, LeafLine, Line
from services.transfer.groups import groups
from services.transfer.topics import ClusterTopics, Ends, Topics


@dataclass(frozen=True, slots=True)
class LastIndexed:
    """The last leaf that an index holds."""

    index: int
    hash: bytes


async def import_log(
    address: KafkaAddress, dsn: str, lines: Iterator[Line], tell: Tell
) -> HeadLine:
    """Put an export into the topics; its first line.

    `dsn`: of the index, as a role that may read all of it. What lies in the topics already must be
    what the export says, so a run that was ended anywhere is gone on with by running it again.
    Raises `Fatal` if export, topics or index do not fit; ConnectionError while something is away.
    """
    indexed = await _index(address, dsn)
    async with ClusterTopics(address) as topics:
        return await fill_topics(address, topics, indexed, lines, tell)


async def fill_topics(
    address: KafkaAddress,
    topics: Topics,
    indexed: LastIndexed | None,
    lines: Iterator[Line],
    tell: Tell,
) -> HeadLine:
    """The same over topics that were opened."""
    head = next(lines)
    assert isinstance(head, HeadLine)  # Nothing else is given first.
    ends = await topics.ends()
    _refuse_more(address, ends, head)
    _refuse_leading(ends[address.leaves_partition], indexed)
    filling = Filling(topics, ends, lambda done: tell(done, head.lines))
    for group in groups(_fitting(lines, indexed), address):
        await filling.put(group)
    await filling.finish()
    _refuse_more(address, await topics.ends(), head)
    return head


async def _index(address: KafkaAddress, dsn: str) -> LastIndexed | None:
    """What the index holds; `Fatal` if it is another log's."""
    pool = await connect_pool(dsn, most=1)
    try:
        await check_topics(address, pool)
        await _refuse_embedded(pool)
        rows = await fetch(pool, log_sql("last_place"))
        return LastIndexed(rows[0]["leaf_index"], rows[0]["leaf_hash"]) if rows else None
    finally:
        await pool.close()


async def _refuse_embedded(pool: asyncpg.Pool) -> None:
    for table in ("log.intake", "log.leaf"):
        if await fetch(pool, f"SELECT FROM {table} LIMIT 1"):
            raise Fatal(
                f"{table} of this database holds a log of its own: an import needs a database "
                "with an empty schema `log`, made by `sijill migrate`"
            )


def _refuse_more(address: KafkaAddress, ends: Ends, head: HeadLine) -> None:
    wanted = dict(zip(address.intake_partitions, head.intake, strict=True))
    wanted[address.leaves_partition] = head.leaves
    for partition, count in wanted.items():
        if ends[partition] > count:
            raise Fatal(
                f"{partition.topic} partition {partition.partition} holds {ends[partition]} "
                f"records, the export {count}: the topics are another log's, or the registry was "
                "started on them already"
            )


def _refuse_leading(end: int, indexed: LastIndexed | None) -> None:
    if indexed is not None and indexed.index >= end:
        raise Fatal(
            f"the index holds leaf {indexed.index}, the leaves topic ends before offset {end}: "
            "this database belongs to another log"
        )


def _fitting(lines: Iterable[Line], indexed: LastIndexed | None) -> Iterator[Line]:
    """The lines, as long as the index is that of the same log."""
    for line in lines:
        if indexed is not None and isinstance(line, LeafLine) and _differs(line, indexed):
            raise Fatal(
                f"the index holds another leaf {line.index} than the export: this database "
                "belongs to another log"
            )
        yield line


def _differs(line: LeafLine, indexed: LastIndexed) -> bool:
    return line.index == indexed.index and leaf_hash(line.leaf) != indexed.hash
