"""Topics and an index that another hand wrote: each way is found, and named by what was touched."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from checker_topics import Log, Raw, digest, fill_index, is_found, write

from events.log.kafka.client import KafkaAddress
from events.log.protocol import Place
from services.checker.check import check_snapshot
from services.checker.kafka.source import in_kafka
from services.checker.report import render

Tamper = Callable[[Log], None]


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
    await is_found(index, address, where, what)


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
    await is_found(index, sound, where, what)
