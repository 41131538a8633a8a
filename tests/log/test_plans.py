"""Statements of the log find rows by their keys, even if planned while it was small."""

import re

import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from events.log.connections import connect_pool, log_sql
from migrations.roles import INGEST, PROJECTION, SEQUENCER
from tests.log.kits import postgres_kit
from tests.log.writing import Writer, arrival
from tests.support.plans import kept_plan


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (INGEST, "append"),
        (INGEST, "look_up"),
        (INGEST, "stood"),
        (INGEST, "leaves_at"),
        (SEQUENCER, "intake"),
        (PROJECTION, "bodies"),
        (PROJECTION, "leaves"),
    ],
)
async def test_no_statement_reads_a_whole_table(
    postgres: EmbeddedPostgres, role: str, statement: str
) -> None:
    """A plan is kept for a connection's life. Made for a few rows, it read all of them; a registry
    under full load read its whole index again and again until autovacuum came by."""
    async with postgres_kit(postgres) as kit:
        sent = [(await kit.intake.append(one), one) for one in (arrival("alpha"), arrival("beta"))]
        await kit.log.commit(Writer().round(sent))
        async with (
            await connect_pool(kit.dsn()) as owners,
            await connect_pool(kit.dsn(role)) as pool,
        ):
            await owners.execute("ANALYZE")
            async with pool.acquire() as connection:
                plan = await kept_plan(connection, log_sql(statement))
    scans = [number for number, line in enumerate(plan) if " on " in line and "Scan" in line]
    of_log = [
        number for number in scans if re.search(r" on (leaf|submission|intake)\b", plan[number])
    ]
    assert of_log
    for number in of_log:
        assert "Index Scan" in plan[number], plan
        assert "Index Cond" in plan[number + 1], plan
