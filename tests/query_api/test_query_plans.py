"""Plans that look rows up by keys, also where they were made while there were few.

A plan is kept for a connection's life: one made for a few rows read all of thousands for each task
or worker asked about, until somebody analyzed them.
"""

from collections.abc import Iterator
from datetime import date

import asyncpg
import pytest

from events.access import Role
from migrations.roles import PROJECTION, QUERY
from services.query_api.database import QueryDatabase, Snapshot, in_columns
from services.query_api.report import BEGIN, LEFT_OUT
from services.query_api.statements import Statement, named
from tests.query_api.query_world import Json, QueryWorld, done
from tests.query_api.test_query_rules import FILES, adoption

_LEAF = {"first_leaf": 3, "last_leaf": 3, "position": 3, **BEGIN._asdict()}
_REPORT = _LEAF | {"leaf": 3, "first_event": 5, "left_out": LEFT_OUT, "limit": 9}
_STATUS = _LEAF | {"emitter": "atlas", "days": [date(2026, 11, 2)]}
_WORKERS = in_columns([("atlas", "w-a"), ("basma", "w-b")])


@pytest.mark.parametrize(
    ("name", "values"), [("submission_report", _REPORT), ("status_tasks", _STATUS)]
)
async def test_what_was_said_of_tasks_is_looked_up(
    empty: QueryWorld, name: str, values: Json
) -> None:
    nodes = await _plan(empty, name, values)
    assert "fact_task" in {node.get("Index Name") for node in nodes}
    # Nor is what was said read once for each row of something else.
    for loop in (node for node in nodes if node["Node Type"] == "Nested Loop"):
        _, inner = (one for one in loop["Plans"] if one["Parent Relationship"] != "InitPlan")
        assert "said" not in {node.get("CTE Name") for node in _below(inner)}


@pytest.mark.parametrize(
    ("name", "values", "index"),
    [
        ("assignment_acts", {"persons": ["p"], "position": 3}, "told_assigned"),
        (
            "pay_of_workers",
            {"first": date(2026, 11, 1), "last": date(2026, 11, 30)},
            "pay_by_worker_pkey",
        ),
        (
            "posted_of_workers",
            {"month": "2026-11"},
            "entry_platform_worker_scheme_number_idx",
        ),
    ],
)
async def test_what_is_posted_of_workers_is_looked_up(
    empty: QueryWorld, name: str, values: Json, index: str
) -> None:
    nodes = await _plan(empty, name, values | _WORKERS)
    assert "Index Cond" in next(node for node in nodes if node.get("Index Name") == index)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/platforms/atlas/workers/w-a",
        "/v1/tasks?platform=atlas&worker=w-a",
        "/v1/events/5",
        "/v1/months/2026-11/platforms/atlas/workers/w-a",
    ],
)
async def test_what_is_asked_of_one_worker_is_looked_up(
    empty: QueryWorld, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    await _one_event(empty)
    await empty.submit("authority", "a-1", [adoption("ma", FILES, empty.now.isoformat())])
    plans: list[str] = []

    async def explained(self: Snapshot, statement: Statement, values: Json) -> list[Json]:
        given = statement.values(values)
        plan = await self._driver.fetch(f"EXPLAIN {statement.text}", *given)
        plans.extend(line for (line,) in plan)
        return [dict(row) for row in await self._driver.fetch(statement.text, *given)]

    monkeypatch.setattr(Snapshot, "fetch", explained)
    async with empty.client() as client:
        answer = await client.get(path, headers=empty.bearer(Role.INSPECTOR))
    assert answer.status_code == 200, answer.text
    assert any("Scan" in line for line in plans)
    assert [line for line in plans if "Seq Scan" in line] == []


async def _one_event(world: QueryWorld) -> None:
    """One event is folded, and the planner knows that it is one."""
    await world.submit("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    owner = await asyncpg.connect(world.inner.dsn(PROJECTION))
    await owner.execute("ANALYZE")
    await owner.close()


async def _plan(world: QueryWorld, name: str, values: Json) -> list[Json]:
    """The nodes of a query's plan where there is one event."""
    await _one_event(world)
    async with QueryDatabase(world.engine(QUERY)).snapshot() as snapshot:
        asked = named(name)
        explained = Statement(f"EXPLAIN (FORMAT JSON) {asked.text}", asked.order)
        (row,) = await snapshot.fetch(explained, values)
    nodes = list(_below(row["QUERY PLAN"][0]["Plan"]))
    assert "Seq Scan" not in {node["Node Type"] for node in nodes}
    return nodes


def _below(node: Json) -> Iterator[Json]:
    yield node
    for child in node.get("Plans", ()):
        yield from _below(child)
