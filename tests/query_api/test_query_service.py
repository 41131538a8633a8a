"""The service itself: description, schemas, public pages, health, metrics."""

from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from events import vocabulary
from events.access import Role
from events.schema import event_types, schema_of_batch, schema_of_type
from migrations.address import engine_url
from migrations.roles import PROJECTION, QUERY
from services.projections.generation import create_generation, drop_generation, switch_to
from services.projections.projection import Projection
from services.query_api import answers
from services.query_api.database import QueryDatabase
from services.query_api.parameters import PARAMETERS
from tests.query_api.query_world import START, QueryWorld, done
from tests.support.world import World

QUERY_ROUTES = {
    "/v1/registry", "/v1/keys", "/v1/schemas", "/v1/schemas/{type}", "/v1/sectors",
    "/v1/platforms", "/v1/platforms/{platform}", "/v1/platforms/{platform}/workers/{worker}",
    "/v1/tasks", "/v1/events/{number}", "/v1/events/{number}/bytes",
    "/v1/emitters/{emitter}/submissions/{submission}",
    "/v1/emitters/{emitter}/submissions/{submission}/receipt",
    "/v1/funds/{scheme}/entries", "/v1/funds/{scheme}/statements/{period}",
    "/v1/funds/{scheme}/remittances",
}  # fmt: skip


@pytest.fixture(scope="session")
async def description(client: httpx.AsyncClient) -> Any:
    return (await client.get("/openapi.json")).json()


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(one) for one in value.values()))
    return set().union(*(references(one) for one in value)) if isinstance(value, list) else set()


def test_every_route_is_described_with_readers_and_errors(description: Any) -> None:
    assert description["openapi"].startswith("3.1")
    assert description["paths"].keys() >= QUERY_ROUTES
    for path in QUERY_ROUTES:
        operation = description["paths"][path]["get"]
        assert operation["description"]
        assert operation["x-sijill-readers"]
        assert {"200", "304", "400", "404", "406"} <= operation["responses"].keys()
        public = operation["x-sijill-readers"] == "anyone"
        assert ("401" in operation["responses"]) != public
        for parameter in operation["parameters"]:
            assert parameter["description"]
            assert "example" in parameter or "examples" in parameter
        for status in ("400", "404"):
            example = operation["responses"][status]["content"]["application/problem+json"]
            assert example["example"]["type"].startswith("urn:sijill:problem:")


def test_the_description_refers_to_nothing_that_is_missing(description: Any) -> None:
    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert references(description) <= known


async def test_every_described_parameter_is_taken_with_its_example(
    client: httpx.AsyncClient, told: QueryWorld, description: Any
) -> None:
    """An example that the service itself refuses would mislead whoever copies it."""
    examples = {name: PARAMETERS[name].example for name in PARAMETERS}
    world_examples = {**examples, "as_of": "2026-11-03"}
    for path in QUERY_ROUTES - {"/v1/schemas/{type}"}:
        names = [one["name"] for one in description["paths"][path]["get"]["parameters"]
                 if one["in"] == "query" and one["name"] not in {"cursor", "leaf"}]  # fmt: skip
        asked = {name: str(world_examples[name]) for name in names}
        known = {
            "platform": "atlas", "worker": "w-a", "number": "5", "emitter": "atlas",
            "submission": "s-1", "scheme": "cnss", "period": "2026-10",
        }  # fmt: skip
        answer = await client.get(
            path.format(**known), params=asked, headers=told.bearer(Role.INSPECTOR)
        )
        assert answer.status_code == 200, (path, answer.text)


def test_each_event_type_has_a_schema_that_stands_alone() -> None:
    for name in event_types():
        schema = schema_of_type(name)
        own = {f"#/$defs/{one}" for one in schema["$defs"]}
        assert references(schema) <= own
    batch = schema_of_batch()
    assert references(batch) <= {f"#/$defs/{one}" for one in batch["$defs"]}
    assert event_types() == tuple(vocabulary.BY_TYPE)


