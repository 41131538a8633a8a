"""Each way to tamper with what is stored is found, and named by what was touched."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from services.checker.check import check, check_snapshot
from services.checker.report import Finding, render

#: Statement, and what the finding must say: where it begins, what it contains.
TAMPERINGS: dict[str, tuple[str, str, str]] = {
    "a byte of a body": (
        "UPDATE log.intake SET body = set_byte(body, 40, get_byte(body, 40) # 1) "
        "WHERE emitter = 'alpha' AND submission = 'work'",
        "leaf 2", "SHA-256 of the body"),
    "a body and its digest": (
        "UPDATE log.intake SET body = body || ' ', body_sha256 = sha256(body || ' ') "
        "WHERE submission = 'work'",
        "leaf 2", "signature"),
    "a body that is gone": (
        "DELETE FROM log.intake WHERE submission = 'work'", "leaf 2", "body in the intake"),
    "a body without a leaf, passed over": (
        "WITH p AS (UPDATE log.intake_counter SET next_offset = next_offset + 1 "
        "WHERE partition = (SELECT partition FROM log.intake WHERE submission = 'work') "
        "RETURNING partition, next_offset), "
        "l AS (UPDATE log.leaf SET positions[p.partition + 1] = p.next_offset FROM p "
        "WHERE leaf_index = (SELECT max(leaf_index) FROM log.leaf)) "
        "INSERT INTO log.intake SELECT p.partition, p.next_offset - 1, i.emitter, 'lost', "
        "i.body_sha256, i.events, i.received_at, i.token, i.body FROM log.intake i, p "
        "WHERE submission = 'work'",
        "intake partition", "leaf of alpha lost"),
    "a repeat's body": (
        "UPDATE log.intake SET body = body || ' ' WHERE (partition, \"offset\") = "
        "(SELECT partition, max(\"offset\") FROM log.intake WHERE submission = 'day' "
        "GROUP BY partition)",
        "intake partition", "body"),
    "a byte of a leaf": (
        "UPDATE log.leaf SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), "
        "'\"events\":2', '\"events\":3'), 'UTF8') WHERE leaf_index = 2",
        "leaf 3", "hash of the leaf before it"),
    "white space in a leaf": (
        "UPDATE log.leaf SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), "
        "'\"v\":1', '\"v\": 1'), 'UTF8') WHERE leaf_index = 2",
        "leaf 2", "leaf bytes"),
    "a signature": (
        "UPDATE log.leaf SET leaf = convert_to(regexp_replace(convert_from(leaf, 'UTF8'), "
        "'\\.\\.....', '..AAAA'), 'UTF8') WHERE leaf_index = 2",
        "leaf 2", "signature"),
    "an outcome": (
        "UPDATE log.leaf SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), "
        "'conflict', 'counted'), 'UTF8') WHERE leaf_index = 4",
        "leaf 4", "outcome"),
    "a link": (
        "UPDATE log.leaf SET previous_hash = sha256('') WHERE leaf_index = 3",
        "leaf 3", "hash of the leaf before it"),
    "two leaves that changed places": (
        "UPDATE log.leaf l SET leaf = o.leaf, previous_hash = o.previous_hash, "
        "partition = o.partition, \"offset\" = o.\"offset\" FROM log.leaf o "
        "WHERE l.leaf_index IN (2, 3) AND o.leaf_index = 5 - l.leaf_index",
        "leaf 2", "hash of the leaf before it"),
    "a leaf twice": (
        "INSERT INTO log.leaf SELECT (SELECT max(leaf_index) + 1 FROM log.leaf), previous_hash, "
        "leaf, partition, \"offset\", positions FROM log.leaf WHERE leaf_index = 2",
        "leaf 7", "leaf for this emitter, id and body"),
    "a leaf that is gone": (
        "DELETE FROM log.leaf WHERE leaf_index = 3", "leaf 4", "leaf indexes are dense"),
    "a position that lies": (
        "UPDATE log.leaf SET positions[1] = 99 WHERE leaf_index = 6",
        "leaf 6", "position of partition 0"),
    "a counter": (
        "UPDATE log.intake_counter SET next_offset = 7 WHERE partition = 3",
        "intake counter of partition 3", "next offset"),
    "an index row that is gone": (
        "DELETE FROM log.submission WHERE submission = 'pay'", "log.submission", "row"),
    "an index row with another outcome": (
        "UPDATE log.submission SET outcome = 'conflict' WHERE submission = 'pay'",
        "log.submission, leaf_index 3", "column outcome"),
    "an emitter nobody registered": (
        "INSERT INTO log.emitter VALUES ('mallory', 1, 'platform', 'M', 1, '{}')",
        "log.emitter, emitter mallory", "row"),
    "a key that was never revoked": (
        "UPDATE log.emitter_key SET revoked_leaf = 3 WHERE emitter = 'alpha'",
        "log.emitter_key", "column revoked_leaf"),
    "a leaf set aside by nobody": (
        "INSERT INTO log.quarantine VALUES (2, 5)", "log.quarantine, leaf_index 2", "row"),
    "a place in a topic": (
        "INSERT INTO log.leaf_place VALUES (2, 2, '', 0, 0)",
        "log.leaf_place, leaf_index 2", "row"),
    "a topic": (
        "INSERT INTO log.topic VALUES ('sijill.leaves', 'id', 1)", "log.topic", "topics"),
    "a figure": (
        "UPDATE view_1.work_by_platform SET paid_seconds = paid_seconds + 1",
        "view work_by_platform, emitter alpha, day 2026-03-01", "column paid_seconds"),
    "a figure of one worker": (
        "UPDATE view_1.work_by_worker SET earned = earned + 1 WHERE earned > 0",
        "view work_by_worker, emitter alpha, worker w1", "column earned"),
    "a payment": (
        "UPDATE view_1.pay_by_worker SET net = 1",
        "view pay_by_worker, emitter alpha, worker w1", "column net"),
    "a fact that is gone": (
        "DELETE FROM view_1.fact WHERE event_number = 2", "view fact, event_number 2", "row"),
    "a fact too many": (
        "INSERT INTO view_1.fact (event_number, leaf_index, recorded_day, emitter_code, type, "
        "event_id, residence, task_group, currency, rail, decided_by, sandbox) "
        "SELECT 77, leaf_index, recorded_day, emitter_code, type, "
        "'new', residence, task_group, currency, rail, decided_by, sandbox "
        "FROM view_1.fact WHERE event_number = 2",
        "view fact, event_number 77", "row"),
    "an anomaly that is gone": (
        "DELETE FROM view_1.anomaly", "view anomaly, leaf_index 6", "row"),
    "what was told": (
        "UPDATE view_1.told SET data = data || '{\"x\": 1}' WHERE type = 'day.nil.v1'",
        "view told, event_number 5", "column data"),
    "a count": (
        "UPDATE view_1.event_count SET n = 9 WHERE type = 'payment.made.v1'",
        "view event_count, emitter alpha, type payment.made.v1", "column n"),
    "a repeat not counted as such": (
        "UPDATE view_1.submission SET repeated = 0 WHERE leaf_index = 6",
        "view submission, leaf_index 6", "column repeated"),
    "a cursor that is ahead": (
        "UPDATE view_1.cursor SET next_leaf = 99", "cursor of view_1", "next_leaf"),
    "a cursor one back": (
        "UPDATE view_1.cursor SET next_leaf = next_leaf - 1", "view submission, leaf_index 6",
        "row"),
}  # fmt: skip


@pytest.fixture
async def snapshot(migrated: EmbeddedPostgres, settled: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction in which a test may tamper with everything: it is rolled back."""
    connection = await asyncpg.connect(migrated.dsn(settled))
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def test_what_is_tampered_with_is_sound_before(
    migrated: EmbeddedPostgres, settled: str
) -> None:
    report = await check(migrated.dsn(settled, role="sijill_operator"), first_only=False)
    assert report.clean, render(report)
    assert (report.leaves, report.position) == (7, 6)


@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [pytest.param(*case, id=name) for name, case in TAMPERINGS.items()],
)
async def test_tampering_is_found_and_named(
    snapshot: asyncpg.Connection, statement: str, where: str, what: str
) -> None:
    status = await snapshot.execute(statement)
    assert status.split()[-1] != "0", "the statement touched nothing"
    report = await check_snapshot(snapshot, first_only=False)
    assert any(_names(finding, where, what) for finding in report.findings), render(report)
    first = await check_snapshot(snapshot)
    assert first.findings == report.findings[:1]


def _names(finding: Finding, where: str, what: str) -> bool:
    return finding.where.startswith(where) and what in finding.what
