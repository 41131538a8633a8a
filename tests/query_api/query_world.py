"""A small register, told by its own services: intake, sequencer, projection, query API.

Two platforms, a fund, three workers, four recorded days. Figures are chosen to be added up by hand.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Self

import asyncpg
import httpx
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.embedded.postgres import EmbeddedPostgres
from events.access import Role, sign_access
from events.days import Days
from events.jose import PrivateKey
from events.leaf import leaf_hash, utc_text
from events.log.postgres import (
    INTAKE_CHANNEL,
    LEAF_CHANNEL,
    Hints,
    PostgresIntake,
    PostgresLeaves,
    PostgresSequencerLog,
    connect_pool,
)
from events.log.protocol import Arrival
from events.receipt import RegistryKeys
from events.token import sign_submission
from migrations.roles import AUDIT, QUERY
from migrations.run import engine_url
from services.projections.generation import create_generation
from services.projections.projection import Projection
from services.query_api.access import AuditTrail
from services.query_api.app import create_app
from services.query_api.database import QueryDatabase
from services.query_api.state import QueryState
from services.sequencer.sequencer import Sequencer

ZONE = "Africa/Casablanca"
#: Noon of the first recorded day.
START = datetime.fromisoformat("2026-11-02T12:00:00+00:00")
SCHEME = "cnss"

Json = dict[str, Any]


def event(type_: str, at: str, id_: str, /, **data: Any) -> Json:
    """One event without its source, which `World.submit` adds."""
    return {"specversion": "1.0", "type": f"{type_}.v1", "id": id_, "time": at, "data": data}


class World:
    """One database with its services, driven by hand and by a clock of its own."""

    def __init__(self, server: EmbeddedPostgres, database: str) -> None:
        self.server = server
        self.database = database
        self.now = START
        names = ("authority", "registry", "atlas", "basma", "cnss")
        self.keys = {name: PrivateKey.generate() for name in names}
        self.identity = ""
        self.engines: list[AsyncEngine] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls, server: EmbeddedPostgres, database: str) -> AsyncIterator[Self]:
        world = cls(server, database)
        async with AsyncExitStack() as stack:
            world.pool = await connect_pool(server.dsn(database))
            stack.push_async_callback(world.pool.close)
            world.reader = await connect_pool(server.dsn(database, QUERY))
            stack.push_async_callback(world.reader.close)
            connection = await asyncpg.connect(server.dsn(database))
            stack.push_async_callback(connection.close)
            stack.push_async_callback(world.dispose)
            generation = await create_generation(connection, active=True)
            hints = Hints(server.dsn(database), LEAF_CHANNEL)
            world.intake = PostgresIntake(world.pool, hints)
            intake_hints = Hints(server.dsn(database), INTAKE_CHANNEL)
            world.log = PostgresSequencerLog(world.pool, hints, intake_hints)
            world.leaves = PostgresLeaves(world.reader, hints)
            world.sequencer = Sequencer(world.log, lambda: world.now)
            world.projection = Projection(connection, world.log, Days(ZONE), generation)
            yield world

    async def dispose(self) -> None:
        for engine in self.engines:
            await engine.dispose()

    pool: asyncpg.Pool
    reader: asyncpg.Pool
    intake: PostgresIntake
    log: PostgresSequencerLog
    leaves: PostgresLeaves
    sequencer: Sequencer
    projection: Projection

    def engine(self, role: str) -> AsyncEngine:
        made = create_async_engine(engine_url(self.server.dsn(self.database, role)))
        self.engines.append(made)
        return made

    def state(self, audit: AuditTrail | None = None) -> QueryState:
        held = {self.keys["registry"].kid: self.keys["registry"]}
        return QueryState(
            QueryDatabase(self.engine(QUERY)),
            audit or AuditTrail(self.engine(AUDIT)),
            self.leaves,
            RegistryKeys(self.identity, held),
            lambda: self.now,
        )

    def client(self, state: QueryState | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(create_app(state or self.state()))
        return httpx.AsyncClient(transport=transport, base_url="http://query")

    # --- telling ---------------------------------------------------------------------------

    async def append(self, emitter: str, submission: str, events: Sequence[Json]) -> bytes:
        """Acknowledge a submission; it has no leaf yet."""
        sourced = [{**one, "source": f"/emitters/{emitter}"} for one in events]
        body = msgspec.json.encode(sourced)
        at = int(self.now.timestamp())
        token = sign_submission(
            self.keys[emitter], emitter=emitter, submission=submission, at=at, body=body
        )
        digest = hashlib.sha256(body).digest()
        received = utc_text(self.now)
        await self.intake.append(
            Arrival(emitter, submission, digest, token, len(events), received, body)
        )
        return body

    async def sequence(self) -> None:
        while await self.sequencer.commit_round():
            pass

    async def fold(self) -> None:
        while await self.projection.fold_batch():
            pass

    async def submit(self, emitter: str, submission: str, events: Sequence[Json]) -> bytes:
        """Acknowledge, sequence, fold."""
        body = await self.append(emitter, submission, events)
        await self.sequence()
        await self.fold()
        return body

    async def establish(self) -> None:
        """Leaf 0 and the two platforms."""
        act = event(
            "authority.established",
            utc_text(self.now),
            "act-0",
            name="Direction du travail",
            country="MA",
            time_zone=ZONE,
            key=msgspec.to_builtins(self.keys["authority"].jwk),
            registry_key=msgspec.to_builtins(self.keys["registry"].jwk),
        )
        await self.submit("authority", "act-0", [act])
        first = (await self.log.leaves(0, 1))[0]
        self.identity = leaf_hash(first.leaf).hex()
        await self.submit("authority", "act-1", self._registrations())

    def _registrations(self) -> list[Json]:
        at = utc_text(self.now)
        jwk = {name: msgspec.to_builtins(key.jwk) for name, key in self.keys.items()}
        fund = {"emitter": "cnss", "name": "CNSS", "schemes": [SCHEME], "key": jwk["cnss"]}
        atlas = {"emitter": "atlas", "name": "Atlas", "country": "MA", "key": jwk["atlas"]}
        basma = {"emitter": "basma", "name": "Basma", "key": jwk["basma"]}
        return [
            event("platform.registered", at, "reg-atlas", **atlas),
            event("platform.registered", at, "reg-basma", **basma),
            event("fund.registered", at, "reg-cnss", **fund),
        ]

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    # --- reading ---------------------------------------------------------------------------

    def token(self, role: Role, *, platform: str | None = None, worker: str | None = None) -> str:
        """An access token: of a platform or fund by its own key, of a person by the authority's."""
        at, registry = self.now, self.identity
        if role in {Role.PLATFORM, Role.FUND, Role.AUTHORITY}:
            emitter = platform or {Role.FUND: "cnss"}.get(role, "authority")
            return sign_access(self.keys[emitter], emitter=emitter, registry=registry, at=at)
        return sign_access(
            self.keys["authority"],
            emitter="authority",
            registry=registry,
            at=at,
            role=role,
            subject=f"{role.value} one",
            platform=platform,
            worker=worker,
        )

    def bearer(
        self, role: Role, *, platform: str | None = None, worker: str | None = None
    ) -> dict[str, str]:
        token = self.token(role, platform=platform, worker=worker)
        return {"Authorization": f"Bearer {token}"}