async def test_a_schema_of_an_unknown_type_is_404(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/schemas/task.dreamt.v1")).status_code == 404
    assert (await client.get("/v1/schemas/events.json")).json()["$schema"].endswith("schema")


async def test_the_registry_says_who_it_is_and_its_limits(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    answer = (await client.get("/v1/registry")).json()
    assert answer["identity"] == told.identity
    assert (answer["country"], answer["time_zone"]) == ("MA", "Africa/Casablanca")
    assert answer["position"] == answer["log_position"] == 10
    assert answer["limits"]["events_max"] == 1000
    assert answer["limits"]["clock_ahead_max"] == 300


async def test_keys_are_those_of_the_log(client: httpx.AsyncClient, told: QueryWorld) -> None:
    rows = (await client.get("/v1/keys")).json()["rows"]
    assert {"registry", "authority", "alpha", "atlas"} < {row["emitter"] for row in rows}
    (fund,) = [row for row in rows if row["emitter"] == "cnss"]
    assert (fund["kind"], fund["added_leaf"], fund["revoked_leaf"]) == ("fund", 2, None)
    assert fund["jwk"] == msgspec.to_builtins(told.speakers["cnss"].key.jwk)


async def test_metrics_show_lag_and_refusals(empty: QueryWorld) -> None:
    await empty.push("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    await empty.push("atlas", "s-2", [done("t-2", "w-a", "11-01", 60)])
    await empty.sequence()
    empty.later(seconds=90)
    async with empty.client() as client:
        await client.get("/v1/sectors")
        page = (await client.get("/metrics")).text
    assert empty.now > START
    for line in (
        "sijill_query_lag_leaves 2.0",
        "sijill_query_lag_seconds 90.0",
        "sijill_query_position 2.0",
        'sijill_query_refusals_total{reason="unauthenticated"} 1.0',
        'sijill_query_requests_total{route="/v1/sectors",status="401"} 1.0',
    ):
        assert line in page


async def test_a_lost_database_is_503_and_healthz_still_answers(told: QueryWorld) -> None:
    state = told.state()
    address = engine_url(told.inner.dsn(QUERY)).replace("@/", "@/gone_")
    engine = create_async_engine(address)
    state.database = QueryDatabase(engine)
    async with told.client(state) as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/v1/sectors", headers=told.bearer(Role.ANALYST))
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert (await client.get("/readyz")).status_code == 503
        page = (await client.get("/metrics")).text
    await engine.dispose()
    assert "sijill_query_up 0.0" in page
    assert 'sijill_query_last_error_timestamp_seconds{kind="unavailable"}' in page


async def test_an_established_register_is_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/v1/registry", answers.Registry),
        ("/v1/keys", answers.KeyList),
        ("/v1/sectors", answers.Sectors),
        ("/v1/platforms", answers.Platforms),
        ("/v1/platforms/atlas", answers.Platform),
        ("/v1/platforms/atlas/workers/w-a", answers.Worker),
        ("/v1/tasks", answers.Tasks),
        ("/v1/events/7", answers.EventAnswer),
        ("/v1/emitters/atlas/submissions/s-3", answers.Report),
    ],
)
async def test_an_answer_is_what_its_schema_says(
    client: httpx.AsyncClient, told: QueryWorld, path: str, answer: type[Any]
) -> None:
    found = (await client.get(path, headers=told.bearer(Role.INSPECTOR))).json()
    msgspec.convert(found, answer)
    # Members that the schema does not name would be a promise that nobody wrote down.
    assert set(found) <= set(msgspec.structs.asdict(msgspec.convert(found, answer))) | {"from"}


async def test_a_switched_generation_gives_the_same_answers(empty: QueryWorld) -> None:
    """Statements prepared on the old views must not survive into the new ones."""
    paths = (
        "/v1/sectors?as_of=3",
        "/v1/platforms",
        "/v1/platforms/atlas",
        "/v1/platforms/atlas/workers/w-a",
        "/v1/tasks",
        "/v1/events/5",
        "/v1/emitters/atlas/submissions/s-1",
    )
    await empty.submit("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    await empty.submit("atlas", "s-2", [done("t-2", "w-a", "11-01", 60)])
    headers = empty.bearer(Role.INSPECTOR)
    async with empty.client() as client:
        before = [(await client.get(path, headers=headers)).content for path in paths]
        await rebuild(empty.inner)
        after = [await client.get(path, headers=headers) for path in paths]
    assert [answer.status_code for answer in after] == [200] * len(paths)
    assert [answer.content for answer in after] == before


async def test_acts_are_read_from_a_switched_generation_by_the_same_connection(
    empty: QueryWorld,
) -> None:
    database = empty.state().database

    async def registrations() -> list[Any]:
        async with database.snapshot() as snapshot:
            asked = {"type": "platform.registered.v1", "position": 5}
            return await snapshot.rows("standing_acts", **asked)

    for number in (1, 2):
        await empty.submit("atlas", f"s-{number}", [done(f"t-{number}", "w-a", "11-01", 60)])
    before = await registrations()
    await rebuild(empty.inner)
    assert len(before) == 3
    assert await registrations() == before


async def test_the_database_of_the_views_needs_nothing_of_the_log(empty: QueryWorld) -> None:
    """Views may be in a database of their own; what is of the log comes through its protocol."""
    paths = (
        *("/v1/registry", "/v1/keys", "/v1/sectors?as_of=3", "/v1/sectors?as_of=2026-11-02"),
        *("/v1/events/5", "/v1/events/6", "/v1/emitters/atlas/submissions/s-1", "/metrics"),
        *("/v1/emitters/atlas/submissions/s-1/receipt", "/readyz"),
    )
    await empty.submit("atlas", "s-1", [done("t-1", "w-a", "11-01", 60)])
    await empty.submit("atlas", "s-2", [done("t-1", "w-a", "11-01", 60)])
    owner = await asyncpg.connect(empty.inner.dsn())
    await owner.execute(f"REVOKE ALL ON SCHEMA log FROM {QUERY}")
    await owner.close()

    async with empty.client() as client:
        for path in paths:
            answer = await client.get(path, headers=empty.bearer(Role.INSPECTOR))
            assert answer.status_code == 200, (path, answer.text)
        assert "sijill_query_up 1.0" in (await client.get("/metrics")).text


async def test_views_of_another_version_are_not_shown(empty: QueryWorld) -> None:
    connection = await asyncpg.connect(empty.inner.dsn(PROJECTION))
    await connection.execute("UPDATE projection.generation SET shape = 'older'")
    await connection.close()
    async with empty.client() as client:
        answer = await client.get("/v1/sectors", headers=empty.bearer(Role.INSPECTOR))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:sijill:problem:no-views")
    assert "sijill rebuild" in answer.json()["detail"]


async def rebuild(world: World) -> None:
    connection = await asyncpg.connect(world.dsn(PROJECTION))
    try:
        number = await create_generation(connection, active=False)
        await Projection(connection, world.leaves, world.builder, number).fold_to(5)
        async with connection.transaction():
            await switch_to(connection, number)
        await drop_generation(world.folding, world.generation)
    finally:
        await connection.close()
