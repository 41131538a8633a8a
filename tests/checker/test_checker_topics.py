"""The checker on topics: what is no leaf is passed by, what lags is right as far as it goes."""

import asyncio
import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from checker_topics import Log, Raw, digest, fill_index, is_found, write
from kafka import TopicPartition

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.kafka.client import KafkaAddress
from events.log.kafka.records import Headers, arrival_headers, leaf_headers
from events.log.protocol import Arrival, LeafRecord
from services.checker.check import check, check_snapshot
from services.checker.history import Answer, Attempt
from services.checker.kafka.reader import Reader, Span
from services.checker.kafka.source import in_kafka
from services.checker.report import Report, render


async def _clean(index: asyncpg.Connection, address: KafkaAddress, written: Log) -> Report:
    await write(address, written)
    await fill_index(index, address, written)
    report = await check_snapshot(index, log=in_kafka(address), first_only=False)
    assert report.clean, render(report)
    return report


NAMES = ("format", "index", "previous", "body", "positions")


def _without(headers: Headers, name: str) -> Headers:
    return [(one, value) for one, value in headers if one != name]


async def test_records_that_do_not_continue_the_chain_are_counted_and_ignored(
    address: KafkaAddress, index: asyncpg.Connection, log: Log
) -> None:
    written = log.copy()
    late = log.leaf(2)
    beside = replace(log.leaf(4), leaf=log.leaf(4).leaf + b" ")
    junk: list[LeafRecord | Raw] = [
        Raw(b"junk", []),
        Raw(None, leaf_headers(log.leaf(3))),
        Raw(b"", [("index", b"3")]),
        *(Raw(log.leaf(3).leaf, _without(leaf_headers(log.leaf(3)), name)) for name in NAMES),
        Raw(log.leaf(3).leaf, [("format", b"2"), *leaf_headers(log.leaf(3))[1:]]),
        late,
        replace(log.leaf(3), previous_hash=digest(b"")),
        log.leaf(5),
    ]
    written.leaves[3:3] = junk
    written.leaves.insert(0, Raw(b"before all", []))
    written.leaves += [beside, late]
    report = await _clean(index, address, written)
    assert report.leaves == 7
    assert report.notes == (f"{len(junk) + 3} records never became leaves",)


@pytest.mark.parametrize("twin_first", [False, True])
async def test_the_first_of_two_records_that_continue_the_chain_is_the_leaf(
    address: KafkaAddress, index: asyncpg.Connection, log: Log, twin_first: bool
) -> None:
    twin = replace(log.leaf(6), leaf=log.leaf(6).leaf.replace(b'"v":1', b'"v":2'))
    both = [twin, log.leaf(6)] if twin_first else [log.leaf(6), twin]
    await write(address, Log(log.intake, [*log.leaves[:6], *both], log.known))
    await fill_index(index, address, log)
    if twin_first:
        await is_found(index, address, "leaf 6", "leaf bytes")
        return
    report = await check_snapshot(index, log=in_kafka(address), first_only=False)
    assert report.clean, render(report)
    assert report.notes == ("1 records never became leaves",)


async def test_what_no_door_wrote_has_its_place_in_the_intake_and_no_promise(
    address: KafkaAddress, index: asyncpg.Connection, log: Log
) -> None:
    written = log.copy()
    headers = arrival_headers(log.arrival("work")[2])
    junk = [Raw(b"junk", []), Raw(None, headers)]
    junk += [Raw(b"[]", _without(headers, name)) for name, _ in headers]
    for records in written.intake:
        records += junk
    report = await _clean(index, address, written)
    assert report.notes == (f"{12 * len(junk)} records of the intake were written by no door",)
    assert report.waiting == 0


async def test_what_lies_behind_all_positions_waits_for_its_leaf(
    address: KafkaAddress, index: asyncpg.Connection, log: Log
) -> None:
    written = log.copy()
    partition, _, arrival = log.arrival("work")
    written.intake[partition].append(replace(arrival, submission="next"))
    assert (await _clean(index, address, written)).waiting == 1


@pytest.mark.parametrize("held", [0, 1, 2, 5])
async def test_an_index_that_lags_is_right_as_far_as_it_goes(
    address: KafkaAddress, index: asyncpg.Connection, log: Log, held: int
) -> None:
    await write(address, log)
    await fill_index(index, address, log)
    for table in ("leaf_place", "submission", "emitter", "emitter_key", "quarantine"):
        await index.execute(f"DELETE FROM log.{table} WHERE leaf_index >= {held}")
    await index.execute("UPDATE projection.generation SET active = false")
    report = await check_snapshot(index, log=in_kafka(address), first_only=False)
    assert report.clean, render(report)
    assert f"the index lags the topic by {7 - held} leaves" in report.notes
    assert report.leaves == 7


