"""What must hold once nothing is broken any more: soon everything works, and nothing was lost."""

import asyncio
import hashlib

import asyncpg
import httpx

from deploy.processes.opening import open_leaves
from events.days import Days
from events.log.identity import registry_of
from migrations.roles import OPERATOR, PROJECTION
from services.checker.check import check
from services.checker.embedded import embedded
from services.checker.kafka.source import in_kafka
from services.checker.report import Report, render
from services.projections import catalogue
from services.projections.building import BuilderHere
from services.projections.generation import active_generation, export_view, schema_of
from services.projections.rebuild import rebuild
from tests.fault.cast import MAIN
from tests.fault.remembering import Memory
from tests.fault.rig import Rig
from tests.support.plain import PLAIN

#: Seconds in which everything must work again after the last fault.
CONVERGE_SECONDS_MAX = 30.0
_LOOK_SECONDS = 0.2


async def converge(rig: Rig, memory: Memory, within: float) -> float:
    """Seconds until all processes are ready, every acknowledged submission has its leaf, and all
    views hold every leaf. AssertionError with what is amiss after `within`."""
    clock = asyncio.get_running_loop().time
    began, amiss = clock(), ["nothing was looked at"]
    async with httpx.AsyncClient(verify=PLAIN) as http:
        while amiss:
            if clock() - began > within:
                raise AssertionError(f"not whole after {within:.0f} s: {'; '.join(amiss)}")
            await asyncio.sleep(_LOOK_SECONDS)
            amiss = await _amiss(rig, memory, http)
    return clock() - began


async def _amiss(rig: Rig, memory: Memory, http: httpx.AsyncClient) -> list[str]:
    said = await rig.health(http)
    amiss = [f"{name} says {one}" for name, one in said.items() if not one["ready"]]
    for role in rig.cast.roles:
        leading = [s.name for s in rig.services[role.name] if said[s.name].get("leading")]
        if role.leads and len(leading) != 1:
            amiss.append(f"of {role.name} these lead: {leading}")
    try:
        amiss += await _not_yet_there(rig, memory)
    except (OSError, asyncpg.PostgresError) as error:
        amiss.append(f"a database does not answer: {error!r}")
    return amiss


async def _not_yet_there(rig: Rig, memory: Memory) -> list[str]:
    async with rig.database(MAIN) as connection:
        rows = await connection.fetch("SELECT emitter, submission, body_sha256 FROM log.submission")
        end = await connection.fetchval("SELECT coalesce(max(leaf_index), -1) FROM log.submission")
    without = memory.acked.keys() - {tuple(row) for row in rows}
    amiss = [f"{len(without)} acknowledged submissions have no leaf"] if without else []
    for server in rig.cast.databases:
        position = await _position(rig, server)
        if position != end + 1:
            amiss.append(f"the views on {server} stand at {position} of {end + 1}")
    return amiss


async def _position(rig: Rig, server: str) -> int | None:
    async with rig.database(server) as connection:
        number = await active_generation(connection)
        if number is None:
            return None
        position: int = await connection.fetchval(
            f"SELECT next_leaf FROM {schema_of(number)}.cursor"
        )
        return position


async def assert_whole(rig: Rig, memory: Memory) -> Report:
    """The checker finds nothing wrong, on either views, and nothing waits."""
    for server in rig.cast.databases:
        stores = rig.stores(server)
        report = await check(
            stores.dsn(OPERATOR),
            views=stores.views_dsn(OPERATOR) if stores.views else None,
            log=embedded if stores.kafka is None else in_kafka(stores.kafka),
            history=memory.history,
            first_only=False,
        )
        assert report.clean, render(report)
        assert not report.waiting, render(report)
    return report


async def assert_equal_views(rig: Rig) -> str:
    """All read databases hold the same bytes at one position; their digest."""
    found = {server: await _digest(rig, server) for server in rig.cast.databases}
    assert len(set(found.values())) == 1, found
    return found[MAIN]


async def _digest(rig: Rig, server: str) -> str:
    """Position and every view in natural-key order, codes as text."""
    digest = hashlib.sha256(str(await _position(rig, server)).encode())
    async with (
        rig.database(server) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        number = await active_generation(connection)
        assert number is not None
        for view in catalogue.VIEWS:
            async for row in export_view(connection, number, view):
                digest.update(repr((view, *row)).encode())
    return digest.hexdigest()


async def assert_rebuilt_the_same(rig: Rig) -> None:
    """A rebuild of every read database gives the same bytes."""
    before = await assert_equal_views(rig)
    for server in rig.cast.databases:
        stores = rig.stores(server)
        async with open_leaves(stores, PROJECTION) as leaves:
            registry = await registry_of(leaves)
            assert registry is not None
            dsn = stores.views_dsn(PROJECTION)
            builder = BuilderHere(Days(registry.time_zone))
            # It compares the two generations itself, and raises if they differ.
            done = await rebuild(dsn, leaves, builder, lambda *_: None)
            assert done.expected_difference is None, done
    assert await assert_equal_views(rig) == before
