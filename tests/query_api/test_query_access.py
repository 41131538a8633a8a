"""Who may read what, and the line that a reading leaves. The database holds the same lock."""

from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from events.access import Role
from migrations.roles import AUDIT, QUERY
from services.query_api.access import AuditTrail
from tests.query_api.query_world import QueryWorld

Who = dict[str, Any]
INSPECTOR: Who = {"role": Role.INSPECTOR}
AUTHORITY: Who = {"role": Role.AUTHORITY}
ANALYST: Who = {"role": Role.ANALYST}
FUND: Who = {"role": Role.FUND}
ATLAS: Who = {"role": Role.PLATFORM, "platform": "atlas"}
BASMA: Who = {"role": Role.PLATFORM, "platform": "basma"}
WORKER: Who = {"role": Role.WORKER, "platform": "atlas", "worker": "w-a"}
#: The same pseudonym on another platform is another worker.
NAMESAKE: Who = {"role": Role.WORKER, "platform": "basma", "worker": "w-a"}
READERS = {
    "inspector": INSPECTOR,
    "authority": AUTHORITY,
    "analyst": ANALYST,
    "fund": FUND,
    "atlas": ATLAS,
    "basma": BASMA,
    "worker": WORKER,
    "namesake": NAMESAKE,
}
#: What each reader is answered, in the order of READERS. Event 6 is atlas's and of w-a alone,
#: event 5 (the contract) atlas's and of nobody; s-5 holds w-c alone.
MATRIX = {
    "/v1/sectors": (200, 200, 200, 200, 200, 200, 403, 403),
    "/v1/sectors?platform=atlas": (200, 200, 200, 200, 200, 403, 403, 403),
    # No policy was adopted in this story.
    "/v1/wage-floor": (404, 404, 404, 404, 404, 404, 403, 403),
    "/v1/platforms": (200, 200, 200, 200, 200, 200, 403, 403),
    "/v1/platforms/atlas": (200, 200, 200, 200, 200, 403, 403, 403),
    "/v1/platforms/nobody": (404, 404, 404, 404, 403, 403, 403, 403),
    "/v1/platforms/atlas/workers/w-a": (200, 200, 403, 403, 200, 403, 200, 403),
    "/v1/platforms/atlas/workers/w-b": (200, 200, 403, 403, 200, 403, 403, 403),
    "/v1/platforms/atlas/workers/w-x": (404, 404, 403, 403, 404, 403, 403, 403),
    "/v1/tasks": (200, 200, 403, 403, 200, 200, 200, 200),
    "/v1/tasks?platform=atlas": (200, 200, 403, 403, 200, 403, 200, 403),
    "/v1/tasks?worker=w-b": (200, 200, 403, 403, 200, 200, 403, 403),
    "/v1/events/5": (200, 200, 403, 403, 200, 404, 404, 404),
    "/v1/events/6": (200, 200, 403, 403, 200, 404, 200, 404),
    "/v1/events/6/bytes": (200, 200, 403, 403, 200, 404, 403, 404),
    "/v1/events/999": (404, 404, 403, 403, 404, 404, 404, 404),
    "/v1/emitters/atlas/submissions/s-1": (200, 200, 403, 403, 200, 403, 403, 403),
    "/v1/emitters/atlas/submissions/s-1/receipt": (200, 200, 403, 403, 200, 403, 403, 403),
    "/v1/emitters/authority/submissions/act-1": (200, 200, 403, 403, 403, 403, 403, 403),
}


@pytest.mark.parametrize("path", MATRIX)
async def test_each_role_reads_what_is_its_own(
    client: httpx.AsyncClient, told: QueryWorld, path: str
) -> None:
    given = {
        name: (await client.get(path, headers=told.bearer(**who))).status_code
        for name, who in READERS.items()
    }
    assert given == dict(zip(READERS, MATRIX[path], strict=True))


