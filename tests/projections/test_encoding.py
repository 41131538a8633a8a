"""Rows arrive in PostgreSQL as what they are."""

import struct

import asyncpg
import pytest

from migrations.roles import PROJECTION
from services.projections import catalogue
from services.projections.adders import Row
from services.projections.encoding import BATCH_COLUMNS, Encoder
from services.projections.projection import _sent
from services.projections.rows import Rows, add_leaf
from tests.events.golden import golden_events
from tests.events.sample import CASABLANCA, body_of, leaf_of
from tests.support.world import World

#: Columns whose values are codes of the generation.
_CODES = {"emitter_code": "emitter", "worker_code": "worker"}


def _golden_rows() -> list[list[Row]]:
    """The rows of every golden event, leaf by leaf."""
    leaves = []
    for index, (speaker, event) in enumerate(golden_events(), 1):
        rows, body = Rows(), body_of(event)
        add_leaf(rows, index, leaf_of(body, 1, speaker.emitter), body, days=CASABLANCA)
        leaves.append(rows.batch)
    return leaves


async def test_every_golden_event_is_loaded_as_its_rows_say(world: World) -> None:
    encoder, leaves = Encoder(), _golden_rows()
    for rows in leaves:
        encoder.add(rows)
    table = encoder.table()
    emitters = sorted({emitter for emitter, _ in table.speakers})
    workers = sorted({worker for _, worker in table.speakers if worker is not None})
    table.fill(
        [(emitters.index(e), None if w is None else workers.index(w)) for e, w in table.speakers]
    )
    connection = await asyncpg.connect(world.dsn(PROJECTION))
    await connection.execute(f"SET search_path TO view_{world.generation}, pg_temp")
    async with connection.transaction():
        await connection.execute(catalogue.batch_sql().replace("ON COMMIT DELETE ROWS", ""))
        await connection.copy_to_table(
            "batch",
            schema_name="pg_temp",
            columns=BATCH_COLUMNS,
            format="binary",
            source=_sent(table),
        )
        loaded = await connection.fetch(f"SELECT {', '.join(BATCH_COLUMNS)} FROM batch")
    await connection.close()

    expected = [row for rows in leaves for row in rows]
    assert len(loaded) == len(expected) == table.rows
    for found, row in zip(loaded, expected, strict=True):
        for column, value in found.items():
            if column == "emitter_code":
                value = emitters[value]
            elif column == "worker_code" and value is not None:
                value = workers[value]
            assert value == getattr(row, _CODES.get(column, column)), (row, column)


@pytest.mark.parametrize("row", [Row(seconds=2**63), Row(kind="payment", fee=-(2**63) - 1)])
def test_what_fits_no_column_is_told_when_it_is_encoded(row: Row) -> None:
    with pytest.raises(struct.error):
        Encoder().add([row])