async def test_views_that_lead_the_index_are_found(
    address: KafkaAddress, index: asyncpg.Connection, log: Log
) -> None:
    await write(address, log)
    await fill_index(index, address, log)
    for table in ("leaf_place", "submission"):
        await index.execute(f"DELETE FROM log.{table} WHERE leaf_index >= 6")
    await is_found(index, address, "cursor of view_1", "next_leaf")


async def test_a_registry_before_its_first_leaf(
    address: KafkaAddress, index: asyncpg.Connection
) -> None:
    empty = Log([[] for _ in range(12)], [])
    for table in ("submission", "emitter", "emitter_key"):
        await index.execute(f"DELETE FROM log.{table}")
    await index.execute("UPDATE projection.generation SET active = false")
    report = await _clean(index, address, empty)
    assert (report.leaves, report.waiting) == (0, 0)


async def test_clients_history_is_held_against_the_topics(
    index: asyncpg.Connection, sound: KafkaAddress, log: Log
) -> None:
    await fill_index(index, sound, log)
    arrivals = [one for records in log.intake for one in records if not isinstance(one, Raw)]
    history = [Attempt(a.emitter, a.submission, a.body_sha256, Answer.ACKED) for a in arrivals]
    source = in_kafka(sound)
    assert (await check_snapshot(index, log=source, history=history)).clean
    lost = Attempt("alpha", "lost", digest(b"lost"), Answer.ACKED)
    report = await check_snapshot(index, log=source, history=[*history, lost])
    assert [finding.what for finding in report.findings] == ["acknowledged"]


# --- the topics themselves ----------------------------------------------------------------------


async def _admin(address: KafkaAddress, call: Callable[[Any], Any]) -> None:
    def do() -> None:
        admin = address.admin()
        try:
            call(admin)
        finally:
            admin.close()

    await asyncio.to_thread(do)


@pytest.mark.parametrize("topic", ["leaves", "intake"])
async def test_a_topic_that_is_goneis_found(
    address: KafkaAddress, index: asyncpg.Connection, log: Log, topic: str
) -> None:
    await write(address, log)
    await fill_index(index, address, log)
    name = getattr(address, topic)
    await _admin(address, lambda admin: admin.delete_topics([name]))
    await is_found(index, address, f"topic {name}", "topic")


async def test_topics_made_anew_with_the_same_records_are_found(
    address: KafkaAddress, index: asyncpg.Connection, log: Log
) -> None:
    await write(address, log)
    await fill_index(index, address, log)
    await _admin(address, lambda admin: admin.delete_topics([address.leaves, address.intake]))
    await write(address, log)
    report = await check_snapshot(index, log=in_kafka(address), first_only=False)
    assert [finding.where for finding in report.findings] == [
        f"topic {address.leaves}",
        f"topic {address.intake}",
    ]
    assert all("topic_id" in finding.what for finding in report.findings)


@pytest.mark.parametrize("topic", ["leaves", "intake"])
async def test_records_that_aged_are_found(
    address: KafkaAddress, index: asyncpg.Connection, log: Log, topic: str
) -> None:
    await write(address, log)
    await fill_index(index, address, log)
    partition = 0 if topic == "leaves" else log.arrival("work")[0]
    aged = TopicPartition(getattr(address, topic), partition)
    await _admin(address, lambda admin: admin.delete_records({aged: 1}))
    await is_found(index, address, f"topic {aged.topic}, partition {partition}", "first offset")


async def test_a_cluster_that_is_away_is_no_finding(migrated: EmbeddedPostgres) -> None:
    nowhere = KafkaAddress("127.0.0.1:9", security={"bootstrap_timeout_ms": 200})
    with pytest.raises(ConnectionError):
        await check(migrated.dsn("template"), log=in_kafka(nowhere))


async def test_partitions_that_run_apart_are_read_without_waiting_for_each_other(
    address: KafkaAddress,
) -> None:
    # Several fetches of each, and several polls of each fetch: what is left over of one partition
    # must come although the others, read by turns, have it laid aside.
    counts = {0: 2_500, 3: 2_500, 7: 2_500}
    intake: list[list[Arrival | Raw]] = [[] for _ in range(12)]
    for partition, count in counts.items():
        intake[partition] = [Raw(b"x" * 2_000, [])] * count
    await write(address, Log(intake, []))
    turns = [partition for partition, count in counts.items() for _ in range(count)]
    random.Random(7).shuffle(turns)

    def read() -> list[int]:
        consumer = address.consumer(10)
        try:
            reader = Reader(consumer, {TopicPartition(address.intake, p): Span(0, n)
                                       for p, n in counts.items()})  # fmt: skip
            return [reader.next(TopicPartition(address.intake, p)).offset for p in turns]
        finally:
            consumer.close()

    following = {partition: itertools.count() for partition in counts}
    assert await asyncio.to_thread(read) == [next(following[p]) for p in turns]
