"""The peers do the work that they are measured by, and the limits are of something."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any, LiteralString

import asyncpg
import httpx
import pytest
from eventsourcing.persistence import IntegrityError, Tracking
from psycopg.rows import tuple_row

from deploy.bench.peers import limits
from deploy.bench.peers.following import Sums
from deploy.bench.peers.models import BATCH
from deploy.bench.peers.store import SCHEMA, Store, measure, opened
from deploy.bench.workload import Workload
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.ports import first_free
from events.submission import decode_events
from events.vocabulary import Event
from tests.fault.waiting import until
from tests.support.ports import first_port
from tests.support.world import Platform, body_of

ZONE = "Africa/Casablanca"
TERMS = {"contract": "c1", "title": "Labels", "unit_pay": {"amount": "0.05", "currency": "USD"}}
#: One event of each type that the workload says.
EACH: dict[str, dict[str, Any]] = {
    "contract.published": TERMS,
    "task.completed": {"task": "t1", "worker": "w1", "seconds": 60, "task_group": "surveys"},
    "task.approved": {"task": "t1", "worker": "w1", "amount": "0.25", "currency": "USD"},
    "task.returned": {"task": "t2", "worker": "w1", "seconds": 5},
    "time.reported": {"worker": "w1", "day": "2026-03-04", "kind": "search", "seconds": 90},
    "rejection.issued": {"task": "t3", "worker": "w1", "pay_refused": True, "reason_code": "late"},
    "payment.made": {"worker": "w1", "gross": "1.5", "currency": "USD", "tasks": ["t1"]},
}


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> Any:
    """The address of an empty database."""
    connection = await asyncpg.connect(postgres.dsn())
    await connection.execute("CREATE DATABASE peers")
    yield postgres.dsn("peers")
    await connection.execute("DROP DATABASE peers WITH (FORCE)")
    await connection.close()


@pytest.fixture
def platform() -> Platform:
    """Somebody who says something; nobody asks for the key."""
    return Platform("alpha", key=None)  # type: ignore[arg-type]


def said(platform: Platform, count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Events of few workers on few days, so that they meet in sums."""
    rng, kinds = Random(seed), list(EACH)
    return [
        platform.event(
            kind := rng.choice(kinds),
            EACH[kind] | ({"worker": f"w{rng.randint(1, 3)}"} if "worker" in EACH[kind] else {}),
            time=f"2026-03-0{rng.randint(1, 3)}T10:00:00+01:00",
        )
        for _ in range(count)
    ]


def decoded(events: list[dict[str, Any]]) -> Iterator[Event]:
    """The same as the registry reads them."""
    return iter(decode_events(body_of(events)))


# --- plain ----------------------------------------------------------------------------------


@contextmanager
def serving(dsn: str, *more: str) -> Iterator[str]:
    """The address of a plain peer in a process of its own."""
    port = first_free(first_port(), 1)
    command = [sys.executable, "-m", "deploy.bench.peers.plain", "--dsn", dsn, "--port", f"{port}"]
    child = subprocess.Popen([*command, *more])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait()


