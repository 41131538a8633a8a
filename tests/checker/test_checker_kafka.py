"""The checker on topics: what is tampered with is found and named, what is no leaf is passed by."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from checker_topics import Log, Raw, digest, fill_index, read_embedded, write
from kafka import TopicPartition

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.kafka.client import KafkaAddress
from events.log.kafka.records import Headers, arrival_headers, leaf_headers
from events.log.protocol import LeafRecord, Place
from services.checker.check import check, check_snapshot
from services.checker.history import Answer, Attempt
from services.checker.kafka.source import in_kafka
from services.checker.report import Finding, Report, render
from tests.support.kafka import delete_topics

Tamper = Callable[[Log], None]


@pytest.fixture(scope="session")
async def log(migrated: EmbeddedPostgres, settled: str) -> Log:
    """The seven leaves, to be written into topics."""
    connection = await asyncpg.connect(migrated.dsn(settled))
    async with connection.transaction(isolation="repeatable_read"):
        made = await read_embedded(connection)
    await connection.close()
    return made


@pytest.fixture(scope="session")
async def indexed(migrated: EmbeddedPostgres, settled: str, log: Log) -> str:
    """A database with the index and the views of that log, and no log in it."""
    connection = await asyncpg.connect(migrated.dsn())
    await connection.execute(f"CREATE DATABASE indexed TEMPLATE {settled}")
    await connection.close()
    connection = await asyncpg.connect(migrated.dsn("indexed"))
    await connection.execute("DELETE FROM log.leaf; DELETE FROM log.intake")
    await connection.execute("UPDATE log.intake_counter SET next_offset = 0")
    await connection.close()
    return "indexed"


@pytest.fixture
async def index(migrated: EmbeddedPostgres, indexed: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction in which a test may write what it likes: it is rolled back."""
    connection = await asyncpg.connect(migrated.dsn(indexed))
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture(scope="session")
async def sound(kafka: str, log: Log) -> AsyncIterator[KafkaAddress]:
    """Topics with the log as it is, for tests that tamper with the index alone."""
    address = KafkaAddress(kafka, prefix=f"checker-{uuid.uuid4().hex}")
    await write(address, log)
    yield address
    await asyncio.to_thread(delete_topics, kafka, address.prefix)


@pytest.fixture
def address(kafka: str, topics: str) -> KafkaAddress:
    """Where a test may write topics of its own."""
    return KafkaAddress(kafka, prefix=topics)


async def test_what_is_tampered_with_is_sound_before(
    index: asyncpg.Connection, sound: KafkaAddress, log: Log
) -> None:
    await fill_index(index, sound, log)
    report = await check_snapshot(index, log=in_kafka(sound), first_only=False)
    assert report.clean, render(report)
    assert (report.leaves, report.position, report.waiting) == (7, 6, 0)
    assert report.notes == ()


# --- topics written by another hand -------------------------------------------------------------


def _body(log: Log, submission: str, which: int = 0, **fields: Any) -> None:
    partition, offset, arrival = log.arrival(submission)
    offset += which
    log.intake[partition][offset] = replace(arrival, **fields)


def _a_byte_of_a_body(log: Log) -> None:
    _, _, arrival = log.arrival("work")
    _body(log, "work", body=arrival.body.replace(b"60", b"61"))


def _a_body_and_its_digest(log: Log) -> None:
    body = log.arrival("work")[2].body + b" "
    _body(log, "work", body=body, body_sha256=digest(body))


def _a_body_that_no_door_wrote(log: Log) -> None:
    partition, offset, arrival = log.arrival("work")
    log.intake[partition][offset] = Raw(arrival.body, [])


def _a_body_that_is_not_there(log: Log) -> None:
    log.change(2, place=replace(log.leaf(2).place, offset=99))


def _a_body_in_no_partition(log: Log) -> None:
    log.change(2, place=Place(12, 0))


def _the_body_of_another(log: Log) -> None:
    log.change(2, place=log.leaf(3).place)


def _a_repeats_body(log: Log) -> None:
    partition, first, arrival = log.arrival("day")
    again = log.intake[partition].index(arrival, first + 1)
    log.intake[partition][again] = replace(arrival, body=arrival.body + b" ")


def _a_body_passed_over(log: Log) -> None:
    partition, _, arrival = log.arrival("work")
    log.intake[partition].append(replace(arrival, submission="lost"))
    positions = list(log.leaf(6).positions)
    positions[partition] += 1
    log.change(6, positions=tuple(positions))


def _leaf_bytes(index: int, old: bytes, new: bytes) -> Tamper:
    def tamper(log: Log) -> None:
        leaf = log.leaf(index).leaf
        assert old in leaf
        log.change(index, leaf=leaf.replace(old, new, 1))

    return tamper