AI = "ai-training"


def contract(id_: str, at: str, contract: str) -> Json:
    return event(
        "contract.published",
        at,
        id_,
        contract=contract,
        title="Label images",
        task_group=AI,
        unit_pay={"amount": "0.50", "currency": "USD"},
        total_rule="per task",
        final_client="client-1",
        max_duration_seconds=3600,
        recourse="by mail",
        processing_platform="atlas",
        data_purpose="training",
    )


def work(task: str, worker: str, day: str, **more: Any) -> Json:
    stated = {"task": task, "worker": worker, "contract": "c-1", "task_group": AI}
    return {**stated, "submitted": f"2026-{day}T10:00:00+01:00", "residence": "MA", **more}


def done(task: str, worker: str, day: str, seconds: int, **more: Any) -> Json:
    data = work(task, worker, day, seconds=seconds, **more)
    return event("task.completed", data["submitted"], f"{task}-completed", **data)


def approved(task: str, worker: str, day: str, seconds: int, amount: str, **more: Any) -> Json:
    data = work(task, worker, day, seconds=seconds, amount=amount, currency="USD") | more
    return event("task.approved", data["submitted"], f"{task}-approved", **data)


async def tell_story(world: World) -> None:
    """Leaves 0 and 1 establish; 2 to 9 are the platforms' over four recorded days."""
    await world.establish()
    # Day one (2 November), two leaves of one day: 2 and 3.
    first = "2026-11-01T10:00:00+01:00"
    await world.submit(
        "atlas",
        "s-1",
        [
            contract("c-1-published", first, "c-1"),
            done("t-1", "w-a", "11-01", 1800),
            approved("t-1", "w-a", "11-01", 1800, "2.00"),
            done("t-2", "w-b", "11-01", 3600),
        ],
    )
    world.later(hours=1)
    await world.submit(
        "atlas",
        "s-2",
        [
            event(
                "rejection.issued",
                first,
                "t-2-rejected",
                **work("t-2", "w-b", "11-01", seconds=3600, pay_refused=True),
                reason_code="quality",
                decided_by="model",
            ),
            event(
                "time.reported", first, "wait-1", worker="w-a", day="2026-11-01",
                kind="waiting", seconds=600,
            ),
        ],
    )  # fmt: skip
    # Day two (3 November): the other platform, with pay and a second currency.
    world.later(days=1)
    await world.submit(
        "basma",
        "b-1",
        [
            approved("b-1", "w-a", "11-02", 900, "5.00", task_group=None, residence=None),
            approved("b-2", "w-a", "11-02", 900, "10.00", currency="MAD", contract=None),
        ],
    )
    # Day three (4 November): payment, a correction, a repeat and a reused id.
    world.later(days=1)
    mended = work("t-1", "w-a", "11-01", seconds=1800, amount="3.00", currency="USD")
    await world.submit(
        "atlas",
        "s-3",
        [
            event(
                "payment.made", "2026-11-03T09:00:00+01:00", "pay-1",
                worker="w-a", gross="1.50", currency="USD", fee="0.10", net="1.40", rail="bank",
            ),
            event(
                "correction.replaced", "2026-11-04T09:00:00+01:00", "fix-1",
                event="t-1-approved",
                replacement={"type": "task.approved.v1", "data": mended},
            ),
            done("t-1", "w-a", "11-01", 1800),
            done("t-2", "w-b", "11-01", 3599),
        ],
    )  # fmt: skip
    # Day four (5 November): one id under two bodies, and a submission that is wholly repeated.
    world.later(days=1)
    await world.submit("atlas", "s-4", [done("t-3", "w-c", "11-04", 60)])
    await world.append("atlas", "s-4", [done("t-4", "w-c", "11-04", 60)])
    await world.submit("atlas", "s-5", [done("t-3", "w-c", "11-04", 60)])
    await world.submit("atlas", "s-6", [done("t-5", "w-c", "11-04", 30, contract="c-none")])