async def ready(client: httpx.AsyncClient) -> None:
    """Wait for a server."""

    async def answers() -> bool:
        try:
            return (await client.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    await until(answers, "the plain peer serves")


@pytest.mark.parametrize("more", [(), ("--commit-each",)])
async def test_plain_peer_keeps_an_event_a_row(
    database: str, platform: Platform, more: tuple[str, ...]
) -> None:
    body = body_of([platform.event(kind, data, id=kind) for kind, data in EACH.items()])
    with serving(database, *more) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            await ready(client)
            for _ in range(2):
                answer = await client.post("/v1/submissions", content=body)
                assert (answer.status_code, answer.json()) == (202, {"events": len(EACH)})
    connection = await asyncpg.connect(database)
    rows = {row["id"]: row for row in await connection.fetch("SELECT * FROM event")}
    same = "SELECT data = $1::text::jsonb FROM event WHERE id = 'contract.published'"
    assert await connection.fetchval(same, json.dumps(TERMS))
    await connection.close()
    assert {row["type"] for row in rows.values()} == {f"{kind}.v1" for kind in EACH}
    assert {row["emitter"] for row in rows.values()} == {"alpha"}
    approved, paid = rows["task.approved"], rows["payment.made"]
    assert tuple(approved)[4:8] == ("w1", "t1", Decimal("0.25"), "USD")
    assert tuple(paid)[4:8] == ("w1", None, Decimal("1.5"), "USD")
    assert rows["contract.published"]["worker"] is None


async def test_plain_peer_refuses_what_it_cannot_read(database: str, platform: Platform) -> None:
    good, bad = (platform.event("task.completed", EACH["task.completed"]) for _ in range(2))
    bad["data"] = bad["data"] | {"seconds": -1}
    unknown = platform.event("task.praised", EACH["task.completed"])
    with serving(database) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            await ready(client)
            for body in (b"", b"[]", b"[{}]", body_of([good, bad]), body_of([unknown])):
                answer = await client.post("/v1/submissions", content=body)
                assert answer.status_code == 422
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM event") == 0
    await connection.close()


def test_plain_peer_reads_the_workload() -> None:
    for signed in Workload(4).submissions():
        assert len(BATCH.validate_json(signed.body)) == signed.events


# --- store ----------------------------------------------------------------------------------

Rows = set[tuple[Any, ...]]
WORK: LiteralString = "SELECT emitter, worker, day::text, tasks, seconds FROM day_work"
PAY: LiteralString = "SELECT emitter, worker, day::text, currency, earned, paid FROM day_pay"


def naive_sums(events: list[dict[str, Any]]) -> tuple[Rows, Rows]:
    """Rows of work and of pay, added up one by one."""
    work: dict[Any, Counter[str]] = defaultdict(Counter)
    pay: dict[Any, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for event in events:
        kind, data = event["type"].removesuffix(".v1"), event["data"]
        key = ("alpha", data.get("worker"), event["time"][:10])
        if kind == "task.completed":
            work[key] += Counter(tasks=1, seconds=data["seconds"])
        elif kind == "task.approved":
            pay[*key, data["currency"]]["earned"] += Decimal(data["amount"])
        elif kind == "payment.made":
            pay[*key, data["currency"]]["paid"] += Decimal(data["gross"])
    return (
        {(*key, sums["tasks"], sums["seconds"]) for key, sums in work.items()},
        {(*key, sums["earned"], sums["paid"]) for key, sums in pay.items()},
    )


def stored_sums(store: Store) -> tuple[Rows, Rows]:
    """What the view holds."""
    with store.view.datastore.get_connection() as connection:
        cursor = connection.cursor(row_factory=tuple_row)
        cursor.execute(f"SET search_path TO {SCHEMA}")
        work, pay = (set(cursor.execute(query).fetchall()) for query in (WORK, PAY))
        return work, pay


@pytest.mark.parametrize("together", [1, 7])
def test_store_sums_are_the_naive_ones(database: str, platform: Platform, together: int) -> None:
    first, second = said(platform, 60), said(platform, 40, seed=2)
    with opened(database) as store:
        store.record(decoded(first))
        store.follow(together)
        assert stored_sums(store) == naive_sums(first)
        store.record(decoded(second))
        store.follow(together)
        assert stored_sums(store) == naive_sums(first + second)


def test_store_adds_nothing_twice(database: str, platform: Platform) -> None:
    events = said(platform, 20)
    with opened(database) as store:
        store.record(decoded(events))
        store.follow()
        sums = Sums()
        sums.tasks["alpha", "w1", date(2026, 3, 1)] += 1
        again = Tracking(store.register.name, 20)
        with pytest.raises(IntegrityError):
            store.view.add(sums, again)
        assert stored_sums(store) == naive_sums(events)


async def test_store_leaves_nothing_behind(database: str, platform: Platform) -> None:
    assert measure(database, [body_of(said(platform, 30))], 20) > 0
    connection = await asyncpg.connect(database)
    found = await connection.fetchval("SELECT to_regnamespace($1)", SCHEMA)
    await connection.close()
    assert found is None


# --- limits ---------------------------------------------------------------------------------


async def test_limits_are_of_something(database: str, platform: Platform) -> None:
    bodies = [body_of(said(platform, 50, seed)) for seed in range(25)]
    assert limits.decode_limit(bodies) > 0
    assert await limits.postgres_limit(database, bodies) > 0
    assert await limits.copy_limit(database, bodies, ZONE) > 0
    connection = await asyncpg.connect(database)
    left = await connection.fetchval(
        "SELECT count(*) FROM pg_class WHERE relname IN ('bench_body', 'fact_rows')"
    )
    await connection.close()
    assert left == 0