@pytest.mark.parametrize("path", MATRIX)
async def test_nothing_is_read_without_a_token(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/registry", "/v1/keys", "/v1/schemas", "/v1/schemas/events"])
async def test_what_is_public_needs_no_token(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


async def test_a_platform_sees_only_itself_in_lists(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    headers = told.bearer(**BASMA)
    listed = (await client.get("/v1/platforms", headers=headers)).json()
    assert [row["platform"] for row in listed["rows"]] == ["basma"]
    sectors = (await client.get("/v1/sectors", headers=headers)).json()
    assert sectors["totals"]["earned"] == {"MAD": "10", "USD": "5"}


async def test_a_worker_finds_only_her_own_tasks(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    rows = (await client.get("/v1/tasks", headers=told.bearer(**WORKER))).json()["rows"]
    assert {(row["platform"], row["worker"]) for row in rows} == {("atlas", "w-a")}


async def test_a_revoked_key_reads_no_more(empty: QueryWorld) -> None:
    headers = empty.bearer(**ATLAS)
    kid = empty.speakers["atlas"].key.kid
    async with empty.client() as client:
        assert (await client.get("/v1/platforms", headers=headers)).status_code == 200
    revoked = {
        "specversion": "1.0", "type": "key.revoked.v1", "id": "gone",
        "time": empty.now.isoformat(), "data": {"kid": kid},
    }  # fmt: skip
    await empty.submit("authority", "act-2", [revoked])
    # Keys are believed for a second: another service has not read them yet.
    async with empty.client(empty.state()) as client:
        answer = await client.get("/v1/platforms", headers=headers)
    assert answer.status_code == 401
    assert "in force" in answer.json()["detail"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "a" * 5000, "", "Bearer"])
async def test_a_token_that_is_none_is_401(client: httpx.AsyncClient, token: str) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()}
    assert (await client.get("/v1/sectors", headers=headers)).status_code == 401


# --- the audit trail ------------------------------------------------------------------------


async def lines(told: QueryWorld) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(told.inner.dsn())
    try:
        return list(await connection.fetch("SELECT * FROM audit.access ORDER BY number"))
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/v1/platforms/atlas/workers/w-a",
        "/v1/platforms/atlas/workers/w-x",
        "/v1/tasks?worker=w-a&platform=atlas",
        "/v1/events/6",
        "/v1/events/6/bytes",
    ],
)
async def test_reading_rows_of_a_worker_leaves_a_line(
    client: httpx.AsyncClient, told: QueryWorld, path: str
) -> None:
    before = await lines(told)
    answer = await client.get(path, headers=told.bearer(**INSPECTOR))
    (line,) = (await lines(told))[len(before) :]
    assert (line["who"], line["role"], line["what"]) == (
        "inspector one",
        "inspector",
        f"GET {path}",
    )
    assert str(line["position"]) == answer.headers.get("registry-position", "10")


async def test_aggregates_and_the_law_leave_no_line(
    client: httpx.AsyncClient, told: QueryWorld
) -> None:
    before = await lines(told)
    for path in ("/v1/sectors", "/v1/platforms/atlas", "/v1/events/0"):
        await client.get(path, headers=told.bearer(**INSPECTOR))
    assert await lines(told) == before


#: Not even that there is no such worker.
NOT_SHOWN = (
    "/v1/platforms/atlas/workers/w-a",
    "/v1/platforms/atlas/workers/w-x",
    "/v1/months/2026-11/platforms/atlas/workers/w-a",
    "/v1/tasks",
    "/v1/events/6",
    "/v1/events/6/bytes",
)


async def test_no_line_no_answer(told: QueryWorld) -> None:
    """Fail closed: a trail that cannot be written, here by a role that may not, shows nothing."""
    async with told.client(told.state(AuditTrail(told.engine(QUERY)))) as client:
        for path in NOT_SHOWN:
            answer = await client.get(path, headers=told.bearer(**INSPECTOR))
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:sijill:problem:no-audit"
            assert "w-a" not in answer.text


# --- the database's own lock ------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM log.leaf",
        "INSERT INTO audit.access (who, role, what, position) VALUES ('x', 'x', 'x', 0)",
        "SELECT * FROM audit.access",
        "SELECT * FROM vault.legal_representative",
        "UPDATE view_1.cursor SET next_leaf = 0",
        "CREATE TABLE view_1.own (a int)",
        "CREATE SCHEMA own",
    ],
)
async def test_the_reading_role_can_only_read(told: QueryWorld, statement: str) -> None:
    async with told.engine(QUERY).connect() as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM audit.access",
        "DELETE FROM audit.access",
        "UPDATE audit.access SET who = 'x'",
        "SELECT * FROM log.leaf",
    ],
)
async def test_the_audit_role_can_only_insert(told: QueryWorld, statement: str) -> None:
    async with told.engine(AUDIT).connect() as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text(statement))