def _forged(tamper: Tamper) -> Tamper:
    def forged(log: Log) -> None:
        tamper(log)
        log.link()

    return forged


def _a_leaf_that_is_gone(log: Log) -> None:
    del log.leaves[3]


def _a_last_leaf_that_is_gone(log: Log) -> None:
    del log.leaves[6]


def _a_leaf_twice(log: Log) -> None:
    log.leaves.append(log.leaf(2))


def _leaves_that_changed_places(log: Log) -> None:
    log.leaves[2], log.leaves[3] = log.leaves[3], log.leaves[2]


def _a_position_beyond(log: Log) -> None:
    log.change(6, positions=(99, *log.leaf(6).positions[1:]))


def _a_position_beyond_all_offsets(log: Log) -> None:
    log.change(6, positions=(2**70, *log.leaf(6).positions[1:]))


def _a_place_beyond_all_offsets(log: Log) -> None:
    log.change(2, place=Place(0, 2**70))


def _a_position_that_goes_back(log: Log) -> None:
    log.change(6, positions=(0,) * 12)


def _fewer_positions(log: Log) -> None:
    log.change(6, positions=log.leaf(6).positions[:-1])


def _another_link(log: Log) -> None:
    log.change(4, previous_hash=digest(b""))


#: What is done to the log, where the finding begins, what it contains.
TAMPERINGS: dict[str, tuple[Tamper, str, str]] = {
    "a byte of a body": (_a_byte_of_a_body, "leaf 2", "SHA-256 of the body"),
    "a body and its digest": (_a_body_and_its_digest, "leaf 2", "signature"),
    "a body that no door wrote": (_a_body_that_no_door_wrote, "leaf 2", "body in the intake"),
    "a body that is not there": (_a_body_that_is_not_there, "leaf 2", "body in the intake"),
    "a body in no partition": (_a_body_in_no_partition, "leaf 2", "body in the intake"),
    "the body of another": (_the_body_of_another, "leaf 2", "SHA-256 of the body"),
    "a repeat's body": (_a_repeats_body, "intake partition", "body"),
    "a body without a leaf, passed over": (
        _a_body_passed_over, "intake partition", "leaf of alpha lost"),
    "a byte of a leaf": (
        _leaf_bytes(2, b'"events":2', b'"events":3'),
        "log.leaf_place, leaf_index 2", "column leaf_hash"),
    "a byte of a leaf, all linked anew": (
        _forged(_leaf_bytes(2, b'"events":2', b'"events":3')), "leaf 2", "events in the body"),
    "white space in a leaf, all linked anew": (
        _forged(_leaf_bytes(2, b'"v":1', b'"v": 1')), "leaf 2", "leaf bytes"),
    "an outcome, all linked anew": (
        _forged(_leaf_bytes(4, b"conflict", b"counted")), "leaf 4", "outcome"),
    "a leaf twice, all linked anew": (
        _forged(_a_leaf_twice), "leaf 7", "leaf for this emitter, id and body"),
    "a leaf that is gone": (_a_leaf_that_is_gone, "the index", "leaves"),
    "a last leaf that is gone": (_a_last_leaf_that_is_gone, "the index", "leaves"),
    "a leaf that is gone, all linked anew": (
        _forged(_a_leaf_that_is_gone), "intake partition", "leaf of alpha pay"),
    "two leaves that changed places": (_leaves_that_changed_places, "the index", "leaves"),
    "two leaves that changed places, all linked anew": (
        _forged(_leaves_that_changed_places), "leaf 3", "offset in partition"),
    "a link": (_another_link, "the index", "leaves"),
    "a position beyond the end": (_a_position_beyond, "leaf 6", "position of partition 0"),
    "a position beyond all offsets": (
        _a_position_beyond_all_offsets, "leaf 6", "position of partition 0"),
    "a place beyond all offsets": (
        _a_place_beyond_all_offsets, "leaf 2", "body in the intake"),
    "a position that goes back": (_a_position_that_goes_back, "leaf 6", "position of partition"),
    "fewer positions": (_fewer_positions, "leaf 6", "partitions"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("tamper", "where", "what"),
    [pytest.param(*case, id=name) for name, case in TAMPERINGS.items()],
)
async def test_topics_of_another_hand_are_found_and_named(
    address: KafkaAddress,
    index: asyncpg.Connection,
    log: Log,
    tamper: Tamper,
    where: str,
    what: str,
) -> None:
    forged = log.copy()
    tamper(forged)
    await write(address, forged)
    await fill_index(index, address, log)
    await _is_found(index, address, where, what)


async def _is_found(
    index: asyncpg.Connection, address: KafkaAddress, where: str, what: str
) -> None:
    report = await check_snapshot(index, log=in_kafka(address), first_only=False)
    assert any(_names(finding, where, what) for finding in report.findings), render(report)
    first = await check_snapshot(index, log=in_kafka(address))
    assert first.findings == report.findings[:1]


def _names(finding: Finding, where: str, what: str) -> bool:
    return finding.where.startswith(where) and what in finding.what


# --- an index that is not that of the topics ----------------------------------------------------

INDEX_TAMPERINGS: dict[str, tuple[str, str, str]] = {
    "the place of a leaf": (
        "UPDATE log.leaf_place SET leaf_offset = 77 WHERE leaf_index = 2",
        "log.leaf_place, leaf_index 2", "column leaf_offset"),
    "the hash of a leaf": (
        "UPDATE log.leaf_place SET leaf_hash = sha256('') WHERE leaf_index = 2",
        "log.leaf_place, leaf_index 2", "column leaf_hash"),
    "the partition of a body": (
        "UPDATE log.leaf_place SET partition = partition + 1 WHERE leaf_index = 2",
        "log.leaf_place, leaf_index 2", "column partition"),
    "the offset of a body": (
        "UPDATE log.leaf_place SET \"offset\" = 77 WHERE leaf_index = 2",
        "log.leaf_place, leaf_index 2", "column offset"),
    "a place that is gone": (
        "DELETE FROM log.leaf_place WHERE leaf_index = 3", "log.leaf_place, leaf_index 3", "row"),
    "the last place": (
        "DELETE FROM log.leaf_place WHERE leaf_index = 6", "log.leaf_place, leaf_index 6", "row"),
    "a place too many": (
        "INSERT INTO log.leaf_place SELECT 7, 7, leaf_hash, partition, \"offset\" "
        "FROM log.leaf_place WHERE leaf_index = 6",
        "the index", "leaves"),
    "a submission that is gone": (
        "DELETE FROM log.submission WHERE leaf_index = 6", "log.submission, leaf_index 6", "row"),
    "an emitter nobody registered": (
        "INSERT INTO log.emitter VALUES ('mallory', 1, 'platform', 'M', 1, '{}')",
        "log.emitter, emitter mallory", "row"),
    "a figure": (
        "UPDATE view_1.work_by_platform SET paid_seconds = paid_seconds + 1",
        "view work_by_platform, emitter alpha", "column paid_seconds"),
    "a cursor that is ahead": (
        "UPDATE view_1.cursor SET next_leaf = 8", "cursor of view_1", "next_leaf"),
    "another topic": (
        "UPDATE log.topic SET topic_id = 'another' WHERE topic LIKE '%.leaves'",
        "topic", "topic_id"),
    "another number of partitions": (
        "UPDATE log.topic SET partitions = 11 WHERE topic LIKE '%.intake'",
        "topic", "partitions"),
    "a topic that nobody wrote down": (
        "DELETE FROM log.topic WHERE topic LIKE '%.intake'", "topic", "row of log.topic"),
    "a topic of another log": (
        "INSERT INTO log.topic VALUES ('other.intake', 'x', 12)", "log.topic", "topic"),
    "a leaf in the embedded log": (
        "INSERT INTO log.leaf VALUES (0, '', '', 0, 0, '{0}')", "log.leaf", "rows"),
    "a body in the embedded log": (
        "INSERT INTO log.intake VALUES (0, 0, 'a', 's', '', 1, '', '', '')",
        "log.intake", "rows"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [pytest.param(*case, id=name) for name, case in INDEX_TAMPERINGS.items()],
)
async def test_an_index_of_another_hand_is_found_and_named(
    index: asyncpg.Connection,
    sound: KafkaAddress,
    log: Log,
    statement: str,
    where: str,
    what: str,
) -> None:
    await fill_index(index, sound, log)
    status = await index.execute(statement)
    assert status.split()[-1] != "0", "the statement touched nothing"
    await _is_found(index, sound, where, what)


# --- what is no fault ---------------------------------------------------------------------------


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
        await _is_found(index, address, "leaf 6", "leaf bytes")
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
    await _is_found(index, address, "cursor of view_1", "next_leaf")


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
async def test_a_topic_that_is_gone_is_found(
    address: KafkaAddress, index: asyncpg.Connection, log: Log, topic: str
) -> None:
    await write(address, log)
    await fill_index(index, address, log)
    name = getattr(address, topic)
    await _admin(address, lambda admin: admin.delete_topics([name]))
    await _is_found(index, address, f"topic {name}", "topic")


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
    await _is_found(index, address, f"topic {aged.topic}, partition {partition}", "first offset")


async def test_a_cluster_that_is_away_is_no_finding(migrated: EmbeddedPostgres) -> None:
    nowhere = KafkaAddress("127.0.0.1:9", security={"bootstrap_timeout_ms": 200})
    with pytest.raises(ConnectionError):
        await check(migrated.dsn("template"), log=in_kafka(nowhere))
