"""Short ways to tell a test's registry what happened."""

from typing import Any

import asyncpg

from migrations.roles import PROJECTION
from services.projections.generation import export_view
from tests.support.world import World

Event = dict[str, Any]
#: Views that an order of events within one recorded day does not change.
SUMS = (
    "worker",
    "work_by_worker",
    "work_by_platform",
    "pay_by_worker",
    "pay_by_platform",
    "refusal_by_platform",
    "event_count",
    "unstated",
)


def work(**more: Any) -> dict[str, Any]:
    """Data of a task by `w1`, on 4 March 2026 unless it says otherwise."""
    return {"task": "t1", "worker": "w1", **more}


def completed(world: World, id: str | None = None, **more: Any) -> Event:
    """A task handed in."""
    return world.alpha.event("task.completed", work(**more), id=id)


def cancelled(world: World, event: str, id: str | None = None) -> Event:
    """A correction that takes an event back."""
    return world.alpha.event("correction.cancelled", {"event": event}, id=id)


def replaced(
    world: World, event: str, type_: str, data: dict[str, Any], id: str | None = None
) -> Event:
    """A correction that puts other data in place of an event's."""
    replacement = {"type": f"{type_}.v1", "data": data}
    return world.alpha.event(
        "correction.replaced", {"event": event, "replacement": replacement}, id=id
    )


async def views(world: World, *names: str, generation: int | None = None) -> dict[str, Any]:
    """Views by name, all of one moment."""
    connection = await asyncpg.connect(world.dsn(PROJECTION))
    try:
        async with connection.transaction(isolation="repeatable_read"):
            number = generation or world.generation
            return {
                name: [dict(row) async for row in export_view(connection, number, name)]
                for name in names
            }
    finally:
        await connection.close()


async def sums(world: World) -> dict[str, Any]:
    """All sums."""
    return await views(world, *SUMS)


async def rules(world: World) -> list[tuple[str, str]]:
    """Rule and pointer of every anomaly."""
    return [(row["rule"], row["pointer"]) for row in await world.view("anomaly")]
